"""Find the names of concepts in the texts of a query. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from engine.errors import UsageError
from engine.query.concepts.concept import key_of
from engine.types import PartKind, Query, QueryPart

_LONGEST = 60
_FORBIDDEN = re.compile(r"[\"“”:<>\x00-\x1f/\\]")
_EMPTY = frozenset(
    {
        *("a", "an", "the", "this", "that", "these", "those", "some", "there", "and", "is", "are"),
        *("as", "at", "by", "for", "from", "in", "near", "of", "on", "to", "with", "show"),
        *("her", "his", "it", "its", "me", "my", "our", "their", "your", "one"),
        *("image", "images", "photo", "photos", "picture", "pictures", "video", "videos"),
    }
)
"""Words that ask for nothing where they are all that stands beside a name."""


def checked_name(name: str) -> str:
    """Return a name without blanks around it, which a query can have in it.

    Raises:
        UsageError: it is empty or too long, or has characters that mean something in a query.
    """
    name = " ".join(name.split())
    if not name or len(name) > _LONGEST:
        raise UsageError(f"a name has 1 to {_LONGEST} characters")
    if _FORBIDDEN.search(name) or name[0] in "+-~." or key_of(name) == "then":
        raise UsageError(
            f"{name!r} cannot be a name: in a query it means something else; take letters,"
            " digits and spaces"
        )
    return name


def is_function_word(name: str) -> bool:
    """Tell whether a name is a word that queries are full of."""
    return key_of(name) in _EMPTY


def with_concepts(query: Query, names: Mapping[str, str]) -> Query:
    """Return a query in which the names that stand in its texts are parts of their own.

    Args:
        names: the name of each concept by its form of ``key_of``. The longest that matches is
            taken, as whole words.
            What stands in quotes is left as it is, and so is a text that is not wanted and
            has other words in it.
    """
    if not names:
        return query
    longest = sorted(names, key=lambda name: (-len(name), name))
    either = "|".join(r"\s+".join(map(re.escape, name.split())) for name in longest)
    pattern = re.compile(rf"(?<!\w)({either})(?:['\u2019]s)?(?!\w)", re.IGNORECASE)
    parts, *then = (
        tuple(new for part in stage for new in _parted(part, pattern, names))
        for stage in query.stages
    )
    return replace(query, parts=parts, then=tuple(then))


def _parted(
    part: QueryPart, pattern: re.Pattern[str], names: Mapping[str, str]
) -> Iterator[QueryPart]:
    found = [match for match in _matches(part, pattern) if not _is_quoted(part, match)]
    if not found:
        yield part
        return
    rest, at = [], 0
    for match in found:
        rest.append(part.value[at : match.start()])
        at = match.end()
    beside = " ".join("".join([*rest, part.value[at:]]).split()).strip(" ,;")
    if part.weight < 0 and beside:
        yield part  # "-Rex on the beach" excludes both together, and neither by itself
        return
    for match in found:
        yield QueryPart(names[key_of(match[1])], PartKind.CONCEPT, part.weight)
    words = re.findall(r"\w+", beside.casefold())
    if any(word not in _EMPTY for word in words):
        # What is left of quotes is still no name; their places have moved.
        yield replace(part, value=beside, quoted=((0, len(beside)),) if part.quoted else ())


def _matches(part: QueryPart, pattern: re.Pattern[str]) -> Iterator[re.Match[str]]:
    return pattern.finditer(part.value) if part.asked is PartKind.TEXT else iter(())


def _is_quoted(part: QueryPart, match: re.Match[str]) -> bool:
    return any(begin <= match.start() and match.end() <= end for begin, end in part.quoted)
