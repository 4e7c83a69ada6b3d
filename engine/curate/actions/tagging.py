"""Give files tags, and take tags from them, by hand; ``undo`` of the run takes that back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.curate.finders.outcome import paths_below
from engine.curate.records import write_copy
from engine.errors import UsageError
from engine.query.language import as_sequence
from engine.store import Store
from engine.store.curation_records import Finding
from engine.store.paths import storable

_LONGEST = 200
"""Characters of a tag."""

AssetNames = Sequence[int | str | Path] | int | str | Path
"""Files by the numbers that hits have, or by paths; a folder means all files below it."""


@dataclass(frozen=True, slots=True)
class TagChange:
    """The tags that were given and taken."""

    run_id: int | None
    """The number of the run that ``undo`` takes back; None where all was so already."""
    given: int
    """Tags, one for each file and word."""
    taken: int


def change_tags(
    store: Store,
    assets: AssetNames,
    add: Sequence[str] | str,
    remove: Sequence[str] | str,
    *,
    command: str = "",
    wait: bool = False,
) -> TagChange:
    """Give and take tags, all of it or nothing.

    Raises:
        UsageError: no tag is named, one is empty, or there is no file of a number.
        PathNotFound: the library holds nothing at a path.
        LibraryBusy: another process writes.
    """
    added, removed = _words(add), _words(remove)
    if not added and not removed:
        raise UsageError("no tag is named: add=WORD or remove=WORD", arguments=("add", "remove"))
    if both := sorted({*added} & {*removed}):
        raise UsageError(f"the tag {both[0]} cannot be given and taken at once")
    paths = paths_of(store, assets)
    with store.writer(wait=wait) as writer:
        had = store.tags(paths)
        give = [(i, word) for i in paths for word in added if word not in had.get(i, ())]
        take = [(i, word) for i in paths for word in removed if word in had.get(i, ())]
        if not give and not take:
            return TagChange(None, 0, 0)
        found = [
            Finding(i, None, paths[i], word, None, 1.0, why)
            for pairs, why in ((give, "given by hand"), (take, "taken by hand"))
            for i, word in pairs
        ]
        settings = {"add": [*added], "remove": [*removed]}
        with writer.transaction():
            run = writer.curation.add_run("tags", command, settings, found, store.generation())
            writer.curation.tag(run.run_id, give)
            writer.curation.take_tags(run.run_id, take)
    write_copy(store, run, found)
    return TagChange(run.run_id, len(give), len(take))


def _words(words: Sequence[str] | str) -> tuple[str, ...]:
    tidy = tuple(dict.fromkeys(storable(word.strip()) for word in as_sequence(words)))
    if not all(tidy):
        raise UsageError("a tag is empty; write a word")
    if any(len(word) > _LONGEST for word in tidy):
        raise UsageError(f"a tag has {_LONGEST} characters at most")
    return tidy


def paths_of(store: Store, assets: AssetNames) -> dict[int, str]:
    """Return the paths of the files that are named, by their numbers, in the order of naming."""
    named = [assets] if isinstance(assets, int | str | Path) else list(assets)
    numbers = [name for name in named if isinstance(name, int)]
    known = store.assets_numbered(numbers)
    if missing := [number for number in numbers if number not in known]:
        raise UsageError(f"there is no asset {missing[0]}")
    paths = {number: known[number].path for number in numbers}
    under = [name for name in named if not isinstance(name, int)]
    if under:
        paths |= {asset.asset_id: asset.path for asset in store.assets(paths_below(store, under))}
    return paths
