"""Qualities of pictures: asked for by texts that name one, beside what the pictures show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.encoders.towers import Towers
from engine.library.facade import Library
from engine.query.calibration.confidence import confidence
from engine.query.plan import Inventory, SearchableModality, plan
from engine.store import Store
from engine.testing.fake_encoder import FakeEncoder, FakeSounds
from engine.types import QUALITY, Modality, Query, Space
from tests import media_files as make
from tests.query.scores import branch, scored

SHADES = Space("fake-shades", FakeEncoder.name, "1", 2)


class Shaded(FakeEncoder):
    """Pictures of a colour are light or dark, whatever else."""

    further = qualities = (SHADES,)
    _names = ("light", "dark")

    def names_quality(self, space: str, text: str) -> bool:
        return space == SHADES.name and any(name in text.split() for name in self._names)

    def quality_phrases(self, space: str) -> Sequence[str]:
        return self._names

    def embed_texts_in(self, space: str, texts: Sequence[str]):
        assert space == SHADES.name
        named = [[name in text.split() for name in self._names] for text in texts]
        return np.array(named, np.float32)

    def embed_images(self, pixels):
        seen = super().embed_images(pixels)
        light = np.array([tag.word in ("yellow", "white") for (tag,) in seen.tags])
        rows = np.where(light[:, None], (0.8, 0.6), (0.6, 0.8)).astype(np.float32)
        return replace(seen, vectors={**seen.vectors, SHADES.name: rows})


class Former(FakeEncoder):
    """An earlier version, with another further space in place of that of shades."""

    further = (Space("fake-former", FakeEncoder.name, "1", 64),)

    def embed_texts_in(self, space: str, texts: Sequence[str]):
        return self.embed_texts(texts)

    def embed_images(self, pixels):
        seen = super().embed_images(pixels)
        return replace(seen, vectors={**seen.vectors, "fake-former": seen.vectors["fake"]})


def towers(encoder: FakeEncoder) -> Towers:
    return Towers(encoder, FakeSounds())


@pytest.fixture
def media(tmp_path) -> Path:
    for number in range(12):
        colour = ("red", "yellow", "white", "blue")[number % 4]
        make.picture(tmp_path / "media" / f"{colour}{number}.png", colour)
    return tmp_path / "media"


@pytest.fixture
def library(tmp_path, settings, media) -> Iterator[Library]:
    store = Store.create(tmp_path / "lib", FakeEncoder.name)
    with Library(store, settings, towers(Shaded())) as made:
        made.index(media)
        yield made


def helped(found, name: str = QUALITY) -> set[str]:
    """Return the colours of pictures that a branch in the space of shades speaks for."""
    return {
        Path(hit.path).stem.rstrip("0123456789")
        for hit in found.hits
        for why in hit.why
        if (why.branch, why.space) == (name, SHADES.name) and why.log_odds > 1
    }


def test_a_text_that_names_a_quality_finds_the_pictures_that_have_it(library):
    assert helped(library.search("something light", top=12)) == {"yellow", "white"}
    assert helped(library.search("something dark", top=12)) == {"red", "blue"}


def test_a_quality_that_is_excluded_counts_against_pictures(library):
    found = library.search("something", exclude=["light"], top=12)
    assert helped(found, "not") == {"yellow", "white"}


def test_other_texts_are_not_asked_in_its_space(library):
    assert SHADES.name not in {b.space for b in library.search("red").plan.branches}


def test_a_library_of_before_is_searched_and_the_next_index_fills_the_space(
    tmp_path, settings, media
):
    store = Store.create(tmp_path / "lib", FakeEncoder.name)
    with Library(store, settings, towers(Former())) as before:
        before.index(media)
        assert "fake-former" in before.store.spaces()
    with Library(Store.open(tmp_path / "lib"), settings, towers(Shaded())) as now:
        found = now.search("a red light")
        assert found.hits
        assert any("`sensorium index` fills fake-shades" in note for note in found.notes)
        now.index(media)
        found = now.search("something light", top=12)
        assert helped(found) == {"yellow", "white"}
        assert found.notes == ()
        assert now.verify(deep=True).problems == ()
        assert "fake-former" not in now.store.spaces(), "it is in place of it"


def test_the_longer_a_text_the_less_of_it_is_the_quality():
    held = {name: {Modality.IMAGE: SearchableModality(9)} for name in ("fake", SHADES.name)}
    asked = ("light", "a light house on a hill at sea")
    inventory = Inventory(
        "fake", "looks", "sounds", held, qualities={SHADES.name: frozenset(asked)}
    )
    weights = [
        b.weight for text in asked for b in plan(Query.of(text), inventory).branches
        if b.name == QUALITY
    ]  # fmt: skip
    assert weights[0] == 1.0
    assert 0.3 < weights[1] < 0.6


def test_a_quality_is_no_second_witness_of_what_is_asked():
    whole = scored(branch(), m1=6.0)
    also = scored(branch(QUALITY, space=SHADES.name, weight=0.5), m1=4.0)
    evidence = np.array([6.0])
    assert confidence(evidence, 6.0, [whole, also]) == confidence(evidence, 6.0, [whole])
