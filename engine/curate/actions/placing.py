"""Move files into a folder, or link to them from it, by hand; undo of the run takes that back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from engine.common.choices import no_choice
from engine.curate.actions import apply
from engine.curate.actions.tagging import AssetNames, paths_of
from engine.curate.records import write_copy
from engine.errors import UsageError
from engine.store import Store
from engine.store.curation_records import Finding

Placing = Literal["move", "link"]
"""The way: files change their place, or a folder gets links to them."""


@dataclass(frozen=True, slots=True)
class PlacedFiles:
    """The files that were moved or linked."""

    run_id: int
    """The number of the run that ``undo`` takes back."""
    done: int
    passed: tuple[str, ...]
    """A line for each file that was passed over, with why."""


def place_files(
    store: Store,
    assets: AssetNames,
    how: str,
    to: Path,
    *,
    symbolic: bool = True,
    command: str = "",
    wait: bool = False,
) -> PlacedFiles:
    """Move files into a folder, or link to them from it, under names that clash with none.

    Raises:
        UsageError: ``how`` is unknown, the folder cannot be made, or there is no file of a
            number.
        PathNotFound: the library holds nothing at a path.
        LibraryBusy: another process writes.
    """
    if how not in get_args(Placing):
        raise UsageError(no_choice("way", how, get_args(Placing)))
    paths = paths_of(store, assets)
    why = "moved by hand" if how == "move" else "linked by hand"
    found = [Finding(i, None, path, how, None, 1.0, why) for i, path in paths.items()]
    settings = {"how": how, "to": str(to)}
    with store.writer(wait=wait) as writer, writer.transaction():
        run = writer.curation.add_run("files", command, settings, found, store.generation())
    write_copy(store, run, found)
    if how == "move":
        report = apply.move(store, run.run_id, list(paths), to, wait)
    else:
        report = apply.link(store, run.run_id, list(paths), to, symbolic=symbolic, wait=wait)
    return PlacedFiles(run.run_id, report.done, report.passed)
