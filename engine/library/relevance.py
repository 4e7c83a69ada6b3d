"""DocumentRelevance of what a caller brings, judged by the models of a library. Wiring only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

from engine.common.progress import Progress
from engine.config import Settings
from engine.encoders.towers import Towers
from engine.errors import EncoderUnavailable, FetchRefused, InvalidQuery
from engine.library.embedding import prepare_example
from engine.query.calibration.log_odds import by_key
from engine.query.moment_vectors import moment_vectors
from engine.query.prepare import PreparedExample, embed_prepared
from engine.query.rerank.relevance import DocumentRelevance, JudgedDocument, RelevanceJudge
from engine.query.search import Searcher
from engine.store import Store
from engine.types import Modality, PartKind, Space
from engine.types.examples import Example

if TYPE_CHECKING:
    from engine.encoders.cross_encoder import CrossEncoder

RerankDocument: TypeAlias = "str | int | Example"
"""A text, the number of a moment, or an example other than a path that is a string."""


class LibraryRelevance:
    """Judges documents; it keeps the cross-encoder, which loads at first use."""

    def __init__(self, store: Store, settings: Settings, searcher: Searcher) -> None:
        self._store, self._settings, self._searcher = store, settings, searcher
        self._cross: CrossEncoder | None = None

    def rerank(
        self, query: str, documents: Sequence[RerankDocument], towers: Towers, progress: Progress
    ) -> list[DocumentRelevance]:
        """Return how probably documents answer, best first.

        Errors are those of ``Library.rerank``.
        """
        if not query.strip():
            raise InvalidQuery("the query has no text", arguments=("query",))
        judged = self._judged(documents, towers)
        shared = towers.shared.name
        judge = RelevanceJudge(
            tuple(space.name for space in _asked_spaces(towers)),
            towers.embed_queries,
            lambda texts: towers.embed_texts(texts).vectors[shared],
            by_key(self._store.backgrounds()),
            self._cross_encoder(),
        )
        return judge.judge(query, judged, progress)

    def _judged(self, documents: Sequence[RerankDocument], towers: Towers) -> list[JudgedDocument]:
        moments = [document for document in documents if isinstance(document, int)]
        of_moments = self._moments(moments, towers)
        prepared: dict[int, PreparedExample] = {}
        for place, document in enumerate(documents):
            if not isinstance(document, str | int):
                try:
                    prepared[place] = prepare_example(document, towers, self._settings)
                except InvalidQuery as error:
                    raise _wrong(place, str(error)) from error.__cause__
                except FetchRefused as error:
                    raise _wrong(place, str(error)) from error
        media = dict(zip(prepared, embed_prepared([*prepared.values()], towers), strict=True))
        found = []
        for place, document in enumerate(documents):
            if isinstance(document, str):
                found.append(JudgedDocument(document))
            elif isinstance(document, int):
                if document not in of_moments:
                    raise _wrong(place, f"there is no moment {document}")
                found.append(of_moments[document])
            else:
                heard = prepared[place].kind is PartKind.AUDIO
                modality = Modality.SOUND if heard else Modality.IMAGE
                found.append(JudgedDocument(rows=media[place], modality=modality))
        return found

    def _moments(self, numbers: Sequence[int], towers: Towers) -> dict[int, JudgedDocument]:
        """Return moments of the library by their numbers: their words, or else their vectors."""
        if not numbers:
            return {}
        records = self._store.records(numbers)
        there = self._store.spaces()
        spaces = [space for space in _asked_spaces(towers) if space.name in there]
        rows = moment_vectors(self._searcher, [*records.values()], spaces)
        return {
            number: JudgedDocument(
                record.moment.text or "",
                None if record.moment.text else rows[number],
                record.moment.modality,
            )
            for number, record in records.items()
            if record.moment.text or rows.get(number)
        }

    def _cross_encoder(self) -> CrossEncoder | None:
        """Return the cross-encoder; None where it is not installed."""
        if self._cross is None:
            from engine.encoders.cross_encoder import CrossEncoder

            made = CrossEncoder(self._settings)
            try:
                made.check()
            except EncoderUnavailable:
                return None
            self._cross = made
        return self._cross


def _asked_spaces(towers: Towers) -> list[Space]:
    """Return the spaces in which a whole text is asked, the shared one first."""
    further = [space for space in towers.further if space not in towers.qualities]
    return [towers.shared, *further]


def _wrong(place: int, why: str) -> InvalidQuery:
    return InvalidQuery(f"document {place}: {why}", arguments=(f"documents[{place}]",))
