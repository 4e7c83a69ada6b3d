"""Rules of what `index` takes in below each root, remembered in the library's folder.

A run that leaves files out would be undone by the next one that did not say so again. So what
was asked once below a folder holds there until it is taken back.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TypedDict

from engine.common.atomic_write import whole
from engine.common.choices import closest_choice
from engine.errors import LibraryCorrupt, UsageError
from engine.store.error_translation import translated

FILE = "roots.json"
_VERSION = 1


@dataclass(frozen=True, slots=True)
class IndexRules:
    """The rules of a walk below one root."""

    exclude: tuple[str, ...] = ()
    """Patterns in the syntax of .gitignore, relative to the root."""
    follow_links: bool = True
    hidden: bool = False
    """True where names that begin with a dot are taken in."""
    gitignore: bool = False
    """True where files named .gitignore are read."""

    def __str__(self) -> str:
        parts = [f"{', '.join(self.exclude)} excluded"] if self.exclude else []
        parts += ["links not followed"] if not self.follow_links else []
        parts += ["hidden names taken in"] if self.hidden else []
        parts += [".gitignore read"] if self.gitignore else []
        return "; ".join(parts)


class RuleOptions(TypedDict, total=False):
    """Keywords of ``Library.index`` that change what is taken in, for calls that hand them on."""

    exclude: Sequence[str] | str
    forget_exclude: bool
    follow_links: bool | None
    hidden: bool | None
    gitignore: bool | None


@dataclass(frozen=True, slots=True)
class RuleChanges:
    """Changes of rules that one call asks for; None and empty leave a rule as it is."""

    exclude: tuple[str, ...] = ()
    forget_exclude: bool = False
    follow_links: bool | None = None
    hidden: bool | None = None
    gitignore: bool | None = None

    @classmethod
    def of(cls, options: RuleOptions) -> RuleChanges:
        """Make the changes that keywords ask for; one pattern need be in no list.

        Raises:
            UsageError: a pattern is empty, a comment, or not in the syntax of .gitignore.
        """
        for name in options.keys() - RuleOptions.__annotations__.keys():
            near = closest_choice(name, RuleOptions.__annotations__)
            meant = f"; did you mean {near!r}?" if near else ""
            raise TypeError(f"there is no argument {name!r} of index(){meant}")
        patterns = options.get("exclude", ())
        alone = isinstance(patterns, str) or not isinstance(patterns, Iterable)
        listed = (patterns,) if alone else tuple(patterns)
        for pattern in listed:
            if (
                not isinstance(pattern, str)
                or not pattern.strip()
                or pattern.startswith("#")
                or not is_pattern(pattern)
            ):
                raise UsageError(
                    f"exclude={pattern!r} is no pattern; write one as in .gitignore: '*.tmp',"
                    " 'raw/', '/2019/**/thumbs'",
                    arguments=("exclude",),
                )
        return cls(**{**options, "exclude": listed})  # type: ignore[arg-type]

    def applied(self, rules: IndexRules) -> IndexRules:
        """Return the rules of a root after these changes."""
        before = () if self.forget_exclude else rules.exclude
        flags = {
            name: value
            for name in ("follow_links", "hidden", "gitignore")
            if (value := getattr(self, name)) is not None
        }
        # The last pattern that matches decides, so one that is given again goes to the end.
        kept = tuple(pattern for pattern in before if pattern not in self.exclude)
        return replace(rules, exclude=(*kept, *dict.fromkeys(self.exclude)), **flags)


def is_pattern(line: str) -> bool:
    """Tell whether a line is in the syntax of .gitignore; empty lines and comments are."""
    from pathspec import GitIgnoreSpec
    from pathspec.patterns.gitignore import GitIgnorePatternError

    try:
        GitIgnoreSpec.from_lines([line], backend="simple")
    except GitIgnorePatternError:
        return False
    return True


def read_rules(library: Path | None) -> dict[str, IndexRules]:
    """Return the rules of each root, by its real path; none without a library.

    Raises:
        LibraryCorrupt: the file is none that ``write_rules`` wrote.
        LibraryUnavailable: it cannot be read now.
    """
    if library is None:
        return {}
    with translated(library):
        try:
            text = (library / FILE).read_text("utf-8")
        except FileNotFoundError:
            return {}
    try:
        document = json.loads(text)
        if document["version"] != _VERSION:
            raise ValueError(f"version {document['version']}")
        return {
            root: IndexRules(**{**rules, "exclude": tuple(rules["exclude"])})
            for root, rules in document["roots"].items()
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise LibraryCorrupt(
            f"{library / FILE} is damaged: {error}; delete it, and say again what to exclude"
        ) from error


def write_rules(library: Path, rules: Mapping[str, IndexRules]) -> None:
    """Write the rules of all roots; those of a root that has none but the usual ones go."""
    roots = {root: asdict(of_root) for root, of_root in rules.items() if of_root != IndexRules()}
    document = {"version": _VERSION, "roots": roots}
    with translated(library), whole(library / FILE) as temporary:
        temporary.write_text(json.dumps(document, indent=1), encoding="utf-8")
