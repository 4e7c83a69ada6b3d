"""From what the branches say to hits, with the records of a real catalog."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.query.execute import ExecutedPlan
from engine.query.group import Likeness
from engine.query.results import RankedMoments, ResultBuilder
from engine.store import Store
from engine.types import (
    BranchOutcome,
    BranchScores,
    Fusion,
    Group,
    Modality,
    Plan,
    Query,
    QueryPart,
)
from tests.query.scores import branch, scored
from tests.store.make import LOOKS, TEXT, picture, sound

DOG = branch(term="a dog")
SEA = branch("text", Modality.SPEECH, term="the sea")
NOT = branch("not", term="night", weight=-1.0)
LATER = branch("text", Modality.SPEECH, term="the end", stage=1)
MOMENTS = 8


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Moments 1 to 3 are pictures, 4 to 6 the sentences of one sound, 7 and 8 of another."""
    with Store.create(tmp_path_factory.mktemp("results") / "library", "fake") as made:
        with made.writer() as writer:
            writer.ensure_space(TEXT)
            writer.ensure_space(LOOKS)
            writer.commit(
                [
                    *(picture(f"/{i}.jpg") for i in (1, 2, 3)),
                    sound("/a.wav", "one", "two", "three"),
                    sound("/b.wav", "four", "five"),
                ]
            )
        yield made


def nothing_alike(_):
    return {}


def found(
    store: Store,
    *said: BranchScores,
    query: Query | None = None,
    leave_out: str = "",
    likeness: Likeness = nothing_alike,
    fetch: int = 1,
    **planned,
) -> RankedMoments:
    query = query or Query.of("x")
    branches = tuple(one.branch for one in said)
    made = Plan(query, branches, fetch, **{"moments": MOMENTS, "fusion": query.fusion} | planned)
    outcomes = tuple(BranchOutcome(one.branch, len(one.ids), 0.5) for one in said)
    return ResultBuilder(store, likeness, (leave_out,)).build(made, ExecutedPlan(said, outcomes))


def ids(of: RankedMoments) -> list[int]:
    assert [hit.rank for hit in of.hits] == list(range(1, len(of.hits) + 1))
    return [hit.moment_id for hit in of.hits]


def test_a_hit_says_where_it_is_and_why(store):
    said = scored(SEA, m5=6.0)
    (hit,) = found(store, said).hits
    assert (hit.path, hit.start, hit.end, hit.score) == ("/a.wav", 1.0, 1.5, 6.0)
    assert [(why.asked, why.log_odds, why.words) for why in hit.why] == [("the sea", 6.0, "two")]
    assert found(store, said).outcomes == (BranchOutcome(SEA, 1, 0.5),)


def test_moments_that_have_died_since_are_no_hits(store):
    assert ids(found(store, scored(DOG, m1=5.0, m99=9.0))) == [1]


def test_what_is_left_out_makes_room_for_the_next(store):
    top = replace(Query.of("x"), top=1)
    said = scored(DOG, m1=7.0, m2=6.0)
    assert ids(found(store, said, query=top)) == [1]
    assert ids(found(store, said, query=top, leave_out="/1.jpg")) == [2]


LIKELY = replace(Query.of("x"), likely=True)


def test_all_is_shown_and_says_how_likely_it_is(store):
    every = found(store, scored(DOG, m1=15.0, m2=14.5, m3=-3.5))
    assert (ids(every), every.below) == ([1, 2, 3], 1)
    assert [hit.likely for hit in every.hits] == [True, True, False]
    sure = [hit.confidence for hit in every.hits]
    assert sure == sorted(sure, reverse=True)
    assert sure[0] > 0.8
    assert 0 < sure[2] < 0.05
    assert [hit.likely for hit in found(store, scored(DOG, m1=3.0, m2=2.5)).hits] == [False] * 2


def test_what_is_less_likely_is_counted_and_left_out_where_that_is_asked(store):
    some = found(store, scored(DOG, m1=15.0, m2=14.5, m3=2.5), query=LIKELY)
    assert (ids(some), some.below) == ([1, 2], 1)
    none = found(store, scored(DOG, m1=4.0, m2=3.5), query=LIKELY)
    assert (ids(none), none.below) == ([], 2)


