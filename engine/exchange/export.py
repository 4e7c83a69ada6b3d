"""Export of a library, or of a part of it, to a folder that another tool reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

import numpy as np

from engine.common.progress import NO_PROGRESS, Progress
from engine.common.user_path import expanded
from engine.common.vectors import chunks
from engine.encoders import caption_head
from engine.errors import EncoderUnavailable, UsageError
from engine.exchange import data_card
from engine.exchange.formats import registry
from engine.exchange.formats.writer import Format, LeftOut
from engine.exchange.output_folder import output_folder
from engine.exchange.records import ExportSelection, items
from engine.media.rights import rights_of
from engine.query.library_towers import captions_file
from engine.store import SpaceInfo, Store
from engine.types import Failure, Kind
from engine.types.arrays import MomentIds

CARD = "README.md"
"""The name of the data card."""
_KEPT = 1_000
"""Files that are left out and named; the others are counted."""


@dataclass(frozen=True, slots=True)
class ExportReport:
    """The counts of an export."""

    out: Path
    format: str
    files: int
    moments: int
    vectors: dict[str, int]
    """Vectors by space."""
    left_out: int
    """Files that were chosen and are not in it."""
    failures: tuple[Failure, ...] = ()
    """The first thousand of them that are gone or have changed."""


def export(
    store: Store,
    out: Path,
    format_name: str,
    selection: ExportSelection = ExportSelection(),  # noqa: B008
    *,
    spaces: Sequence[str] = (),
    main: str | None = None,
    vectors: bool | None = None,
    command: str = "",
    progress: Progress = NO_PROGRESS,
) -> ExportReport:
    """Write what is selected to a folder, which appears when all of it is written.

    Memory is bounded, and the same library and selection give the same bytes.

    Args:
        out: a folder that does not exist, or is empty.
        spaces: names of those whose vectors go in; empty means all that are searched.
        main: the one of them that comes first where the catalog has no default.
        vectors: whether any go in; None is what the format does by itself.
        command: what would make it again, for the data card.

    Raises:
        UsageError: there is something at ``out``, no such format or space, or nothing to
            export.
        ExportFailed: the disk is full, or does not take it; nothing is left then.
        StoreError: the library cannot be read.
    """
    writer = registry.writer_of(format_name)
    out = expanded(out).absolute()
    with store.snapshot(), output_folder(out) as folder:
        with_vectors = writer.vectors if vectors is None else vectors
        ids = selection.ids(store, writer.kinds, writer.modalities)
        chosen = _holding(store, _spaces(store, spaces, main), ids) if with_vectors else []
        counts = _run(store, writer(folder, chosen), selection, ids, progress)
        folder.text(
            CARD,
            data_card.text(
                counts.card, title=format_name, reads=writer.reads, command=command,
                spaces=chosen, learned=_learned(store, chosen), run=selection.run,
                version=metadata.version("sensorium"),
            ),
        )  # fmt: skip
    found = counts.card
    return ExportReport(
        out, format_name, found.files, found.moments, dict(found.vectors),
        found.removed.total(), tuple(counts.failures),
    )  # fmt: skip


def _spaces(store: Store, names: Sequence[str], main: str | None) -> list[SpaceInfo]:
    """Return spaces by name, the space that texts query first."""

    def place(info: SpaceInfo) -> tuple[bool, bool, bool, str]:
        name = info.space.name
        return not info.default, name != main, info.role is None, name

    infos = store.space_infos()
    for name in names:
        if name not in infos:
            raise UsageError(f"there is no space called {name!r}; there are {', '.join(infos)}")
    chosen = names or list(store.serving())
    known = [infos[name] for name in infos if name in chosen]
    return sorted(known, key=place)


def _learned(store: Store, infos: Sequence[SpaceInfo]) -> list[str]:
    """Say where the spaces come from that this library has learned of captions."""
    lines = []
    for name, revision in ((info.space.name, info.space.revision) for info in infos):
        if caption_head.is_of_captions(name):
            try:
                head = caption_head.load(captions_file(store.path, revision), revision)
            except EncoderUnavailable as error:
                lines.append(f"{name}: {error}")
            else:
                lines.append(f"{name}: {caption_head.origin(head.about)}")
    return lines


def _holding(store: Store, infos: Sequence[SpaceInfo], ids: MomentIds) -> list[SpaceInfo]:
    """Return the spaces in which one of these moments has a vector."""
    return [info for info in infos if np.isin(ids, store.stored_ids(info.space.name)).any()]


@dataclass(slots=True)
class _Counts:
    card: data_card.Card
    failures: list[Failure]
    ways_out: dict[str, str] = field(default_factory=dict)


def _run(
    store: Store, target: Format, selection: ExportSelection, ids: MomentIds, progress: Progress
) -> _Counts:
    counts = _Counts(data_card.Card(), [])
    progress.start("exporting", len(ids), "moments")
    for item in items(store, ids, target.spaces):
        why = selection.left_out.get(item.asset_id)
        try:
            if why is None:
                target.write(item)
                path = Path(item.asset.path)
                counts.card.add(item, rights_of(path, item.asset.media.kind))
        except LeftOut as reason:
            why = f"the file {reason}"
            counts.ways_out[why] = reason.way_out
            if len(counts.failures) < _KEPT:
                counts.failures.append(Failure(item.asset.path, str(reason)))
        if why is not None:
            counts.card.removed[why] += 1
        progress.advance(len(item.pieces))
    _count_others(store, target, selection, counts)
    if not counts.card.files:
        raise UsageError(_nothing(target, counts))
    target.finish()
    return counts


def _count_others(
    store: Store, target: Format, selection: ExportSelection, counts: _Counts
) -> None:
    """Count the files of kinds that the format has no place for, which are left out."""
    for kind in Kind:
        if target.kinds and kind not in target.kinds and kind in (selection.kinds or Kind):
            others = selection.ids(store, [kind])
            if len(others):
                why = f"{target.name} has no place for {_WORDS[kind]}"
                counts.card.removed[why] += _assets(store, others)


_WORDS = {Kind.IMAGE: "pictures", Kind.VIDEO: "videos", Kind.AUDIO: "sounds"}
_BLOCK = 4096
"""Moments whose files are looked up at a time."""


def _assets(store: Store, ids: MomentIds) -> int:
    """Count the files that these moments are of."""
    found: set[int] = set()
    for block in chunks(ids, _BLOCK):
        found.update(record.asset_id for record in store.records(block).values())
    return len(found)


def _nothing(target: Format, counts: _Counts) -> str:
    """Return the message for an export that would be empty."""
    most = counts.card.removed.most_common(1)
    why = most[0][0] if most else ""
    reason = f": {why}" if why else " that is selected"
    way_out = counts.ways_out.get(why, "see library.stats()")
    return f"nothing to export as {target.name}{reason}; {way_out}"
