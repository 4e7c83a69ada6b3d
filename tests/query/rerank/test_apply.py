"""The hits of a search in the order of a reranker, which is a small real one here."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import pytest

from engine.common.progress import NO_PROGRESS, Progress
from engine.config import Settings
from engine.query.rerank.apply import rerank_hits
from engine.query.rerank.base import Budget, Document, Reranked, in_fused_order
from engine.types import (
    Fusion,
    Hit,
    Kind,
    Modality,
    PartKind,
    Plan,
    Query,
    QueryPart,
    SearchResult,
    Why,
)


class ByWords:
    """Knows a document by how many of the query's words it has, at three nats each."""

    name = "by-words"

    def __init__(self, note: str | None = None) -> None:
        self.note = note
        self.asked: list[tuple[str, list[Document], Budget]] = []

    def load(self, progress: Progress) -> None:
        """It has nothing to load."""

    def rerank(self, query: str, documents: Sequence[Document], budget: Budget) -> Reranked:
        self.asked.append((query, list(documents), budget))
        wanted = set(query.split())
        scores = {
            d.moment_id: d.score + 3.0 * len(wanted & set(d.words.split())) for d in documents
        }
        order = tuple(sorted(scores, key=lambda i: (-scores[i], i)))
        return Reranked(order, scores, self.note)


class Unavailable(ByWords):
    """Leaves the order as it is."""

    def rerank(self, query: str, documents: Sequence[Document], budget: Budget) -> Reranked:
        return in_fused_order(documents, "the server did not answer")


def hit(moment: int, score: float, words: str | None = None, start: float | None = None) -> Hit:
    why = Why("text", "fake", score / 10, score, words=words)
    kind, modality = (Kind.IMAGE, Modality.IMAGE) if start is None else (Kind.VIDEO, Modality.SOUND)
    end = None if start is None else start + 2
    path = f"/media/{moment}.x"
    return Hit(moment, score, kind, path, moment, moment, modality, start, end, (why,))


HITS = (hit(1, 5.0, "a cat"), hit(2, 4.0, "a red dog", 61.7), hit(3, 3.5, "red"), hit(4, 1.0))
QUERY = Query(
    (QueryPart("red"), QueryPart("dog"), QueryPart("cat", weight=-1.0)), rerank="lm", rerank_top=30
)


def result(query: Query = QUERY, hits: tuple[Hit, ...] = HITS, **changes) -> SearchResult:
    found = SearchResult(query, hits, {"search": 30.0, "total": 40.0}, notes=("was noted",))
    return replace(found, **changes)


def no_thumbnail(_: int) -> bytes:
    raise AssertionError("nobody asked to see it")


def captions(assets: Collection[int]) -> Mapping[int, str]:
    return {asset: f"caption {asset}" for asset in assets if asset != 4}


def run(found: SearchResult, reranker: ByWords | None = None, **settings) -> SearchResult:
    reranker = reranker or ByWords()
    return rerank_hits(
        found, reranker, replace(Settings(), **settings), no_thumbnail, captions, NO_PROGRESS
    )


def asked(found: SearchResult, **settings) -> tuple[str, list[Document], Budget]:
    model = ByWords()
    run(found, model, **settings)
    (one,) = model.asked
    return one


def test_hits_are_in_the_models_order_and_numbered_anew():
    found = run(result())
    order = [(hit.rank, hit.moment_id, hit.score) for hit in found.hits]
    assert order == [(1, 2, 10.0), (2, 3, 6.5), (3, 1, 5.0), (4, 4, 1.0)]
    assert found.reranked == "by-words"
    assert found.query is QUERY


def test_what_the_model_says_is_one_more_reason_where_it_says_something():
    by_moment = {hit.moment_id: hit for hit in run(result()).hits}
    assert by_moment[2].why == (*HITS[1].why, Why("by-words", None, 6.0, 6.0, 1.0))
    assert by_moment[1].why == HITS[0].why


def test_no_more_are_shown_than_were_asked_for():
    found = run(result(replace(QUERY, top=2)))
    assert [hit.moment_id for hit in found.hits] == [2, 3], "all of them were read"


def test_the_model_is_asked_for_what_is_wanted_and_gets_all_that_is_known():
    text, documents, _ = asked(result())
    assert text == "red dog"
    assert [(d.moment_id, d.score, d.words, d.facts) for d in documents] == [
        (1, 5.0, "a cat", "image of image 1.x"),
        (2, 4.0, "a red dog", "sound of video 2.x, 62 s"),
        (3, 3.5, "red", "image of image 3.x"),
        (4, 1.0, "", "image of image 4.x"),
    ]