def test_there_may_be_more_that_is_likely_where_all_that_a_branch_found_is(store):
    assert found(store, scored(DOG, m1=15.0, m2=14.0), query=LIKELY).may_have_more
    few = scored(DOG, m1=15.0, m2=1.0)
    assert not found(store, few, query=LIKELY).may_have_more
    heard = scored(replace(SEA, parts=DOG.parts), m4=15.0)
    assert found(store, few, heard, query=LIKELY).may_have_more
    assert found(store, scored(DOG, m1=1.0)).may_have_more


def test_an_order_by_ranks_is_as_sure_as_any(store):
    of = found(store, scored(DOG, m1=15.0, m2=1.0), query=replace(LIKELY, fusion=Fusion.RRF))
    assert [hit.moment_id for hit in of.hits] == [1]


def test_a_branch_that_found_fewer_than_it_was_asked_for_has_no_more(store):
    assert not found(store, scored(DOG, m1=5.0, m2=4.0), fetch=3).may_have_more
    assert not found(store, scored(DOG, m1=1.0), fetch=3).may_have_more


def test_what_is_not_wanted_or_found_nothing_promises_no_more(store):
    mixed = scored(DOG, m1=15.0, m2=1.0), scored(NOT, m1=0.1), scored(SEA)
    assert not found(store, *mixed, query=LIKELY).may_have_more


def test_a_later_stage_may_have_more_too(store):
    query = Query((QueryPart("a"),), ((QueryPart("b"),),))
    said = scored(SEA, m4=5.0, m5=1.0), scored(LATER, m5=5.0)
    assert found(store, *said, query=query).may_have_more


def test_no_branch_that_said_something_finds_nothing(store):
    empty = found(store)
    assert (empty.hits, empty.below, empty.partial, empty.may_have_more) == ((), 0, False, False)


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        (Group.SHOT, [(4, 0), (5, 0), (7, 0), (1, 0)]),
        (Group.ASSET, [(4, 1), (7, 0), (1, 0)]),
        (Group.NONE, [(4, 0), (5, 0), (7, 0), (1, 0)]),
        (Group.ALIKE, [(4, 1), (5, 0), (1, 0)]),
    ],
)
def test_moments_are_grouped_as_the_query_says(store, group, expected):
    vectors = {4: (1, 0), 5: (0, 1), 7: (1, 0.01)}

    def likeness(page):
        rows = {r.moment_id: vectors.get(r.moment_id) for r in page}
        return {i: np.array(row, np.float32) for i, row in rows.items() if row}

    said = scored(SEA, m4=9.0, m5=8.0, m7=7.0), scored(DOG, m1=6.0)
    of = found(store, *said, query=replace(Query.of("x"), group=group), likeness=likeness)
    assert [(hit.moment_id, hit.more) for hit in of.hits] == expected


def test_all_that_was_found_is_looked_up_page_by_page(store, monkeypatch):
    """A group counts those that come on later pages, and pages keep the order."""
    monkeypatch.setattr("engine.query.results._PAGE", 2)
    said = scored(SEA, m4=9.0, m7=8.5, m8=8.0, m6=7.0, m5=6.0)
    of = found(store, said, query=replace(Query.of("x"), group=Group.ASSET))
    assert [(hit.moment_id, hit.more) for hit in of.hits] == [(4, 2), (7, 1)]


BOTH = replace(Query((QueryPart("a dog"), QueryPart("the sea"))), fusion=Fusion.INTERACTION)


def test_interaction_shows_an_asset_once_with_the_moment_of_each_part(store):
    heard_dog = branch("text", Modality.SPEECH, term="a dog")
    said = scored(heard_dog, m4=5.0, m7=6.0), scored(SEA, m5=6.0, m6=7.0)
    of = found(store, *said, query=BOTH)
    assert [(h.path, h.moment_id, h.score) for h in of.hits] == [
        ("/a.wav", 6, 12.0),
        ("/b.wav", 7, 6.0),
    ]
    spans = [(s.asked, s.moment_id, s.start, s.words) for s in of.hits[0].spans]
    assert spans == [("the sea", 6, 2.0, "three"), ("a dog", 4, 0.0, "one")]
    assert [why.asked for why in of.hits[0].why] == ["the sea"]
    assert [h.path for h in found(store, *said, query=replace(BOTH, top=1)).hits] == ["/a.wav"]
    assert [h.path for h in found(store, *said, query=BOTH, leave_out="/a.wav").hits] == ["/b.wav"]


