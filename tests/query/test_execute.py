"""Finding and scoring are two steps: what one branch finds, all of them score."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from engine import Library
from engine.index.allowed import Allowed
from engine.query import execute as executing
from engine.query.calibration.contrast import CONTRASTS
from engine.query.calibration.log_odds import expected, log_odds
from engine.query.embed import embed_query
from engine.query.execute import ExecutedPlan, Sources, execute
from engine.query.explain import HitMaker
from engine.query.fuse import fuse
from engine.store import Background
from engine.types import Branch, Kind, Modality, PartKind, Plan, Query, QueryPart
from tests import media_files as make
from tests.query.scores import scored


def text(value: str, modality: Modality = Modality.IMAGE, **changes) -> Branch:
    return Branch("text", "fake", modality, (QueryPart(value),), **changes)


def words(value: str, **changes) -> Branch:
    return Branch("words", None, None, (QueryPart(value),), **changes)


RED = text("red")
NOT_BLUE = Branch("not", "fake", Modality.IMAGE, (QueryPart("blue", weight=-1.0),), weight=-1.0)


@pytest.fixture
def library(tmp_path, settings):
    media = tmp_path / "media"
    make.picture(media / "one.png", "red")
    make.picture(media / "zebra.png", "blue")
    make.picture(media / "three.png", "green")
    with Library.open(tmp_path / "lib", create=True, encoder="fake", settings=settings) as made:
        made.index([media])
        yield made


def run(
    library, *branches: Branch, fetch: int = 1, kinds=(), until: float = np.inf, **sources
) -> ExecutedPlan:
    planned = Plan(Query.of("x", kinds=kinds), branches, fetch)
    vectors = embed_query(planned, library.towers, library.settings)
    searcher = library.searcher
    with library.store.snapshot():
        searcher.make_level(library.store.spaces().values())
        known = {"backgrounds": {}, "words": partial(searcher._kept.words, "fake")} | sources
        return execute(planned, vectors, Sources(searcher.indexes, **known), until)


def found(library, *branches: Branch, **options) -> list[tuple[str, str]]:
    """File and branch of every score, when each branch may find one moment."""
    scored = run(library, *branches, **options).scored
    records = library.store.records(sorted({int(i) for one in scored for i in one.ids}))
    return sorted((Path(records[i].path).name, o.branch.name) for o in scored for i in o.ids)


def test_what_is_not_wanted_scores_and_finds_nothing(library):
    assert found(library, RED, NOT_BLUE) == [("one.png", "not"), ("one.png", "text")]


def test_what_only_words_find_is_scored_by_vectors_too(library):
    assert found(library, RED, words("zebra")) == [
        ("one.png", "text"),
        ("zebra.png", "text"),
        ("zebra.png", "words"),
    ]


def test_words_find_no_more_than_each_branch_is_asked_for(library):
    (scored, _) = run(library, text("green"), words("zebra one")).scored
    assert len(scored.ids) == 2


def test_unwanted_words_find_nothing(library):
    against = words("zebra", weight=-1.0)
    assert found(library, RED, against) == [("one.png", "text")]


def test_why_names_the_strongest_branch_first(library):
    executed = run(library, RED, words("zebra"), NOT_BLUE, fetch=3)
    ranking = fuse(executed.scored)
    zebra = library.searcher._kept.words("fake", "zebra").ids[0]
    record = library.store.records([zebra])[zebra]
    shown = HitMaker(ranking, [record]).hit(1, record)
    contributions = [
        why.weight * (why.log_odds if why.weight > 0 else max(why.log_odds, 0.0))
        for why in shown.why
    ]
    assert contributions == sorted(contributions, reverse=True)
    assert {why.branch for why in shown.why} == {"words", "text", "not"}
    assert shown.score == pytest.approx(sum(contributions))
    assert {why.branch: why.asked for why in shown.why}["not"] == "blue"


def test_unwanted_words_count_against_what_their_own_list_cuts_off(library, tmp_path):
    """Both pictures say "zebra"; a list of one names only the better of them."""
    make.picture(tmp_path / "media" / "zebra crossing.png", "red")
    library.index([tmp_path / "media"])
    unwanted = replace(words("zebra", weight=-1.0), name="not")
    scored = run(library, text("red zebra"), unwanted, fetch=3).scored
    (against,) = [one for one in scored if one.branch.name == "not"]
    assert len(against.ids) == 2
    assert (against.raw > 0).all()


@pytest.mark.parametrize(
    ("branch", "kind"),
    [
        (text("green"), "text"),
        (
            Branch("image", "fake-looks", Modality.IMAGE, (QueryPart("FILE", PartKind.IMAGE),)),
            "image",
        ),
        (
            Branch("image", "fake", Modality.IMAGE, (QueryPart("FILE", PartKind.IMAGE),), 0.5),
            "image",
        ),
        (NOT_BLUE, "text"),
    ],
)
def test_a_score_is_measured_against_the_background_of_its_own_kind(library, branch, kind):
    """Every kind has a background of its own here, and only one of them is right."""
    example = str(next(library.store.assets()).path)
    parts = tuple(replace(p, value=p.value.replace("FILE", example)) for p in branch.parts)
    branch = replace(branch, parts=parts)
    dim = library.store.spaces()[branch.space].dim
    backgrounds = {
        (branch.space, name, Modality.IMAGE): Background(
            branch.space, name, Modality.IMAGE, mean, 0.1, 1, np.full(dim, mean, "f4").tobytes()
        )
        for name, mean in (("text", 0.1), ("image", 0.2), ("audio", 0.4))
    }
    executed = run(library, RED, branch, backgrounds=backgrounds)
    (scored,) = [one for one in executed.scored if one.branch == branch]
    right = backgrounds[branch.space, kind, Modality.IMAGE]
    rows = library.searcher.indexes[branch.space].indexes[Modality.IMAGE].vectors(scored.ids)
    mean = expected(right, rows)
    assert len(scored.ids)
    assert scored.mean == pytest.approx(mean)
    assert scored.log_odds == pytest.approx(log_odds(scored.raw, mean, right))


def test_a_modality_that_is_gone_since_the_plan_finds_nothing(library):
    assert run(library, text("red", Modality.SOUND)).scored == ()


def test_only_what_is_allowed_is_found(library):
    ids = library.store.moment_ids()
    for only in ids.tolist():
        scored = run(
            library, text("red"), words("zebra one"), fetch=9,
            allowed=lambda _, only=only: Allowed(np.array([only])),
        ).scored  # fmt: skip
        assert {int(i) for one in scored for i in one.ids} == {only}


def test_words_of_other_kinds_are_not_found(library):
    assert found(library, words("zebra"), kinds=(Kind.VIDEO,)) == []
    assert found(library, words("zebra"), kinds=(Kind.IMAGE,)) == [("zebra.png", "words")]


def test_stages_score_what_they_found_themselves(library):
    blue = replace(text("blue"), stage=1)
    executed = run(library, RED, blue)
    (red,), (other,) = executed.stage(0), executed.stage(1)
    assert len(red.ids) == len(other.ids) == 1
    assert red.ids[0] != other.ids[0]


def test_every_branch_says_what_it_found_and_how_long_it_took(library):
    branches = (RED, text("blue"), words("zebra"), NOT_BLUE)
    outcomes = run(library, *branches).outcomes
    # What is not wanted finds nothing, and so has no search of its own.
    assert [outcome.branch for outcome in outcomes] == list(branches[:3])
    assert [outcome.found for outcome in outcomes] == [1, 1, 1]
    assert all(outcome.ms >= 0 and not outcome.skipped for outcome in outcomes)


def test_what_has_not_begun_at_the_deadline_is_left_out_and_marked(library):
    late = run(library, RED, words("zebra"), until=time.perf_counter())
    assert late.partial
    assert [outcome.skipped for outcome in late.outcomes] == [True, True]
    assert late.scored == ()
    assert not run(library, RED, words("zebra")).partial


def test_branches_in_threads_say_the_same(library, monkeypatch):
    monkeypatch.setattr(executing, "_SIDE_BY_SIDE", 1)
    branches = tuple(replace(b, vectors=3) for b in (RED, text("blue"), text("green")))
    with ThreadPoolExecutor(2) as threads:
        beside = run(library, *branches, words("zebra"), fetch=2, threads=threads)
    alone = run(library, *branches, words("zebra"), fetch=2)
    assert [o.branch for o in beside.outcomes] == [o.branch for o in alone.outcomes]
    for one, other in zip(beside.scored, alone.scored, strict=True):
        assert one.branch == other.branch
        assert one.ids.tolist() == other.ids.tolist()
        assert one.log_odds == pytest.approx(other.log_odds)


def test_filters_are_asked_of_the_catalog_in_the_thread_that_has_its_snapshot(library, monkeypatch):
    monkeypatch.setattr(executing, "_SIDE_BY_SIDE", 0)
    asked = []

    def allowed(_: Branch) -> None:
        asked.append(threading.get_ident())

    with ThreadPoolExecutor(2) as threads:
        run(library, text("red"), text("blue"), allowed=allowed, threads=threads)
    assert asked
    assert set(asked) == {threading.get_ident()}


def test_words_alone_may_have_more_than_the_vectors(library):
    size = Sources(library.searcher.indexes, {}).size
    assert size(Plan(Query.of("zebra"), (words("zebra"),), 2)) >= 500


def prior_of(library, asked: str, *scores) -> dict[Modality | None, float]:
    """Return the nats that each modality is given by the words of a text."""
    known = {}
    for contrast in CONTRASTS:
        others, wanted = contrast.phrases()
        bank = library.towers.encoder.embed_texts([*others, *wanted])
        known["fake", contrast.query, contrast.kept] = contrast.direction("fake", bank)
    planned = Plan(Query.of(asked), tuple(s.branch for s in scores), 1)
    vectors = embed_query(planned, library.towers, library.settings)
    under_way = executing._Run(planned, vectors, Sources({}, known), np.inf)
    weighed = executing._with_prior(scores, under_way)
    return {s.branch.modality: float(s.log_odds[0]) for s in weighed}


@pytest.mark.parametrize(
    ("asked", "gains", "loses"),
    [
        ("a dog barking", Modality.SOUND, Modality.IMAGE),
        ("a red car", Modality.IMAGE, Modality.SOUND),
    ],
)
def test_what_is_asked_to_be_heard_takes_from_what_is_seen(library, asked, gains, loses):
    both = [scored(text(asked, modality), m1=5.0) for modality in (gains, loses)]
    found = prior_of(library, asked, *both)
    assert found[gains] > 5 > found[loses]


def test_what_is_seen_takes_from_what_is_read_and_not_the_other_way(library):
    car, hours = "a red car", "the opening hours of the bank"
    both = (Modality.IMAGE, Modality.SCREEN)
    found = prior_of(library, car, *(scored(text(car, m), m1=5.0) for m in both))
    assert found[Modality.IMAGE] == 5 > found[Modality.SCREEN]
    found = prior_of(library, hours, *(scored(text(hours, m), m1=5.0) for m in both))
    assert set(found.values()) == {5.0}


def test_one_modality_alone_and_unwanted_parts_are_left_as_they_are(library):
    barking = "a dog barking"
    assert prior_of(library, barking, scored(text(barking), m1=5.0)) == {Modality.IMAGE: 5.0}
    said = [scored(text(barking, m), m1=5.0) for m in (Modality.SPEECH, Modality.SCREEN)]
    assert set(prior_of(library, barking, *said).values()) == {5.0}
    unwanted = [scored(replace(text(barking, m), weight=-1.0), m1=5.0)
                for m in (Modality.IMAGE, Modality.SOUND)]  # fmt: skip
    assert set(prior_of(library, barking, *unwanted).values()) == {5.0}


def asked_of(library, *branches: Branch) -> np.ndarray:
    """Return the vector that the last of these branches scores with."""
    planned = Plan(Query.of("x"), branches, 1)
    vectors = embed_query(planned, library.towers, library.settings)
    return executing._asked(branches[-1], executing._Run(planned, vectors, Sources({}, {}), np.inf))


def test_what_is_excluded_is_asked_without_what_it_shares_with_what_is_wanted(library):
    embed = library.towers.encoder.embed_texts
    dog, retriever = text("dog"), replace(text("dog golden"), weight=-1.0)
    own = asked_of(library, dog, retriever)
    assert np.linalg.norm(own) == pytest.approx(1)
    assert float(own @ embed(["dog"])[0]) == pytest.approx(0, abs=1e-5)
    assert float(own @ embed(["golden"])[0]) > 0.9
    alone = embed(["dog golden"])[0]
    np.testing.assert_allclose(asked_of(library, retriever), alone, atol=1e-6)
    of_another_stage = replace(dog, stage=1)
    np.testing.assert_allclose(asked_of(library, of_another_stage, retriever), alone, atol=1e-6)


def test_what_is_wanted_and_what_is_excluded_in_the_same_words_stay_as_they_are(library):
    embed = library.towers.encoder.embed_texts
    for weight in (1.0, -1.0):
        asked = asked_of(library, text("dog"), replace(text("dog"), weight=weight))
        np.testing.assert_allclose(asked, embed(["dog"])[0], atol=1e-6)
