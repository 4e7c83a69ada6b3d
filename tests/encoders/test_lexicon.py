"""Words of other languages have English names where the text tower is unsure of them."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from engine.encoders.compact.lexicon import LEXICON, Lexicon, folded, stems

LINES = {
    "chat noir": "black cat", "hund": "dog", "katze": "cat", "perro": "dog",
    "perro guía": "guide dog", "grass": "", "gras": "butter",
    "熊猫": "panda", "狗": "dog", "собака": "dog", "كلب": "dog",
}  # fmt: skip


@pytest.fixture(scope="module")
def lexicon(tmp_path_factory) -> Lexicon:
    file = tmp_path_factory.mktemp("lexicon") / "words.tsv"
    lines = sorted(f"{word}\t{gloss}\n".encode() for word, gloss in LINES.items())
    file.write_bytes(b"".join(lines))
    return Lexicon(file)


def test_each_word_is_found_and_its_neighbours_are_not(lexicon):
    assert {word: lexicon.name(word) for word in LINES} == LINES
    for absent in ("", "a", "hun", "hunde", "zzz", "chat", "熊", "perro g"):
        assert lexicon.name(absent) is None


@pytest.mark.parametrize(
    ("text", "names", "share"),
    [
        ("Hund", "dog", 1.0),
        ("Katzen", "cat", 1.0),
        ("perros", "dog", 1.0),
        ("PERRO GUÍA", "guide dog", 1.0),
        ("熊猫", "panda", 1.0),
        ("两只熊猫", "panda", 0.5),
        ("собаки", "dog", 1.0),
        ("الكلب", "dog", 1.0),
        ("Hund und Katze", "dog cat", 9 / 12),
    ],
)
def test_the_words_of_a_text_are_named_as_far_as_they_are_known(lexicon, text, names, share):
    assert lexicon.english(text) == (names, pytest.approx(share))


@pytest.mark.parametrize(
    "text", ["", "?!", "grass", "a dog", "in my opinion this is rather a Hund", "🐕", "欢迎"]
)
def test_english_and_what_is_hardly_covered_stay_as_they_are(lexicon, text):
    assert lexicon.english(text) == ("", 0.0)


def test_a_text_of_any_length_is_answered(lexicon):
    assert lexicon.english("狗" * 100_000)[1] == 1.0
    assert lexicon.english("x" * 100_000) == ("", 0.0)


def test_forms_keep_a_stem_of_four_letters():
    assert stems("hunde") == ["hund"]
    assert stems("oen") == []
    assert folded("  Chat\u00a0NOIR ") == "chat noir"


# --- the table that is shipped ---------------------------------------------------------------


def test_the_table_is_sorted_and_whole():
    lines = LEXICON.read_bytes().splitlines()
    assert lines == sorted(lines)
    words = [line.split(b"\t")[0] for line in lines]
    assert len(set(words)) == len(words) > 100_000
    assert all(line.count(b"\t") == 1 for line in lines)


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("Vogel", "bird"), ("perro", "dog"), ("vélo", "bicycle"), ("熊猫", "panda"),
        ("猫", "cat"), ("цветок", "flower"), ("سمكة", "fish"), ("कुत्ता", "dog"),
        ("สุนัข", "dog"), ("꽃", "flower"),
    ],
)  # fmt: skip
def test_words_of_many_languages_are_in_it(word, name):
    assert Lexicon().english(word) == (name, 1.0)


def test_it_has_no_word_for_english_phrases():
    from engine.query.calibration.phrases import phrases
    from engine.query.everyday_words import everyday_words

    texts = [*phrases(), *everyday_words()]
    assert [text for text in texts if Lexicon().english(text)[0]] == []


def test_a_card_says_where_it_comes_from():
    card = LEXICON.with_name("LEXICON_CARD.md").read_text(encoding="utf-8")
    assert "Unicode" in card and "Copyright" in card
    assert find_spec("engine") and Path(LEXICON).stat().st_size < 4e6
