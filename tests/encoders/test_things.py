"""Nouns for things: which are kinds of which, and which are no things."""

from __future__ import annotations

import pytest

from engine.encoders.compact.things import thing_names


@pytest.fixture(scope="module")
def names():
    return thing_names()


@pytest.mark.parametrize(
    ("some", "other"),
    [("panda", "lesser panda"), ("crab", "fiddler crab"), ("dog", "Pembroke"),
     ("Giraffes", "animal"), ("loaves", "bread")],
)  # fmt: skip
def test_a_kind_is_kin_of_what_it_is_a_kind_of(names, some, other):
    assert names.are_kin(names.meanings(some), names.meanings(other))
    assert names.are_kin(names.meanings(other), names.meanings(some))


@pytest.mark.parametrize(
    ("some", "other"),
    [("giraffe", "cheetah"), ("pizza", "frying pan"), ("jellyfish", "anemone fish")],
)
def test_what_has_an_ancestor_in_common_alone_is_no_kin(names, some, other):
    assert not names.are_kin(names.meanings(some), names.class_meanings(other))


def test_two_animals_are_closer_than_a_room_and_what_stands_in_it(names):
    near = names.closeness(names.meanings("fox"), names.meanings("wolf"))
    assert near > 7 > names.closeness(names.meanings("kitchen"), names.meanings("microwave"))


def test_things_are_told_from_rooms_and_people(names):
    assert all(map(names.is_thing, names.meanings("violin")))
    assert not any(map(names.is_thing, names.meanings("kitchen")))
    assert any(map(names.is_person, names.meanings("man")))
    assert not any(map(names.is_thing, names.meanings("man"))), "no piece of chess"
    assert not any(map(names.is_person, names.meanings("dog"))), "whatever people call each other"


def test_a_class_is_taken_at_its_own_meaning(names):
    assert len(names.class_meanings("crane")) == 2, "a bird and a machine"
    assert len(names.class_meanings("mouse")) == 1 < len(names.meanings("mouse"))
    assert not names.meanings("qwertyish")
