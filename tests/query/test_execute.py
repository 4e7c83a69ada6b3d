"""Finding and scoring are two steps: what one branch finds, all of them score."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import Library
from engine.query.embed import embed_query
from engine.query.execute import Sources, execute
from engine.query.explain import hits_of
from engine.query.fuse import fuse
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


def found(library, *branches: Branch) -> list[tuple[str, str]]:
    """File and branch of every candidate, when each branch may find one moment."""
    planned = Plan(Query("x"), branches, fetch=1)
    vectors = embed_query(planned, library.towers, library.settings)
    candidates = execute(planned, vectors, Sources(library.store, library._indexes, {}))
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
    ranked = fuse([weak, strong, words])
    (hit,) = hits_of(ranked, library.store.records([moment]))
    assert [why.branch for why in hit.why] == ["words", "text", "not"]
