"""The files that a question is about: all, some, or all but some."""

from __future__ import annotations

import glob
from collections.abc import Iterable
from dataclasses import dataclass, replace

from engine.types import AllOf, AnyOf, Condition, Filter, Not, Query

_MOST = 50
"""Files that are named in a filter, the last ones."""


@dataclass(frozen=True, slots=True)
class FileScope:
    """Files and folders, by their whole paths."""

    only: tuple[str, ...] = ()
    """Empty for all of the library."""
    but_not: tuple[str, ...] = ()

    def narrowed(self, query: Query) -> Query:
        """Return a query of these files alone."""
        filters = [query.filter] if query.filter is not None else []
        if self.only:
            filters.append(_any(self.only))
        if self.but_not:
            filters.append(Not(_any(self.but_not)))
        if not filters:
            return query
        return replace(query, filter=filters[0] if len(filters) == 1 else AllOf(tuple(filters)))


EVERYWHERE = FileScope()


def _any(paths: Iterable[str]) -> Filter:
    patterns = [glob.escape(path.rstrip("/")) for path in [*paths][-_MOST:]]
    return AnyOf(tuple(Condition("path", "=", p) for each in patterns for p in (each, f"{each}/*")))