def test_words_come_from_the_first_reason_that_has_some():
    why = (Why("words", None, 1.0, 1.0), Why("text", "fake", 1.0, 1.0, words="here"))
    _, (document,), _ = asked(result(hits=(replace(HITS[0], why=why),)))
    assert document.words == "here"


def test_what_people_wrote_is_apart_from_what_a_tower_recognised():
    spoken = replace(hit(5, 1.0, "hello there", 3.0), modality=Modality.SPEECH)
    first = replace(spoken, start=0.0, path="/media/beachHoliday_2.mp4")
    hits = (hit(1, 5.0, "cat, sofa"), hit(2, 4.0, "dog bark", 61.7), spoken, first, hit(4, 1.0))
    _, documents, _ = asked(result(hits=hits))
    assert [d.written for d in documents] == [
        "caption 1. 1", "", "hello there", "hello there. caption 5. beach Holiday 2", "4",
    ]  # fmt: skip


def test_a_thumbnail_is_made_when_the_model_asks():
    made: list[int] = []

    class Looks(ByWords):
        def rerank(self, query, documents, budget):
            assert made == []
            assert documents[1].thumbnail() == b"jpeg of 2"
            return super().rerank(query, documents, budget)

    def thumbnail(moment: int) -> bytes:
        made.append(moment)
        return b"jpeg of %d" % moment

    rerank_hits(result(), Looks(), Settings(), thumbnail, captions, NO_PROGRESS)
    assert made == [2]


def test_the_budget_is_that_of_the_settings():
    limits = {"rerank_seconds": 3.0, "rerank_tokens": 700, "rerank_money": 0.01}
    assert asked(result(), **limits)[2] == Budget(30, 3.0, 700, 0.01)


@pytest.mark.parametrize(
    ("deadline", "seconds"), [(1_040.0, 1.0), (60_000.0, 3.0), (40.0, 0.0), (10.0, 0.0)]
)
def test_a_deadline_leaves_what_the_search_did_not_take(deadline, seconds):
    found = result(replace(QUERY, deadline_ms=deadline))
    assert asked(found, rerank_seconds=3.0)[2].seconds == pytest.approx(seconds)


def test_a_note_names_the_model_and_stands_behind_those_that_there_were():
    found = run(result(), Unavailable())
    assert found.notes == ("was noted", "by-words: the server did not answer")
    assert [(h.rank, h.moment_id, h.score, h.why) for h in found.hits] == [
        (h.rank, h.moment_id, h.score, h.why) for h in HITS
    ]
    assert run(result()).notes == ("was noted",)


def test_a_query_without_text_is_not_reranked_and_says_so():
    model = ByWords()
    example = Query((QueryPart("a.png", PartKind.IMAGE), QueryPart("cat", weight=-1.0)), top=2)
    found = run(result(example), model)
    assert model.asked == []
    assert found.hits == HITS[:2]
    assert found.reranked is None
    assert found.notes == ("was noted", "not reranked: by-words reads, and the query has no text")


def test_the_time_that_it_took_is_part_of_the_total():
    took = run(result()).took_ms
    assert list(took) == ["search", "total", "load", "rerank"]
    assert took["total"] == pytest.approx(40.0 + took["load"] + took["rerank"])
    assert took["rerank"] > 0


WHY = (
    Why("text", "fake", 0.4, 3.0, weight=2.0),
    Why("words", None, 1.0, 1.5),
    Why("not", "fake", 0.1, 0.5, weight=-1.0),
    Why("not", None, 0.1, -9.0, weight=-1.0),
)
RANKED = replace(HITS[0], score=0.033, why=WHY)


@pytest.mark.parametrize(
    ("fusion", "evidence"),
    [
        (Fusion.RRF, 7.0),
        (Fusion.WEIGHTED, 7.0),
        (Fusion.CALIBRATED, 0.033),
        (Fusion.MAX, 0.033),
        (Fusion.EARLY, 0.033),
        (Fusion.INTERACTION, 0.033),
    ],
)
def test_evidence_is_in_nats_whatever_the_fusion(fusion, evidence):
    found = result(replace(QUERY, fusion=fusion), (RANKED,))
    assert asked(found)[1][0].score == pytest.approx(evidence)


def test_the_fusion_that_counts_is_the_one_that_was_run():
    planned = Plan(QUERY, (), 100, Fusion.RRF)
    found = result(replace(QUERY, fusion=Fusion.CALIBRATED), (RANKED,), plan=planned)
    assert asked(found)[1][0].score == pytest.approx(7.0)
