"""Caption the files of a library by a model, and keep the captions as a run that can be undone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import monotonic

from engine.common.progress import Progress
from engine.curate.finders.outcome import paths_below
from engine.curate.records import write_copy
from engine.errors import ChatFailed, MediaError, UsageError
from engine.generate.budget import Spent
from engine.generate.captioner import Captioner, CaptionStyle, Scene, tags_of
from engine.store import Store
from engine.store.curation_records import Finding
from engine.store.records import KnownAsset
from engine.types import Modality

Labels = Callable[[Sequence[int]], Mapping[int, Sequence[str]]]
"""Words that files are probably of, by the numbers of the files."""
_FRAMES = 4
"""Pictures of a video that a captioner is shown, spread evenly."""
_SURE = 0.3
"""Probability from which a word that was heard is put into a caption."""


@dataclass(frozen=True, slots=True)
class FileCaption:
    """A caption of a file."""

    asset_id: int
    path: str
    text: str
    """The caption; words parted by commas where they are tags. Empty where nothing is known."""
    problem: str = ""
    """The reason why there is none."""


@dataclass(frozen=True, slots=True)
class CaptionRun:
    """Captions of files, and what became of them."""

    captions: tuple[FileCaption, ...]
    captioner: str
    """The model with its version."""
    style: str
    run_id: int | None = None
    """The number of the run that ``undo`` takes back; None where nothing was kept."""
    applied: int = 0
    """Files that got a caption, or tags."""
    own: int = 0
    """Files that have a caption of their own, which stays."""
    seconds: float = 0.0
    spent: Spent | None = None
    """The cost of a server's model; None for one that runs here."""


@dataclass(frozen=True, slots=True)
class CaptionContext:
    """The parts of a library that captions are made from."""

    store: Store
    thumbnail: Callable[[int], bytes]
    labels: Labels


def caption_files(
    context: CaptionContext,
    captioner: Captioner,
    paths: Sequence[str | Path] | str | Path,
    style: CaptionStyle,
    *,
    seconds: float,
    progress: Progress,
) -> CaptionRun:
    """Caption files; keep nothing.

    A file that cannot be captioned is listed with the reason, and the others go on; what is not
    done when the time is over is listed as such.

    Raises:
        PathNotFound: the library holds nothing at one of ``paths``.
        Cancelled: the progress says so.
    """
    started = monotonic()
    store = context.store
    assets = [*store.assets(paths_below(store, paths))]
    progress.start("captioning", len(assets))
    labels = context.labels([asset.asset_id for asset in assets]) if assets else {}
    found = []
    for asset in assets:
        left = seconds - (monotonic() - started)
        found.append(_captioned(context, captioner, asset, style, labels, left))
        progress.advance()
    return CaptionRun(
        tuple(found), captioner.revision, style.value, seconds=monotonic() - started,
        spent=getattr(captioner, "spent", None),
    )  # fmt: skip


def _captioned(
    context: CaptionContext,
    captioner: Captioner,
    asset: KnownAsset,
    style: CaptionStyle,
    labels: Mapping[int, Sequence[str]],
    seconds: float,
) -> FileCaption:
    made = partial(FileCaption, asset.asset_id, asset.path)
    if seconds <= 0:
        return made("", "the time was over")
    try:
        scene = scene_of(context, asset, labels.get(asset.asset_id, ()))
        text = captioner.caption(scene, style, seconds=seconds)
    except (ChatFailed, MediaError) as error:
        return made("", str(error))
    return made(text, "" if text else "nothing is known of it")


def scene_of(context: CaptionContext, asset: KnownAsset, labels: Sequence[str]) -> Scene:
    """Return a file as a captioner gets to know it."""
    store = context.store
    records = store.moments_of(asset.asset_id)
    own = store.tags([asset.asset_id]).get(asset.asset_id, ())
    heard = [
        tag.word
        for record in records
        for tag in record.moment.tags
        if record.moment.modality is Modality.SOUND and tag.weight >= _SURE
    ]
    texts = {
        modality: " ".join(
            record.moment.text or "" for record in records if record.moment.modality is modality
        )
        for modality in (Modality.SCREEN, Modality.SPEECH)
    }
    shown = [
        record.moment_id
        for record in records
        if record.moment.modality in (Modality.IMAGE, Modality.KEYFRAME)
    ]
    facts = store.facts([asset.asset_id]).get(asset.asset_id)
    return Scene(
        asset.kind.value, tuple(dict.fromkeys([*own, *labels, *heard])),
        texts[Modality.SCREEN], texts[Modality.SPEECH], (facts and facts.taken_at) or "",
        lambda: [context.thumbnail(moment) for moment in _spread(shown)],
    )  # fmt: skip


def _spread(moments: Sequence[int]) -> Iterator[int]:
    """Yield a few moments, from the first to the last."""
    count = min(_FRAMES, len(moments))
    yield from (moments[place * len(moments) // count] for place in range(count))


def apply_captions(
    store: Store, run: CaptionRun, *, command: str = "", wait: bool = False
) -> CaptionRun:
    """Keep captions: their words are searched from then on, and ``undo`` takes them back.

    A caption that a file has itself stays as it is.

    Raises:
        UsageError: there is no caption.
        LibraryBusy: another process writes.
    """
    given = [caption for caption in run.captions if caption.text]
    if not given:
        raise UsageError("there is no caption to keep")
    findings = [
        Finding(each.asset_id, None, each.path, each.text, None, 1.0, f"by {run.captioner}")
        for each in given
    ]
    settings = {"captioner": run.captioner, "style": run.style}
    with store.writer(wait=wait) as writer, writer.transaction():
        made = writer.curation.add_run("captions", command, settings, findings, store.generation())
        if run.style == CaptionStyle.TAGS:
            pairs = [(each.asset_id, word) for each in given for word in tags_of(each.text)]
            writer.curation.tag(made.run_id, pairs)
            applied = len(given)
        else:
            texts = [(each.asset_id, each.text) for each in given]
            applied = writer.curation.caption(made.run_id, texts)
    write_copy(store, made, findings)
    return CaptionRun(
        run.captions, run.captioner, run.style, made.run_id, applied, len(given) - applied,
        run.seconds, run.spent,
    )  # fmt: skip
