"""Wiring of captions to a library."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from engine.common.progress import Progress
from engine.config import Settings
from engine.query.plan import SEEN
from engine.store import Store
from engine.types import Modality, Tag

if TYPE_CHECKING:
    from PIL.Image import Image

    from engine.classify.classification import Classification
    from engine.classify.scores import Scorer
    from engine.curate.captioning import CaptionRun
    from engine.encoders.towers import Towers
    from engine.types.arrays import Vectors

SURE = 0.5
"""Probability from which one is named: a caption that claims too much is worse than none.

Either of two may be that sure, the classification and a search for the word, which see different
things: of 288 things that people name in 172 photographs (photos/dev.csv) the first names 69, the
second 37, and both together 72."""


def caption(
    store: Store,
    settings: Settings,
    thumbnail: Callable[[int], bytes],
    classify: Callable[..., Classification],
    likely: Callable[[str], Mapping[int, float]],
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

    Args:
        likely: returns the probability by which pictures and videos show a thing, by their
            numbers, where that is likely.

    Errors are those of ``Library.caption``.
    """
    from engine.classify.everyday_things import EVERYDAY_THINGS
    from engine.curate.captioning import CaptionContext, apply_captions, caption_files
    from engine.generate.captioner import caption_style
    from engine.query import model_roles as registry

    chosen = caption_style(style)
    model = registry.make("captioner", captioner or settings.captioner, settings)

    def labels(asset_ids: Sequence[int]) -> Mapping[int, Sequence[str]]:
        if not model.by_labels:
            return {}
        wanted = {*asset_ids}
        results = classify(
            [*EVERYDAY_THINGS], paths=paths or None, multi=True, threshold=SURE
        ).results
        named = {
            result.asset_id: dict(
                zip(result.labels, result.probabilities[: result.chosen], strict=False)
            )
            for result in results
            if result.asset_id in wanted
        }
        for label in EVERYDAY_THINGS:
            for asset_id, sure in likely(label).items():
                own = named.setdefault(asset_id, {}) if asset_id in wanted else {}
                own[label] = max(own.get(label, 0.0), sure)
        for asset_id in asset_ids:
            named.setdefault(asset_id, {}).update(_recognised(store, asset_id))
        return {
            asset_id: sorted(own, key=lambda label: -own[label]) for asset_id, own in named.items()
        }

    run = caption_files(
        CaptionContext(store, thumbnail, labels), model, paths, chosen,
        seconds=math.inf if model.by_labels else settings.llm_seconds, progress=reporting,
    )  # fmt: skip
    return apply_captions(store, run, command=command, wait=wait) if apply else run


def _recognised(store: Store, asset_id: int) -> dict[str, float]:
    """Return the things of which the encoder was sure when the file was indexed."""
    seen = (record.moment for record in store.moments_of(asset_id))
    return named_tags(t for moment in seen if moment.modality in SEEN for t in moment.tags)


def named_tags(tags: Iterable[Tag]) -> dict[str, float]:
    """Return the words of which an encoder is sure, as a sentence names them.

    Of 54 such words for photos/dev that nobody had tuned to, some four in five are right by the
    captions that people wrote, and more when the pictures are looked at.
    """
    return {_with_article(tag.word): tag.weight for tag in tags if tag.weight >= SURE}


def _with_article(word: str) -> str:
    return f"{'an' if word[0] in 'aeiouAEIOU' else 'a'} {word}"


class SeenLabels:
    """Names the things that are probably seen in a picture, which need not be in the library."""

    def __init__(self, store: Store, towers: Towers, settings: Settings) -> None:
        from engine.classify.everyday_things import EVERYDAY_THINGS

        self._store, self._towers, self._settings = store, towers, settings
        self._names = EVERYDAY_THINGS

    @cached_property
    def _scorer(self) -> Scorer:
        from engine.classify.classifier import Classifier, ClassifyOptions
        from engine.classify.labels import labels_of

        options = ClassifyOptions(labels_of([*self._names]), multi=True)
        return Classifier(self._store, self._towers, self._settings, options).scorer(Modality.IMAGE)

    def seen_in(self, image: Image) -> list[tuple[str, float]]:
        """Return what is recognised in a picture and all labels, the most probable first."""
        encoder = self._towers.encoder
        found = encoder.embed_images([encoder.prepare_image(image)])
        named = named_tags(found.tags[0] if found.tags else ())
        seen = self.of(found.vectors[self._towers.shared.name][0])
        return sorted([*named.items(), *seen], key=lambda each: -each[1])

    def sure_of(self, image: Image) -> list[str]:
        """Return what is surely seen in a picture, each once, the most probable first."""
        seen = self.seen_in(image)
        return list(dict.fromkeys(label for label, sure in seen if sure >= SURE))

    def of(self, vector: Vectors) -> list[tuple[str, float]]:
        """Return all labels with their probabilities, the most probable first.

        Args:
            vector: that of the picture in the shared space, (dim,).
        """
        scores = self._scorer.each(vector[None], len(self._names))
        found = zip(scores.labels[0].tolist(), scores.probabilities[0].tolist(), strict=True)
        return [(self._names[place], probability) for place, probability in found]
