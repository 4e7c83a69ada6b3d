"""The data card of an export: its contents, sources, rights, and what was left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import PurePath

from engine.common.text import printable
from engine.exchange.records import Item
from engine.media.rights import Rights
from engine.store import SpaceInfo

_FOLDERS = 1_000
"""Folders that are counted apart; past that, each counts for the one that holds it."""
_SHOWN = 20
"""Rows of a table."""
_LONGEST = 120
"""Characters of a cell."""


@dataclass(slots=True)
class Card:
    """Counts of files that are added one after another; memory does not grow with them."""

    files: int = 0
    moments: int = 0
    bytes: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    formats: Counter[str] = field(default_factory=Counter)
    modalities: Counter[str] = field(default_factory=Counter)
    folders: Counter[str] = field(default_factory=Counter)
    vectors: Counter[str] = field(default_factory=Counter)
    licences: Counter[str] = field(default_factory=Counter)
    holders: Counter[str] = field(default_factory=Counter)
    artists: Counter[str] = field(default_factory=Counter)
    without_rights: int = 0
    """Files that say nothing of rights."""
    captions: int = 0
    places: int = 0
    taken: tuple[str, str] | None = None
    changed: tuple[int, int] | None = None
    removed: Counter[str] = field(default_factory=Counter)
    """Files that are not in it, by the reason."""

    def add(self, item: Item, rights: Rights) -> None:
        """Count one file."""
        asset = item.asset
        self.files += 1
        self.moments += len(item.pieces)
        self.bytes += asset.size
        self.kinds[asset.media.kind.value] += 1
        self.formats[asset.media.format] += 1
        self.captions += asset.caption is not None
        self.places += asset.place is not None
        self.modalities.update(piece.moment.modality.value for piece in item.pieces)
        self.vectors.update(name for piece in item.pieces for name in piece.vectors)
        self._add_folder(str(PurePath(asset.path).parent))
        if asset.taken_at:
            low, high = self.taken or (asset.taken_at, asset.taken_at)
            self.taken = min(low, asset.taken_at), max(high, asset.taken_at)
        first, last = self.changed or (asset.mtime_ns, asset.mtime_ns)
        self.changed = min(first, asset.mtime_ns), max(last, asset.mtime_ns)
        self._add_rights(rights)

    def _add_folder(self, folder: str) -> None:
        self.folders[folder] += 1
        if len(self.folders) > _FOLDERS:
            deepest = max(len(PurePath(name).parts) for name in self.folders)
            merged: Counter[str] = Counter()
            for name, count in self.folders.items():
                path = PurePath(name)
                merged[str(path.parent if len(path.parts) == deepest else path)] += count
            self.folders = merged

    def _add_rights(self, rights: Rights) -> None:
        self.without_rights += not rights
        named = (rights.licence, self.licences), (rights.holder, self.holders)
        for value, counter in (*named, (rights.artist, self.artists)):
            if value and (value in counter or len(counter) < _FOLDERS):
                counter[value] += 1


def text(
    card: Card,
    *,
    title: str,
    reads: str,
    command: str,
    spaces: Sequence[SpaceInfo],
    learned: Sequence[str] = (),
    run: str | None,
    version: str,
) -> str:
    """Return the card as Markdown.

    It names no date of its own: the same library and the same command make the same card.

    Args:
        reads: how to read the export.
        command: that made it.
        learned: where spaces come from that this library has learned, a line each.
        run: the curation run that files were left out by.
    """
    parts = [
        f"# A data set of Sensorium, as {title}",
        _bullets(_counts(card)),
        "## Reading it",
        f"{reads}\n\n`sha256sum -c SHA256SUMS` checks every file.",
        "## Where it comes from",
        _table(("folder", "files"), _most(card.folders)),
        _bullets(_dates(card)),
        "## Rights",
        *_rights(card),
        "## Vectors",
        _vectors(card, spaces),
        _bullets(printable(line) for line in learned),
        "## What is not in it",
        _removed(card, run),
        "## How it was made",
        f"Sensorium {version}:\n\n    {printable(command)}",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _counts(card: Card) -> Iterator[str]:
    yield f"{card.files:,} files, {card.bytes:,} bytes: {_list(card.kinds)}"
    yield f"formats: {_list(card.formats)}"
    yield f"{card.moments:,} moments: {_list(card.modalities)}"
    yield f"{card.captions:,} files have a caption, {card.places:,} a place"


def _dates(card: Card) -> Iterator[str]:
    if card.taken:
        yield f"made between {card.taken[0]} and {card.taken[1]}, as the files say"
    if card.changed:
        first, last = (_date(ns) for ns in card.changed)
        yield f"last changed between {first} and {last} (UTC), as the file system says"


def _date(ns: int) -> str:
    return datetime.fromtimestamp(ns / 1e9, UTC).isoformat(timespec="seconds")[:19]


def _rights(card: Card) -> Iterator[str]:
    yield (
        f"As EXIF, XMP and containers have them; {card.without_rights:,} of {card.files:,} files"
        " say nothing. What is not written here is not free: ask those who made it."
    )
    named = (("licence", card.licences), ("copyright", card.holders), ("made by", card.artists))
    for name, counter in named:
        yield _table((name, "files"), _most(counter))


def _vectors(card: Card, spaces: Sequence[SpaceInfo]) -> str:
    if not spaces:
        return "None."
    rows = [
        (
            info.space.name,
            info.space.encoder,
            info.space.revision,
            info.space.dim,
            info.space.dtype,
            f"{card.vectors[info.space.name]:,}",
        )
        for info in spaces
    ]
    head = ("space", "encoder", "revision", "dim", "stored as", "vectors")
    return f"{_table(head, rows)}\n\nOf unit length, exactly as the library stores them."


def _removed(card: Card, run: str | None) -> str:
    by = f"Left out by the curation run {_cell(run)}:\n\n" if run else ""
    return by + (_table(("why", "files"), _most(card.removed)) or "Nothing was left out.")


def _most(counter: Counter[str]) -> list[tuple[str, str]]:
    """Return the most frequent names with their counts, and a row for all others."""
    ordered = sorted(counter.items(), key=lambda pair: (-pair[1], pair[0]))
    rows = [(name, f"{count:,}") for name, count in ordered[:_SHOWN]]
    rest = ordered[_SHOWN:]
    if rest:
        rows.append((f"{len(rest):,} more", f"{sum(count for _, count in rest):,}"))
    return rows


def _list(counter: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in sorted(counter.items())) or "none"


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    if not rows:
        return ""
    shown = [list(map(_cell, line)) for line in (head, *rows)]
    shown.insert(1, ["---"] * len(head))
    return "\n".join(f"| {' | '.join(line)} |" for line in shown)


def _cell(value: object) -> str:
    """Escape what files say, so that it is text of a table and nothing else."""
    shown = printable(str(value))
    for character in "\\|<`[*_":
        shown = shown.replace(character, f"\\{character}")
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…"
