"""Choose which file of a group of copies is kept, by rules in the order that a caller gives."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.common import local_time
from engine.common.choices import closest_choice
from engine.common.user_path import resolved
from engine.errors import UsageError
from engine.store.records import AssetFacts

Preference = Callable[[AssetFacts], Any]
"""Returns what is less for the file that is rather kept."""


@dataclass(frozen=True, slots=True)
class KeeperRule:
    """One rule: the files that it prefers stay in the running."""

    name: str
    """The name that a caller writes: ``oldest``, ``in:/photos``."""
    words: str
    """The reason, as ``why`` of a finding has it."""
    prefers: Preference


@dataclass(frozen=True, slots=True)
class KeptFile:
    """The file of a group that is kept, and which rules decided that."""

    file: AssetFacts
    why: str


def keeper_rules(names: Sequence[str] = ()) -> tuple[KeeperRule, ...]:
    """Return rules by their names, and behind them those that decide by default.

    Args:
        names: ``most-pixels``, ``original`` (in no folder of copies, downloads, backups or
            trash), ``dated`` (says when it was made), ``largest``, ``smallest``, ``oldest``,
            ``newest``, ``shortest-path``, ``in:FOLDER``, ``not-in:FOLDER``; the first counts
            most.

    Raises:
        UsageError: there is no such rule.
    """
    chosen = [_rule(name) for name in names]
    given = {rule.name for rule in chosen}
    opposed = {_OPPOSITES[name] for name in given & _OPPOSITES.keys()}
    more = [_RULES[name] for name in DEFAULT if name not in given | opposed]
    return (*chosen, *more)


def keeper(files: Sequence[AssetFacts], rules: Sequence[KeeperRule] | None = None) -> KeptFile:
    """Choose which of several files is kept.

    Each rule leaves those that it prefers; at last the shortest name of what is left decides,
    since copies are called after what they were made of, and then the first path.
    """
    left, decided = list(files), []
    for rule in (*(keeper_rules() if rules is None else rules), _SHORTEST_NAME):
        best = min(map(rule.prefers, left))
        preferred = [file for file in left if rule.prefers(file) == best]
        if len(preferred) < len(left):
            decided.append(rule.words)
        left = preferred
        if len(left) == 1:
            break
    else:
        decided.append("the first path")
    return KeptFile(min(left, key=lambda file: file.path), f"kept: {', then '.join(decided)}")


def _rule(name: str) -> KeeperRule:
    kind, colon, folder = name.partition(":")
    if colon and kind in ("in", "not-in"):
        return _folder_rule(kind, folder)
    if name in _RULES:
        return _RULES[name]
    known = (*_RULES, "in:FOLDER", "not-in:FOLDER")
    near = closest_choice(name, known)
    meant = f"did you mean {near!r}? " if near else ""
    raise UsageError(
        f"keep={name!r} is no rule: {meant}there are {', '.join(known)}", arguments=("keep",)
    )


def _folder_rule(kind: str, folder: str) -> KeeperRule:
    """Return the rule of a folder: of its path where there is one, else of its name anywhere.

    Raises:
        UsageError: it is empty.
    """
    if not folder.strip():
        raise UsageError(f"keep={kind}: names no folder; write in:FOLDER", arguments=("keep",))
    where = resolved(folder)
    by_path = where.is_dir() or os.sep in folder
    name = folder.casefold()

    def is_in(file: AssetFacts) -> bool:
        parents = Path(file.path).parents
        return where in parents if by_path else any(p.name.casefold() == name for p in parents)

    if kind == "in":
        return KeeperRule(f"in:{folder}", f"in {folder}", lambda file: not is_in(file))
    return KeeperRule(f"not-in:{folder}", f"not in {folder}", is_in)


_COPY = r"cop(?:y|ies|ie|ia|ias)|kopien?|kopia|kopie|kopio|kopija|копи[яи]|コピー|副本|복사본"
_SPARE_FOLDER = re.compile(
    rf"\W*(?:{_COPY}|.?trash(?:-\d+)?|recycled?|\$?recycle.bin|papierkorb|corbeille|papelera|cestino"
    r"|backups?|bak|sicherung(?:en)?|sauvegardes?|respaldos?|thumb(?:nail)?s?"
    r"|downloads?|received(?: files)?|sent|whatsapp(?: \w+)*|telegram(?: \w+)*)\W*",
    re.IGNORECASE,
)
"""Folders of copies, and those through which files pass on their way from elsewhere."""
_SPARE_NAME = re.compile(
    rf"(?:{_COPY}) (?:of|von|de|di|av|van) |.*[ _(-](?:{_COPY})\)?(?:[ _-]?\(?\d+\)?)?$"
    r"|.*\(\d+\)$|.*~\d*$",
    re.IGNORECASE,
)


def _is_spare(path: str) -> bool:
    """Tell whether a path says that its file is a copy of another: ``Copy of a``, ``Backup/a``."""
    *folders, name = path.replace("\\", "/").split("/")
    stem = name.rpartition(".")[0] or name
    return bool(_SPARE_NAME.match(stem)) or any(map(_SPARE_FOLDER.fullmatch, folders[-3:]))


def _date(file: AssetFacts) -> str:
    """Return when the media says that it was made, or the file's own date."""
    return file.taken_at or local_time.iso_of(file.mtime_ns)


def _newest(file: AssetFacts) -> list[int]:
    return [-ord(letter) for letter in _date(file)]


_SHORTEST_NAME = KeeperRule(
    "shortest-name",
    "the shortest name",
    lambda file: len(os.path.basename(file.path)),  # noqa: PTH119
)
_RULES = {
    rule.name: rule
    for rule in (
        KeeperRule("most-pixels", "most pixels", lambda file: -file.pixels),
        KeeperRule(
            "original", "in no place of copies, downloads, backups or trash",
            lambda file: _is_spare(file.path),
        ),
        KeeperRule("dated", "says when it was made", lambda file: file.taken_at is None),
        KeeperRule("largest", "most bytes", lambda file: -file.size),
        KeeperRule("smallest", "fewest bytes", lambda file: file.size),
        KeeperRule("oldest", "the earliest date", _date),
        KeeperRule("newest", "the latest date", _newest),
        KeeperRule("shortest-path", "the shortest path", lambda file: len(file.path)),
    )
}  # fmt: skip
DEFAULT = ("most-pixels", "original", "dated", "largest", "oldest")
"""The rules that decide where none is given, and behind those that are."""
_OPPOSITES = {"smallest": "largest", "newest": "oldest"}
"""Rules that the default ones behind them would contradict."""
