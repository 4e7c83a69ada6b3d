"""The way of a query through a library: search, rerank, and pictures of hits. Wiring only."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from engine.common.choices import LATE_RERANKER, MEASURED_RERANKERS, SEEING_RERANKER
from engine.common.progress import NO_PROGRESS, Progress
from engine.config import Settings
from engine.errors import EmptyMedia, UsageError
from engine.query.listing import NO_MOMENT, list_files, sort_hits
from engine.query.named_places import placed_query
from engine.query.plan import is_about_backgrounds, validated
from engine.query.search import OnPlan, Searcher
from engine.query.thumbnails import LibraryPages
from engine.store import Store
from engine.store.running import running_index
from engine.types import (
    AllOf,
    Condition,
    Filter,
    Hit,
    Modality,
    PartKind,
    Query,
    QueryPart,
    SearchResult,
)

if TYPE_CHECKING:
    from engine.encoders.pe_av.frames import SoundFrames
    from engine.query.rerank.base import Reranker
    from engine.query.rerank.evaluate import JudgedQuery
    from engine.query.rerank.gains import RerankEvaluation
    from engine.query.rerank.late import PreparedPages
    from engine.query.thumbnails import CheckFile


class LibrarySearch:
    """Runs queries and makes thumbnails, from many threads."""

    def __init__(self, store: Store, settings: Settings, searcher: Searcher) -> None:
        self._store, self._settings = store, settings
        self._searcher = searcher
        self._rerankers: dict[str, Reranker] = {}
        self._pages = LibraryPages(store, settings)
        self._lock = Lock()

    def run(self, query: Query, progress: Progress, on_plan: OnPlan | None) -> SearchResult:
        """Run a query and rerank its hits where it asks for that.

        Errors are those of ``Library.run``.
        """
        found = self._answered(query, progress, on_plan)
        running = running_index(self._store.path)
        if running is None:
            return found
        # Backgrounds are fitted when it ends; that they are rough until then goes without saying.
        notes = (note for note in found.notes if not is_about_backgrounds(note))
        return replace(found, notes=(*notes, str(running)))

    def _answered(self, query: Query, progress: Progress, on_plan: OnPlan | None) -> SearchResult:
        """Return the hits of a query, read as it was meant or as it stands."""
        query = validated(query)  # as it was asked, before a reranker asks for more hits
        written = query.as_written
        if written is not None and self._searcher.means_words(query, written):
            query, written = validated(written), None
        found = self._sorted(query, progress, on_plan)
        if found.hits or written is None:
            return found
        undated = replace(query, filter=written.filter, understood=())
        dated = query.filter != written.filter and _names_a_date(query.filter)
        if dated and (undated.parts or undated.lists):
            # A date that was understood is what nothing is of: the rest is still meant.
            others = self._sorted(validated(undated), progress, on_plan)
            if others.hits:
                note = "nothing is of that date; what follows is of any"
                notes = (*query.understood, note, *others.notes)
                hits = () if query.likely else tuple(map(_unlikely, others.hits))
                return replace(others, hits=hits, notes=notes)
        note = "nothing was found so; every word is looked for as it stands"
        again = self._sorted(validated(written), progress, on_plan)
        return replace(again, notes=(*query.understood, note, *again.notes))

    def _sorted(self, query: Query, progress: Progress, on_plan: OnPlan | None) -> SearchResult:
        """Return the hits of a query in the order that it asks for."""
        if query.lists:
            return list_files(self._store, query, on_plan).bound(self.thumbnail)
        query = placed_query(self._searcher.spelled(query), self._store)
        found = self._timed(self._found(query, progress, on_plan))
        return found if query.sort is None else sort_hits(self._store, found, query.sort)

    def _timed(self, found: SearchResult) -> SearchResult:
        """Return hits of sounds with finer times, where a model for that is configured."""
        if not self._settings.sound_frames:
            return found
        from engine.query.sound_spans import with_heard_times

        return with_heard_times(found, self._sound_frames, self._settings.rerank_seconds)

    @cached_property
    def _sound_frames(self) -> SoundFrames:
        from engine.encoders.pe_av.frames import SoundFrames

        return SoundFrames(self._settings.sound_frames, self._settings)

    def _found(self, query: Query, progress: Progress, on_plan: OnPlan | None) -> SearchResult:
        """Return the hits of a query, the likeliest first."""
        if query.rerank is None:
            result = self._searcher.run(query, on_plan=on_plan, progress=progress)
            return result.bound(self.thumbnail)
        from engine.query.rerank.apply import rerank_hits

        reranker = self._reranker(query.rerank)
        wide = replace(query, top=max(query.top, query.rerank_top))
        found = self._searcher.run(wide, on_plan=on_plan, progress=progress)
        narrow = replace(found, query=replace(found.query, top=query.top))
        result = rerank_hits(
            narrow, reranker, self._settings, self.thumbnail, self._captions, progress
        )
        return result.bound(self.thumbnail)

    def _reranker(self, name: str) -> Reranker:
        with self._lock:
            if name not in self._rerankers:
                from engine.query.rerank.registry import make_reranker

                self._rerankers[name] = make_reranker(
                    name, self._settings, library=self._store.path, pages=self._pages
                )
            return self._rerankers[name]

    def evaluate_rerank(
        self, name: str, judgements: str | Path, top: int, progress: Progress
    ) -> RerankEvaluation:
        """Measure a reranker that sees, and keep what it gained.

        Errors are those of ``Library.evaluate_rerank``.
        """
        from engine.query.rerank.evaluate import evaluate
        from engine.query.rerank.gains import write_gains
        from engine.query.rerank.judgements import read_judgements
        from engine.query.rerank.registry import make_seeing

        if not name.startswith(MEASURED_RERANKERS):
            raise UsageError(
                f"{name} needs no measuring; {SEEING_RERANKER}NAME and {LATE_RERANKER}NAME do"
            )
        model = make_seeing(name, self._settings, self._pages)
        answers = read_judgements(judgements)
        model.load()
        judged = self._judged_queries(answers, top, progress)
        evaluation = evaluate(model, judged, progress)
        write_gains(self._store.path, evaluation)
        return evaluation

    def prepare_rerank(self, name: str, progress: Progress) -> PreparedPages:
        """Embed the pictures of the library ahead for a reranker of late interaction.

        Errors are those of ``Library.prepare_rerank``.
        """
        from engine.query.rerank.late import LatePairs
        from engine.query.rerank.registry import late_model

        if not name.startswith(LATE_RERANKER):
            raise UsageError(f"{name} needs no preparing; {LATE_RERANKER}NAME does")
        moments = self._store.moment_ids(modalities=(Modality.IMAGE, Modality.KEYFRAME))
        model = LatePairs(late_model(name, self._settings), self._pages)
        return model.prepare(moments.tolist(), progress)

    def _judged_queries(
        self, answers: Mapping[str, Collection[str]], top: int, progress: Progress
    ) -> list[JudgedQuery]:
        from engine.query.rerank.apply import document_of
        from engine.query.rerank.evaluate import JudgedQuery
        from engine.query.rerank.judgements import is_relevant

        judged = []
        progress.start("searching", len(answers))
        for text, paths in answers.items():
            query = validated(Query(parts=(QueryPart(text, PartKind.TEXT),), top=top))
            found = self._searcher.run(query, progress=NO_PROGRESS)
            captions = self._captions({hit.asset_id for hit in found.hits})
            documents = [document_of(hit, found, self.thumbnail, captions) for hit in found.hits]
            relevant = {hit.moment_id for hit in found.hits if is_relevant(hit.path, paths)}
            judged.append(JudgedQuery(text, tuple(documents), frozenset(relevant)))
            progress.advance()
        return judged

    def _captions(self, asset_ids: Collection[int]) -> dict[int, str]:
        """Return the captions of assets that have one, by id."""
        assets = self._store.whole_assets(asset_ids)
        return {asset_id: asset.caption for asset_id, asset in assets.items() if asset.caption}

    def thumbnail(self, moment_id: int, side: int = 320, check: CheckFile | None = None) -> bytes:
        """Return a JPEG of a moment.

        Errors are those of ``Library.thumbnail``.
        """
        from engine.query.thumbnails import Thumbnails

        if moment_id == NO_MOMENT:
            raise EmptyMedia("a file without moments has nothing to show")
        record = self._store.records([moment_id])[moment_id]
        asset = self._store.assets_numbered([record.asset_id])[record.asset_id]
        return Thumbnails(self._store.path, self._settings).jpeg(record, asset, side, check)


def _names_a_date(passes: Filter | None) -> bool:
    """Tell whether a filter is of dates, alone or among others."""
    if isinstance(passes, AllOf):
        return any(map(_names_a_date, passes.filters))
    return isinstance(passes, Condition) and passes.field == "date"


def _unlikely(hit: Hit) -> Hit:
    return replace(hit, confidence=0.0, likely=False)
