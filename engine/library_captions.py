"""Wiring of captions to a library."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from engine.common.progress import Progress
from engine.config import Settings
from engine.store import Store

if TYPE_CHECKING:
    from engine.classify.classification import Classification
    from engine.curate.captioning import CaptionRun

_SURE = 0.5
"""Probability from which one is named: a caption that claims too much is worse than none."""


def caption(
    store: Store,
    settings: Settings,
    thumbnail: Callable[[int], bytes],
    classify: Callable[..., Classification],
    paths: Sequence[str | Path] | str | Path,
    captioner: str | None,
    style: str,
    *,
    apply: bool,
    wait: bool,
    command: str,
    reporting: Progress,
) -> CaptionRun:
    """Caption files, and keep the captions where that is asked.

    Errors are those of ``Library.caption``.
    """
    from engine.classify.everyday_things import EVERYDAY_THINGS
    from engine.curate.captioning import CaptionContext, apply_captions, caption_files
    from engine.generate.captioner import TemplateCaptioner, caption_style
    from engine.query import model_roles as registry

    chosen = caption_style(style)
    model = registry.make("captioner", captioner or settings.captioner, settings)

    def labels(asset_ids: Sequence[int]) -> Mapping[int, Sequence[str]]:
        if not isinstance(model, TemplateCaptioner):
            return {}
        wanted = {*asset_ids}
        results = classify(
            [*EVERYDAY_THINGS], paths=paths or None, multi=True, threshold=_SURE
        ).results
        return {
            result.asset_id: result.labels[: result.chosen]
            for result in results
            if result.asset_id in wanted
        }

    run = caption_files(
        CaptionContext(store, thumbnail, labels), model, paths, chosen,
        seconds=settings.llm_seconds, progress=reporting,
    )  # fmt: skip
    return apply_captions(store, run, command=command, wait=wait) if apply else run
