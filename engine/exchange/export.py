"""A library, or some of it, into a folder that another tool reads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TypeAlias

import numpy as np

from engine.errors import UsageError
from engine.exchange import data_card
from engine.exchange.formats import registry
from engine.exchange.formats.writer import Format, LeftOut
from engine.exchange.output_folder import draft
from engine.exchange.records import ExportSelection, items
from engine.media.rights import rights_of
from engine.store import SpaceInfo, Store
from engine.types import Failure, Kind
from engine.types.arrays import MomentIds

CARD = "README.md"
_KEPT = 1_000
"""Files that are left out and named; the others are counted."""

Step: TypeAlias = Callable[[int, int], None]
"""Is told how many moments are done, and of how many."""


def nowhere(done: int, of: int) -> None:
    """Tells nobody."""


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What an export did."""

    out: Path
    format: str
    files: int
    moments: int
    vectors: dict[str, int]
    """By space."""
    left_out: int
    """Files that were chosen and are not in it."""
    failures: tuple[Failure, ...] = ()
    """Those of them that are gone or have changed, the first thousand."""


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
    step: Step = nowhere,
) -> ExportReport:
    """Write what is selected to a folder, which appears when all of it is written.

    Memory is bounded, and the same library and selection give the same bytes.

    Args:
        out: a folder that does not exist, or is empty.
        spaces: names of those whose vectors go in; empty means all that are searched.
        main: the one of them that comes first where the catalog has no default.
        vectors: whether any go in; None is what the format does by itself.
        command: what was typed, for the data card.

    Raises:
        UsageError: there is something at ``out``, no such format or space, or nothing to
            export.
        ExportFailed: the disk is full, or does not take it; nothing is left then.
        StoreError: the library cannot be read.
    """
    kind = registry.named(format_name)
    out = out.expanduser().absolute()
    with store.snapshot(), draft(out) as made:
        wanted = kind.vectors if vectors is None else vectors
        ids = selection.ids(store, kind.kinds, kind.modalities)
        chosen = _holding(store, _spaces(store, spaces, main), ids) if wanted else []
        counts = _run(store, kind(made, chosen), selection, ids, step)
        made.text(
            CARD,
            data_card.text(
                counts.card, title=format_name, reads=kind.reads, command=command,
                spaces=chosen, run=selection.run, version=metadata.version("sensorium"),
            ),
        )  # fmt: skip
    found = counts.card
    return ExportReport(
        out, format_name, found.files, found.moments, dict(found.vectors),
        found.removed.total(), tuple(counts.failures),
    )  # fmt: skip


def _spaces(store: Store, names: Sequence[str], main: str | None) -> list[SpaceInfo]:
    """Spaces by name, that which texts query first."""

    def place(info: SpaceInfo) -> tuple[bool, bool, bool, str]:
        name = info.space.name
        return not info.default, name != main, info.role is None, name

    infos = store.space_infos()
    for name in names:
        if name not in infos:
            raise UsageError(f"there is no space called {name!r}; there are {', '.join(infos)}")
    wanted = names or list(store.serving())
    known = [infos[name] for name in infos if name in wanted]
    return sorted(known, key=place)


def _holding(store: Store, infos: Sequence[SpaceInfo], ids: MomentIds) -> list[SpaceInfo]:
    """The spaces in which one of these moments has a vector."""
    return [one for one in infos if np.isin(ids, store.held_ids(one.space.name)).any()]


@dataclass(slots=True)
class _Counts:
    card: data_card.Card
    failures: list[Failure]


def _run(
    store: Store, target: Format, selection: ExportSelection, ids: MomentIds, step: Step
) -> _Counts:
    counts = _Counts(data_card.Card(), [])
    done = 0
    for item in items(store, ids, target.spaces):
        done += len(item.pieces)
        why = selection.left_out.get(item.asset_id)
        try:
            if why is None:
                target.take(item)
                path = Path(item.asset.path)
                counts.card.add(item, rights_of(path, item.asset.media.kind))
        except LeftOut as reason:
            why = f"the file {reason}"
            if len(counts.failures) < _KEPT:
                counts.failures.append(Failure(item.asset.path, str(reason)))
        if why is not None:
            counts.card.removed[why] += 1
        step(done, len(ids))
    _count_others(store, target, selection, counts)
    if not counts.card.files:
        raise UsageError(_nothing(target, counts))
    target.finish()
    return counts


def _count_others(
    store: Store, target: Format, selection: ExportSelection, counts: _Counts
) -> None:
    """Files of kinds that the format has no place for are not in it, and it says so."""
    for kind in Kind:
        if target.kinds and kind not in target.kinds and kind in (selection.kinds or Kind):
            others = selection.ids(store, [kind])
            if len(others):
                why = f"{target.name} has no place for {_WORDS[kind]}"
                counts.card.removed[why] += _assets(store, others)


_WORDS = {Kind.IMAGE: "pictures", Kind.VIDEO: "videos", Kind.AUDIO: "sounds"}
_AT_ONCE = 4096


def _assets(store: Store, ids: MomentIds) -> int:
    """How many files these moments are of."""
    found: set[int] = set()
    for at in range(0, len(ids), _AT_ONCE):
        records = store.records(ids[at : at + _AT_ONCE])
        found.update(record.asset_id for record in records.values())
    return len(found)


def _nothing(target: Format, counts: _Counts) -> str:
    why = counts.card.removed.most_common(1)
    reason = f": {why[0][0]}" if why else " that is selected"
    return f"nothing to export as {target.name}{reason}; see sensorium stats"
