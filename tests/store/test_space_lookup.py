"""Spaces are found by name, and said to be served once they are full."""

from __future__ import annotations

import pytest

from engine.errors import UsageError
from engine.store import SpaceInfo, SpaceRole
from engine.store.space_lookup import find_space, is_empty, require_droppable, serving
from engine.types import Modality, Space

LOOKS = SpaceInfo(Space("looks", "l", "1", 4))
FULL = SpaceInfo(Space("text", "t", "1", 8), SpaceRole("t", "looks", "text"), True, True)
FILLING = SpaceInfo(Space("more", "m", "1", 8), SpaceRole("m", "looks", "own"), False)
OWN = SpaceInfo(Space("own", "o", "1", 4))
INFOS = {info.space.name: info for info in (LOOKS, FULL, FILLING, OWN)}


def test_a_space_of_likeness_is_not_one_that_texts_query() -> None:
    assert find_space("text", INFOS) is FULL
    with pytest.raises(UsageError, match="is called 'looks'; there is text, more"):
        find_space("looks", INFOS)
    with pytest.raises(UsageError, match="there is none yet"):
        find_space("text", {})


def test_a_space_that_is_being_filled_is_found_but_not_ready() -> None:
    assert find_space("more", INFOS) is FILLING
    with pytest.raises(UsageError, match="sensorium index --add-space m"):
        find_space("more", INFOS, ready=True)


def test_what_a_filling_space_shares_is_served() -> None:
    assert serving(INFOS.values()) == {"text", "looks"}


def test_the_default_cannot_be_dropped() -> None:
    require_droppable(FILLING)
    with pytest.raises(UsageError, match="make another the default first"):
        require_droppable(FULL)


def test_a_further_space_without_vectors_is_empty_where_there_are_pictures() -> None:
    assert is_empty("further", 0, [Modality.IMAGE])
    assert is_empty("further", 0, [Modality.SOUND, Modality.KEYFRAME])
    assert not is_empty("further", 1, [Modality.IMAGE])
    assert not is_empty("further", 0, [Modality.SOUND])
    assert not is_empty("likeness", 0, [Modality.IMAGE]) and not is_empty("text", 0, [])