def test_what_is_not_wanted_counts_against_an_asset_wherever_it_is(store):
    """The moment that is most like it answers nothing, and so is no hit itself."""
    dog, not_sea = replace(DOG, modality=Modality.SPEECH), replace(NOT, modality=Modality.SPEECH)
    said = scored(dog, m4=8.0, m5=-2.0, m7=7.0), scored(not_sea, m4=-1.0, m5=6.0, m7=-1.0)
    of = found(store, *said, query=BOTH)
    assert [(h.path, h.score) for h in of.hits] == [("/b.wav", 7.0), ("/a.wav", 2.0)]
    assert [s.moment_id for s in of.hits[1].spans] == [4]


def test_an_asset_is_as_likely_as_its_parts_together(store):
    said = scored(replace(DOG, modality=Modality.SPEECH), m4=12.0), scored(SEA, m5=12.0, m7=12.0)
    both, one = found(store, *said, query=BOTH).hits
    assert (both.likely, one.likely) == (True, False)


IN_ORDER = Query((QueryPart("a dog"), QueryPart("the sea")), ((QueryPart("the end"),),))


def test_stages_are_one_hit_where_they_follow_each_other(store):
    said = scored(SEA, m4=5.0, m7=6.0), scored(LATER, m5=4.9, m6=6.0, m8=5.0)
    of = found(store, *said, query=IN_ORDER)
    assert [(h.path, h.moment_id, h.score, h.start) for h in of.hits] == [
        ("/a.wav", 4, 11.0, 0.0),
        ("/b.wav", 7, 11.0, 0.0),
    ]
    spans = [(s.asked, s.moment_id, s.words) for s in of.hits[0].spans]
    assert spans == [("a dog + the sea", 4, "one"), ("the end", 6, "three")]
    assert [h.path for h in found(store, *said, query=replace(IN_ORDER, top=1)).hits] == ["/a.wav"]
    left = found(store, *said, query=IN_ORDER, leave_out="/a.wav")
    assert [h.path for h in left.hits] == ["/b.wav"]


def test_stages_are_no_further_apart_than_asked(store):
    said = scored(SEA, m4=5.0), scored(LATER, m6=6.0)
    near = replace(IN_ORDER, within=1.6)
    assert len(found(store, *said, query=near).hits) == 1
    assert found(store, *said, query=replace(near, within=1.4)).hits == ()


def test_a_chain_is_as_likely_as_its_least_likely_moment(store):
    said = scored(SEA, m4=15.0, m7=15.0), scored(LATER, m5=15.0, m8=1.0, m6=0.5)
    of = found(store, *said, query=IN_ORDER)
    assert [(hit.likely, hit.path) for hit in of.hits] == [(True, "/a.wav"), (False, "/b.wav")]
    assert of.below == 2
    (only,) = found(store, *said, query=replace(IN_ORDER, likely=True)).hits
    assert only.path == "/a.wav"


def test_beginnings_that_belong_together_are_one_hit(store):
    """Two sentences of one file before the same end."""
    said = scored(SEA, m4=6.0, m5=5.0), scored(LATER, m5=4.9, m6=5.0)
    one = found(store, *said, query=replace(IN_ORDER, group=Group.ASSET))
    assert [(h.moment_id, h.more) for h in one.hits] == [(4, 0)]


def test_chains_that_begin_in_one_file_are_counted(store):
    said = scored(SEA, m4=6.0, m5=5.0), scored(LATER, m5=4.9, m6=5.0)
    query = replace(IN_ORDER, group=Group.ASSET, within=0.6)
    assert [(h.moment_id, h.more) for h in found(store, *said, query=query).hits] == [(4, 1)]
