"""Several spaces of one encoder are one witness, and what is in them belongs together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine import Library
from engine.errors import UsageError
from engine.query.families import better_of_families
from engine.query.fuse import fuse
from engine.store import Store
from engine.testing.fake_encoder import FakeScenes, fake_towers, other_towers
from engine.types import Fusion, Modality
from indexers.backfill import fill
from tests import media_files as make
from tests.query.scores import branch, scored

CLASSES = replace(branch(), family="words")
SCENES = replace(branch(space="scenes"), family="words")
SPACE = FakeScenes.further[0].name


LOG_2 = 0.6931
"""What two chances to say something take off."""


def test_a_moment_stays_where_its_evidence_is_greater():
    classes, scenes, other = better_of_families(
        [scored(CLASSES, m1=3.0, m2=-1.0), scored(SCENES, m1=1.0, m2=2.0, m3=0.5), scored(branch())]
    )
    assert classes.ids.tolist() == [1]
    assert classes.log_odds.tolist() == pytest.approx([3.1 - LOG_2], abs=1e-4)
    assert scenes.ids.tolist() == [2, 3]
    assert scenes.log_odds.tolist() == pytest.approx([1.9 - LOG_2, 0.5], abs=1e-4)
    assert len(other.ids) == 0


def test_what_both_say_alike_counts_little_more_than_once():
    both = better_of_families([scored(CLASSES, m1=2.0), scored(SCENES, m1=2.0)])
    assert fuse(both).evidence.tolist() == pytest.approx([2.2 - LOG_2], abs=1e-4)


def test_of_two_equal_ones_that_which_the_other_space_sees_too_is_first():
    both = better_of_families([scored(CLASSES, m1=4.0, m2=4.0), scored(SCENES, m1=-1.0, m2=3.0)])
    assert fuse(both).ids.tolist() == [2, 1]


@pytest.mark.parametrize(
    "another",
    [
        replace(SCENES, family=None),
        replace(SCENES, family="other"),
        replace(SCENES, stage=1),
        replace(SCENES, modality=Modality.KEYFRAME),
        replace(branch(space="scenes", term="a cat"), family="words"),
    ],
)
def test_branches_that_ask_something_else_are_left_alone(another):
    both = [scored(CLASSES, m1=3.0), scored(another, m1=1.0)]
    assert [s.ids.tolist() for s in better_of_families(both)] == [[1], [1]]


def test_what_is_excluded_counts_by_the_greater_likeness():
    against = [
        replace(branch("not", weight=-1.0, space=space), family="words") for space in ("a", "b")
    ]
    kept = better_of_families([scored(against[0], m1=2.0), scored(against[1], m1=-4.0)])
    assert fuse(kept).evidence.tolist() == pytest.approx([-(1.6 - LOG_2)], abs=1e-4)


# --- a library whose encoder has two such spaces ------------------------------------------


@pytest.fixture(scope="module")
def media(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("families")
    for number in range(12):
        colour = ("red", "green", "blue", "yellow")[number % 4]
        make.picture(folder / f"{colour}{number}.png", colour)
    make.sound(folder / "deep.wav", (200, 2.0))
    return folder


@pytest.fixture
def library(tmp_path, settings, media) -> Iterator[Library]:
    towers = other_towers(FakeScenes.name)
    with Library(Store.create(tmp_path / "lib", FakeScenes.name), settings, towers) as made:
        made.index(media)
        yield made


def colours(found) -> set[str]:
    return {Path(hit.path).stem.rstrip("0123456789") for hit in found.hits[:3]}


def test_either_space_finds_a_picture_and_why_says_which(library):
    by_class, by_scene = library.search("red"), library.search("sunset")
    assert colours(by_class) == colours(by_scene) == {"red"}
    assert {why.space for why in by_class.hits[0].why if why.space} == {FakeScenes.name}
    assert {why.space for why in by_scene.hits[0].why if why.space} == {SPACE}


@pytest.mark.parametrize("fusion", [Fusion.CALIBRATED, Fusion.RRF, Fusion.MAX, Fusion.WEIGHTED])
def test_every_fusion_takes_the_better_of_both(library, fusion):
    assert colours(library.search("sunset", fusion=fusion).likely) == {"red"}


def test_a_kind_and_a_filter_hold_in_both(library):
    assert SPACE not in {
        branch.space for branch in library.search("sunset kind:audio").plan.branches
    }
    assert colours(library.search("sunset sea path:**/blue*")) == {"blue"}


def test_both_spaces_have_backgrounds_and_the_second_is_named(library):
    known = {(b.space, b.query, b.modality) for b in library.store.backgrounds()}
    assert {(FakeScenes.name, "text", "image"), (SPACE, "text", "image")} <= known
    roles = {space.name: space.role for space in library.spaces.list()}
    assert (roles[FakeScenes.name], roles[SPACE]) == ("text", "further")
    assert library.verify(deep=True).problems == ()
    library.rebuild()
    assert colours(library.search("sunset")) == {"red"}


def test_a_further_space_comes_and_goes_with_its_encoder(tmp_path, settings, media):
    with Library(Store.create(tmp_path / "lib", "fake"), settings, fake_towers()) as made:
        made.index(media)
        fill(made.store, other_towers(FakeScenes.name), settings)
        count = made.store.stats().vectors
        assert count[SPACE] == count["fake-looks"] == 12
        with pytest.raises(UsageError, match="no space that texts query"):
            made.spaces.drop(SPACE)
        assert made.spaces.drop(FakeScenes.name) == [FakeScenes.name, SPACE]
        assert made.verify(deep=True).problems == ()


def test_texts_are_embedded_for_each_space(library, monkeypatch):
    asked: list[str] = []
    embed = FakeScenes.embed_texts_in
    monkeypatch.setattr(
        FakeScenes, "embed_texts_in",
        lambda self, space, texts: asked.extend(texts) or embed(self, space, texts),
    )  # fmt: skip
    library.search("sunset")
    library.search("sunset", kinds=["image"])
    assert asked == ["sunset"]
    np.testing.assert_allclose(np.linalg.norm(embed(FakeScenes(), SPACE, ["sea"])), 1, rtol=1e-5)
