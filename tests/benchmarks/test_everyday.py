"""What the benchmark of everyday queries counts, on hits that are made up."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from benchmarks import everyday
from benchmarks.common import rows
from engine.types import Kind

ASKED = [{"query": "a dog", "right": "a.jpg|b.jpg"}, {"query": "a cat", "right": "c.jpg"}]


@dataclass
class MadeUp:
    path: str
    kind: Kind = Kind.IMAGE


def finds(*names: str, kind: Kind = Kind.IMAGE) -> everyday.Find:
    return lambda text, top: [MadeUp(str(Path(n).resolve()), kind) for n in names][:top]  # type: ignore[misc]


def test_a_search_is_answered_by_any_of_its_right_files():
    found = everyday._answered(finds("x.jpg", "b.jpg", "a.jpg"), Path(), ASKED, "query")
    assert found == [1, everyday._TOP]


def test_sounds_are_counted_on_the_pages_that_have_hits():
    assert everyday._share_of_sounds(finds("a.wav", kind=Kind.AUDIO), ["a dog"]) == 1
    assert everyday._share_of_sounds(finds("a.jpg"), ["a dog"]) == 0


def test_every_noun_is_one_word_with_a_right_file():
    nouns = rows(Path(everyday.__file__).parent / "home_nouns.csv")
    assert len(nouns) == 30
    assert all(row["word"].isalpha() and row["right"] for row in nouns)


def test_the_row_of_a_category_says_first_and_among_five():
    figures = {"a": 0.5, "a#": 0.75, everyday._SOUNDS: 0.2}
    shown, sounds = everyday._rows([figures, figures])
    assert shown[:3] == ("a", "0.500; 0.75", "0.500; 0.75")
    assert sounds[-1].reached is False


def test_the_scenes_of_a_library_can_be_left_out(tmp_path, settings):
    from engine.encoders import registry
    from engine.encoders.weight_files import E5_SMALL
    from engine.library.facade import Library

    if E5_SMALL.find() is None:
        pytest.skip("no weights of the multilingual encoder")
    Library.open(
        tmp_path / "library", create=True, encoder=registry.MULTILINGUAL, settings=settings
    ).close()
    with everyday.without_scenes(tmp_path / "library") as library:
        assert library.towers.further == ()
