"""Tag, move or link the files of a run's findings, each under the word that fits it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, get_args

from engine.curate.actions import apply
from engine.curate.actions.apply import ApplyReport
from engine.errors import UsageError
from engine.store import Store
from engine.store.curation_records import Finding

Action = Literal["tag", "move", "link"]
ACTIONS: tuple[str, ...] = get_args(Action)
_FOLDER_BY_TAG = ("clusters", "quality")
"""Kinds of runs whose files go to one folder for each tag."""
_LONGEST_FOLDER = 80
"""Characters of a folder's name."""


def default_tag(kind: str, finding: Finding) -> str:
    """Return the tag for a finding of a run of this kind, where no tag is given."""
    return f"cluster {finding.group}" if kind == "clusters" else finding.verdict


def act_on_findings(
    store: Store,
    run_id: int,
    kind: str,
    findings: Sequence[Finding],
    action: str,
    *,
    to: Path | None = None,
    tag: str | None = None,
    symbolic: bool = True,
    wait: bool = False,
) -> ApplyReport:
    """Tag, move or link the files of findings, on behalf of a run.

    Args:
        kind: of the run; clusters and faults get one folder each below ``to``.
        to: the folder to move to, or to link from.
        tag: given to all; None for what each was found to be.

    Raises:
        UsageError: the action is unknown, lacks its folder, or was given one that it does
            not need.
        LibraryBusy: another process writes, and ``wait`` is false.
    """
    check_action(action, to, tag)
    tags = [(finding.asset_id, tag or default_tag(kind, finding)) for finding in findings]
    if to is None:
        return apply.tag(store, run_id, tags, wait)
    by_folder = kind in _FOLDER_BY_TAG
    parts = [
        apply.move(store, run_id, assets, folder, wait)
        if action == "move"
        else apply.link(store, run_id, assets, folder, symbolic=symbolic, wait=wait)
        for folder, assets in _folders(tags, to, by_folder)
    ]
    passed = tuple(line for part in parts for line in part.passed)
    return ApplyReport(sum(part.done for part in parts), passed)


def check_action(action: str, to: Path | None, tag: str | None) -> None:
    """Refuse an action that could not be done.

    Raises:
        UsageError: see ``act_on_findings``.
    """
    if action not in ACTIONS:
        raise UsageError(f"{action!r} is no action; there are {', '.join(ACTIONS)}")
    if action == "tag" and to is not None:
        raise UsageError("a folder is for move and link, and not for tag")
    if action != "tag" and to is None:
        raise UsageError(f"{action} needs a folder: to=FOLDER", arguments=("to",))
    if tag is not None and not tag.strip():
        raise UsageError("a tag is empty; write tag=WORD", arguments=("tag",))


def _folders(
    tags: Sequence[tuple[int, str]], to: Path, by_folder: bool
) -> Iterator[tuple[Path, list[int]]]:
    """Yield each folder with the assets that go there, in the order of their names."""
    folders: dict[Path, list[int]] = {}
    # A file that has several faults goes to the folder of the first.
    for asset_id, word in dict(reversed(tags)).items():
        folder = to / _folder_name(word) if by_folder else to
        folders.setdefault(folder, []).append(asset_id)
    for folder in sorted(folders):
        yield folder, sorted(folders[folder])


def _folder_name(word: str) -> str:
    safe = "".join(c if c.isalnum() or c in "-_ ." else "-" for c in word).strip(". ")
    return safe[:_LONGEST_FOLDER] or "other"
