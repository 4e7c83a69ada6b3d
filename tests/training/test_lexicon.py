"""Translations are learned from pictographs that words stand at in two languages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from engine.training.lexicon import LANGUAGES, main, merged, read_annotations, translations

ENGLISH = {
    "🐕": ("dog", ("animal", "pet")),
    "🐶": ("dog face", ("animal", "dog", "pet")),
    "🐈": ("cat", ("animal", "pet")),
    "🍞": ("bread", ("food", "loaf")),
}
GERMAN = {
    "🐕": ("hund", ("tier", "haustier")),
    "🐶": ("hundegesicht", ("tier", "hund", "haustier")),
    "🐈": ("katze", ("tier", "haustier")),
    "🍞": ("brot", ("essen", "laib")),
}


def test_words_that_stand_at_the_same_pictographs_are_translations():
    found = {word: name for word, (name, _) in translations(GERMAN, ENGLISH, {"animal"}).items()}
    assert found["hund"] == "dog"
    assert found["katze"] == "cat"
    assert found["tier"] == "animal", "what people use of photographs goes before pet"
    assert found["hundegesicht"] == "dog", "how it is drawn is no part of a name"


def test_english_words_are_left_out_and_stop_endings():
    tables = [{"pain": ("bread", 1.0), "gras": ("butter", 1.0), "hund": ("dog", 2.0)}]
    assert merged(tables, {"pain", "grass"}) == {"gras": "butter", "hund": "dog", "grass": ""}


def test_where_languages_differ_the_better_agreement_is_taken():
    tables = [{"kat": ("cat", 2.0)}, {"kat": ("floor", 0.7)}]
    assert merged(tables, set()) == {"kat": "cat"}


@pytest.fixture
def annotations(tmp_path) -> Path:
    folder = tmp_path / "annotations"
    for language in ("en", *LANGUAGES):
        rows = ENGLISH if language == "en" else GERMAN
        entries = {s: {"tts": [name], "default": list(k)} for s, (name, k) in rows.items()}
        (folder / language).mkdir(parents=True)
        text = json.dumps({"annotations": {"annotations": entries | {"!": {"tts": ["mark"]}}}})
        (folder / language / "annotations.json").write_text(text, encoding="utf-8")
    return folder


def test_only_pictographs_are_read(annotations):
    assert set(read_annotations(annotations, "de")) == set(ENGLISH)


def test_the_script_writes_a_sorted_table(annotations, tmp_path):
    captions = tmp_path / "captions.csv"
    captions.write_text("file,caption,short\na.jpg,A dog.,dog\n", encoding="utf-8")
    wordnet = tmp_path / "wordnet"
    wordnet.mkdir()
    for part in ("noun", "verb", "adj", "adv"):
        (wordnet / f"index.{part}").write_text("  licence\nlaib n 1\n")
    out = tmp_path / "lexicon.tsv"
    call = [
        "--annotations",
        annotations,
        "--captions",
        captions,
        "--wordnet",
        wordnet,
        "--out",
        out,
    ]
    result = CliRunner().invoke(main, [str(arg) for arg in call])
    assert result.exit_code == 0, result.output
    lines = out.read_text(encoding="utf-8").splitlines()
    assert lines == sorted(lines)
    assert "hund\tdog" in lines
    assert not any(line.startswith("laib") for line in lines)
