"""Pages of hits: one order for several libraries, and cursors from one page to the next."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from fastapi import Request

from engine.common.lru import LRUCache
from engine.common.progress import CancelToken
from engine.library.facade import Library
from engine.server.load.search_processes import SearchProcesses
from engine.server.observing.stages import note_libraries, note_stages
from engine.server.problems import Problem
from engine.server.routes.context import admission_of, file_facts, media_at, thumbnail_at
from engine.server.routes.schemas import PagedRequest
from engine.types import Hit, Query, SearchResult, Sort

if TYPE_CHECKING:
    from engine.store.records import AssetFacts

_WINDOWS = (1_000, 10_000)
"""Hits that are looked for where a page is not the first, so that the next ones need no search."""
MOST_PAGED = _WINDOWS[-1]
"""Hits past which there is no further page."""
_KEPT = 8
"""Searches whose hits are kept for their next pages."""
Found = tuple[str, Library, SearchResult]


@dataclass(frozen=True, slots=True)
class Ask:
    """A search of several libraries.

    Attributes:
        libraries: with their names.
        query: what each of them is asked.
    """

    libraries: Sequence[tuple[str, Library]]
    query: Query

    @property
    def sort(self) -> Sort:
        """The order of the hits of all libraries together."""
        if self.query.lists and self.query.sort in (None, Sort.LIKELY):
            return Sort.DATE
        return self.query.sort or Sort.LIKELY

    def run(self, top: int, searches: SearchProcesses, cancel: CancelToken) -> list[Found]:
        """Search every library for so many hits."""
        note_libraries([name for name, _ in self.libraries])
        query = replace(self.query, top=top)
        written = query.as_written
        if written is not None:
            query = replace(query, as_written=replace(written, top=top))
        found = []
        for name, library in self.libraries:
            result = searches.run(name, library, query, cancel)
            note_stages(result.took_ms)
            found.append((name, library, result))
        return found


class HitPages:
    """Answers searches page by page; the hits of the last few are kept for their next pages."""

    def __init__(self, key: bytes, searches: SearchProcesses) -> None:
        self._key, self._searches = key, searches
        self._kept: LRUCache[tuple[object, ...], list[Found]] = LRUCache(_KEPT)

    async def answer(
        self, request: Request, ask: Ask, body: PagedRequest, also: bytes = b""
    ) -> dict[str, Any]:
        """Return a page of the hits of a search.

        Args:
            also: what is asked besides the body, as an upload.

        Raises:
            Problem: 400; the cursor is of another query, or of another run of the server.
        """
        asked = body.model_dump_json(exclude={"cursor", "top"}).encode() + also
        skip, cancel = self._skipped(asked, body.cursor), CancelToken()

        def run() -> dict[str, Any]:
            found = self._found(ask, asked, skip, body.top, cancel)
            return _document(ask, found, skip, body)

        page = await admission_of(request).run(run, cancel)
        more = page.pop("more") and skip + body.top < MOST_PAGED
        page["next"] = self._cursor(asked, skip + body.top) if more else None
        return page

    def _found(
        self, ask: Ask, asked: bytes, skip: int, top: int, cancel: CancelToken
    ) -> list[Found]:
        # One more than is shown tells whether there is another page.
        enough = skip + top + (0 if ask.query.lists else 1)
        if skip == 0 and (ask.query.lists or ask.sort is Sort.LIKELY):
            return ask.run(enough, self._searches, cancel)
        window = next((size for size in _WINDOWS if size >= enough), MOST_PAGED)
        generations = tuple(library.generation for _, library in ask.libraries)
        key = asked, tuple(name for name, _ in ask.libraries), generations, window
        kept = self._kept.get(key)
        if kept is None:
            kept = ask.run(window, self._searches, cancel)
            self._kept.put(key, kept)
        return kept

    def _cursor(self, asked: bytes, skip: int) -> str:
        """Return where a page begins, with a signature of the query that it is a page of."""
        sign = hmac.new(self._key, f"{skip} ".encode() + asked, hashlib.sha256).hexdigest()[:24]
        return f"{skip}-{sign}"

    def _skipped(self, asked: bytes, cursor: str | None) -> int:
        if cursor is None:
            return 0
        number = cursor.partition("-")[0]
        if number.isascii() and number.isdigit() and len(number) < 7:
            skip = int(number)
            if hmac.compare_digest(self._cursor(asked, skip).encode(), cursor.encode()):
                return skip
        raise Problem(400, "bad_cursor", "the cursor is of another query; ask without it", "cursor")


def _document(ask: Ask, found: Sequence[Found], skip: int, body: PagedRequest) -> dict[str, Any]:
    """Return a page of the hits of all libraries."""
    hits = [(name, library, hit) for name, library, result in found for hit in result]
    if len(found) > 1:
        hits = _merged(hits, ask.sort)
    shown = hits[skip : skip + body.top]
    facts = _facts(shown)
    results = [result for _, _, result in found]
    page: dict[str, Any] = {
        "hits": [
            _hit(name, hit, skip + at, facts[name].get(hit.asset_id))
            for at, (name, _, hit) in enumerate(shown, 1)
        ],
        "more": len(hits) > skip + body.top or (ask.query.lists and len(hits) == skip + body.top),
        "below": sum(result.below for result in results),
        "partial": any(result.partial for result in results),
        "notes": list(dict.fromkeys(note for result in results for note in result.notes)),
        "took_ms": {name: dict(result.took_ms) for name, _, result in found},
    }
    if body.explain:
        most = skip + body.top
        page["plans"] = {name: of.explain(result[:most]) for name, of, result in found}
    return page


def _merged(hits: Sequence[tuple[str, Library, Hit]], sort: Sort) -> list[tuple[str, Library, Hit]]:
    """Put the hits of several libraries in one order."""
    if sort is Sort.LIKELY:
        # Probabilities compare between libraries, which scores do not.
        return sorted(hits, key=lambda each: -each[2].confidence)
    if sort is Sort.PATH:
        return sorted(hits, key=lambda each: each[2].path)
    facts = _facts(hits)
    key: Callable[[AssetFacts], Any] = _KEYS[sort]

    def place(each: tuple[str, Library, Hit]) -> Any:
        known = facts[each[0]].get(each[2].asset_id)
        return (known is not None, key(known) if known is not None else None)

    known = [each for each in hits if each[2].asset_id in facts[each[0]]]
    return sorted(known, key=place, reverse=True)


_KEYS: Mapping[Sort, Callable[[AssetFacts], Any]] = {
    Sort.DATE: lambda facts: facts.date,
    Sort.SIZE: lambda facts: facts.size,
}


def _facts(hits: Sequence[tuple[str, Library, Hit]]) -> dict[str, Mapping[int, AssetFacts]]:
    libraries = {name: library for name, library, _ in hits}
    return {
        name: library.browse.facts({hit.asset_id for of, _, hit in hits if of == name})
        for name, library in libraries.items()
    }


def _hit(name: str, hit: Hit, rank: int, facts: AssetFacts | None) -> dict[str, Any]:
    return hit.to_dict() | {
        "rank": rank,
        "library": name,
        "thumbnail": thumbnail_at(name, hit.moment_id) if hit.moment_id else None,
        "media": media_at(name, hit.asset_id),
        "file": file_facts(facts),
    }  # fmt: skip
