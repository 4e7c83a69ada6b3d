"""The rules of a walk: what below a folder is passed over because somebody asked for that.

Patterns are those of .gitignore, by ``pathspec``. As in fd and ripgrep, what was asked for on
the command line decides before .sensoriumignore, and that before .gitignore; of one kind, the
file that lies deeper decides, and in it the last pattern that matches.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

from pathspec import GitIgnoreSpec

from engine.common.file_state import os_reason
from engine.store.index_rules import IndexRules, is_pattern

EXCLUDE, OWN_FILE, GIT_FILE, NO_MEDIA = "--exclude", ".sensoriumignore", ".gitignore", ".nomedia"
NO_FOLLOW = "--no-follow"
_ORDER = (EXCLUDE, OWN_FILE, GIT_FILE)
_CONTENTS = re.compile(r"(?<=[^/])/\*\*\s*$")
_LARGEST = 1 << 20
"""Bytes of a file of patterns past which it is none."""


@dataclass(frozen=True, slots=True)
class _Patterns:
    """The patterns of one source, relative to a folder."""

    base: str
    source: str
    spec: GitIgnoreSpec

    def decide(self, path: str, *, folder: bool) -> bool | None:
        """Tell whether a path below the base is left out; None where no pattern matches."""
        # Every path that is asked about lies below; `relpath` would take ten times as long.
        inside = path[len(self.base.rstrip(os.sep)) + 1 :].replace(os.sep, "/")
        return self.spec.check_file(f"{inside}/" if folder else inside).include


@dataclass(frozen=True, slots=True)
class Scope:
    """The rules that hold in one folder."""

    rules: IndexRules
    patterns: tuple[_Patterns, ...] = ()
    """Outermost folder first."""

    def left_out_by(self, path: str, *, folder: bool) -> str | None:
        """Return the rule that leaves out a path; None where it is taken in."""
        for source in _ORDER:
            for patterns in reversed(self.patterns):
                if patterns.source != source:
                    continue
                decided = patterns.decide(path, folder=folder)
                if decided is not None:
                    return source if decided else None
        return None

    def without_those_of(self, root: str) -> Scope:
        """Return the rules less those that leave out ``root`` itself, which was named."""
        kept = [p for p in self.patterns if p.base == root or not p.decide(root, folder=True)]
        return replace(self, patterns=tuple(kept))


class WalkRules:
    """The rules of all folders, from what is remembered and from files of patterns."""

    def __init__(self, remembered: Mapping[str, IndexRules] | None = None) -> None:
        self._remembered = dict(remembered or {})
        self.notes: list[str] = []
        """Lines about files of patterns that cannot be read."""

    def at(self, root: str) -> Scope:
        """Return the rules of a folder that a walk begins with, those of folders above included."""
        above = [*map(str, reversed(PurePath(root).parents))]
        scope = Scope(IndexRules())
        for folder in above:
            scope = self._remembered_in(scope, folder)
        repository = _repository_above(root) if self._of(root, scope).gitignore else None
        for folder in above:
            scope = self._read(scope, folder, OWN_FILE)
            if repository is not None and PurePath(folder).is_relative_to(repository):
                scope = self._read(scope, folder, GIT_FILE)
        return scope.without_those_of(root)

    def within(self, scope: Scope, folder: str, logical: str, names: Sequence[str]) -> Scope:
        """Return the rules inside of a folder that is entered.

        Args:
            folder: its real path, for which something may be remembered.
            logical: its path by the links that led there, which patterns are relative to.
            names: what it holds.
        """
        scope = self._remembered_in(scope, folder, logical)
        if OWN_FILE in names:
            scope = self._read(scope, folder, OWN_FILE, logical)
        if GIT_FILE in names and scope.rules.gitignore:
            scope = self._read(scope, folder, GIT_FILE, logical)
        return scope

    def _of(self, folder: str, scope: Scope) -> IndexRules:
        return self._remembered.get(folder, scope.rules)

    def _remembered_in(self, scope: Scope, folder: str, logical: str | None = None) -> Scope:
        rules = self._remembered.get(folder)
        if rules is None:
            return scope
        patterns = scope.patterns
        if rules.exclude:
            spec = _spec(rules.exclude)
            patterns = (*patterns, _Patterns(logical or folder, EXCLUDE, spec))
        return Scope(rules, patterns)

    def _read(self, scope: Scope, folder: str, name: str, logical: str | None = None) -> Scope:
        file = Path(folder, name)
        try:
            if not file.is_file() or file.stat().st_size > _LARGEST:
                return scope
            lines = file.read_text("utf-8", "surrogateescape").splitlines()
        except OSError as error:
            self.notes.append(f"{file} cannot be read, and is passed over: {os_reason(error)}")
            return scope
        spec = _spec(self._understood(file, lines))
        return replace(scope, patterns=(*scope.patterns, _Patterns(logical or folder, name, spec)))

    def _understood(self, file: Path, lines: Sequence[str]) -> Iterator[str]:
        for number, line in enumerate(lines, 1):
            if is_pattern(line):
                yield line
            else:
                self.notes.append(f"{file}: line {number} is no pattern, and is passed over")


def named_scope(exclude: Sequence[str]) -> Scope:
    """Return the rules for files that were named by themselves, along with ``--exclude``."""
    if not exclude:
        return Scope(IndexRules())
    spec = _spec(exclude)
    return Scope(IndexRules(), (_Patterns(os.sep, EXCLUDE, spec),))


def _spec(lines: Iterable[str]) -> GitIgnoreSpec:
    """Return patterns as git reads them: ``raw/**`` is what is in a folder, and not the folder.

    To ``pathspec`` it is both, and nothing inside could be taken back in by ``!raw/keep.jpg``.
    """
    contents = (_CONTENTS.sub("/**/*", line) for line in lines)
    return GitIgnoreSpec.from_lines(contents, backend="simple")


def _repository_above(folder: str) -> str | None:
    """Return the innermost folder above one that is a repository of git."""
    for above in map(str, PurePath(folder).parents):
        if os.path.lexists(os.path.join(above, ".git")):  # noqa: PTH118
            return above
    return None
