"""Finding and scoring are two steps: what one branch finds, all of them score."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from engine import Library
from engine.query.calibrate import log_odds
from engine.query.embed import embed_query
from engine.query.execute import Sources, execute
from engine.query.explain import hits_of
from engine.query.fuse import fuse
from engine.store import Background
from engine.types import Branch, Candidate, Modality, Plan, Query
from tests import media_files as make

TEXT = Branch("text", "fake", Modality.IMAGE, "red")
NOT = Branch("not", "fake", Modality.IMAGE, "blue", weight=-1.0)


@pytest.fixture
def library(tmp_path, settings):
    media = tmp_path / "media"
    make.picture(media / "one.png", "red")
    make.picture(media / "zebra.png", "blue")
    make.picture(media / "three.png", "green")
    with Library.open(tmp_path / "lib", create=True, encoder="fake", settings=settings) as made:
        made.index([media])
        yield made


def sources(library, backgrounds) -> Sources:
    return Sources(library.store, library._indexes, backgrounds, library._allowed)


def found(library, *branches: Branch) -> list[tuple[str, str]]:
    """File and branch of every candidate, when each branch may find one moment."""
    planned = Plan(Query("x"), branches, fetch=1)
    vectors = embed_query(planned, library.towers, library.settings)
    candidates = execute(planned, vectors, sources(library, {}))
    records = library.store.records([c.moment_id for c in candidates])
    return sorted((Path(records[c.moment_id].path).name, c.branch.name) for c in candidates)


def test_what_is_not_wanted_scores_and_finds_nothing(library):
    assert found(library, TEXT, NOT) == [("one.png", "not"), ("one.png", "text")]


def test_what_only_words_find_is_scored_by_vectors_too(library):
    words = Branch("words", term="zebra")
    assert found(library, TEXT, words) == [
        ("one.png", "text"),
        ("zebra.png", "text"),
        ("zebra.png", "words"),
    ]


def test_unwanted_words_find_nothing(library):
    assert found(library, TEXT, Branch("not", term="zebra", weight=-1.0)) == [("one.png", "text")]


def test_why_names_the_strongest_branch_first(library):
    (moment,) = library.store.words("zebra", (), 1)[0][:1]
    weak, strong = Candidate(moment, TEXT, 0.1, 1.0), Candidate(moment, NOT, 0.1, -3.0)
    words = Candidate(moment, Branch("words", term="zebra"), 4.0, 4.0)
    (ranked,) = fuse([weak, strong, words])
    (hit,) = hits_of([(ranked, library.store.records([moment])[moment])])
    assert [why.branch for why in hit.why] == ["words", "text", "not"]
    assert [why.log_odds for why in hit.why] == [4.0, 1.0, 0.0]
    assert hit.score == 5.0


def candidates(library, *branches: Branch, fetch: int = 1, backgrounds=None) -> list[Candidate]:
    planned = Plan(Query("x"), branches, fetch)
    vectors = embed_query(planned, library.towers, library.settings)
    return execute(planned, vectors, sources(library, backgrounds or {}))


def test_unwanted_words_count_against_what_their_own_list_cuts_off(library, tmp_path):
    """Both pictures say "zebra"; a list of one names only the better of them."""
    make.picture(tmp_path / "media" / "zebra crossing.png", "red")
    library.index([tmp_path / "media"])
    library.search("red")
    text, unwanted = (
        Branch("text", "fake", Modality.IMAGE, "red zebra"),
        Branch("not", term="zebra"),
    )
    against = [
        c for c in candidates(library, text, replace(unwanted, weight=-1.0), fetch=3)
        if c.branch.name == "not"
    ]  # fmt: skip
    assert len(against) == 2
    assert all(c.raw > 0 for c in against)


def test_words_count_by_their_bm25(library):
    (only,) = (c for c in candidates(library, Branch("words", term="zebra")) if not c.branch.space)
    assert only.log_odds == only.raw > 0


@pytest.mark.parametrize(
    ("branch", "kind"),
    [
        (Branch("text", "fake", Modality.IMAGE, "green"), "text"),
        (Branch("image", "fake-looks", Modality.IMAGE), "image"),
        (Branch("image", "fake", Modality.IMAGE, weight=0.5), "image"),
        (NOT, "text"),
    ],
)
def test_a_score_is_measured_against_the_background_of_its_own_kind(library, branch, kind):
    """Every kind has a background of its own here, and only one of them is right."""
    backgrounds = {
        (branch.space, name, Modality.IMAGE): Background(
            branch.space, name, Modality.IMAGE, mean, 0.1, 1
        )
        for name, mean in (("text", 0.1), ("image", 0.2), ("audio", 0.4))
    }
    example = str(next(library.store.assets()).path)
    planned = Plan(Query(image=example), (TEXT, branch), fetch=1)
    vectors = embed_query(planned, library.towers, library.settings)
    library._make_level(library.store.spaces().values())
    found = execute(planned, vectors, sources(library, backgrounds))
    scored = [c for c in found if c.branch is branch]
    right = backgrounds[branch.space, kind, Modality.IMAGE]
    assert [c.log_odds for c in scored] == [pytest.approx(log_odds(c.raw, right)) for c in scored]
    assert scored


def test_a_modality_that_is_gone_since_the_plan_finds_nothing(library):
    assert candidates(library, Branch("text", "fake", Modality.SOUND, "red")) == []
