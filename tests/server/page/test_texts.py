"""Texts of the page: the same in each language, each once, and words for what the server says."""

from __future__ import annotations

import json
import re
from collections import Counter
from importlib.resources import files
from pathlib import Path

import pytest

from engine.curate.quality import verdicts

PAGE = Path(str(files("engine.server") / "page"))
LANGUAGES = ("en", "de")


def pairs_of(language: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []

    def keep(pairs: list[tuple[str, str]]) -> dict[str, str]:
        found.extend(pairs)
        return dict(pairs)

    content = (PAGE / "texts" / f"{language}.json").read_text()
    assert len(json.loads(content, object_pairs_hook=keep)) <= len(found)
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_text_is_there_once(language):
    counts = Counter(name for name, _ in pairs_of(language))
    assert [name for name, count in counts.items() if count > 1] == []


def test_languages_have_the_same_texts_with_the_same_values():
    english, german = (dict(pairs_of(language)) for language in LANGUAGES)
    assert english.keys() == german.keys()

    def values(text: str) -> list[str]:
        return sorted(set(re.findall(r"\{\w+\}", text)))

    assert [name for name in english if values(english[name]) != values(german[name])] == []


def test_each_text_that_a_module_names_is_there():
    known = dict(pairs_of("en"))
    named = {
        name
        for module in PAGE.rglob("*.js")
        for name in re.findall(r'\b(?:text|counted|known)\("([\w-]+)"', module.read_text())
    }
    marked = re.findall(r'data-(?:text|label)="([\w-]+)"', (PAGE / "index.html").read_text())
    assert len(named) > 200 and named | set(marked) <= known.keys()


def test_what_the_server_says_by_a_code_has_words_in_german():
    german = dict(pairs_of("de"))
    engine = PAGE.parent.parent
    modules = [engine / "store/verify.py", engine / "index/verify.py"]
    codes = {
        code
        for module in modules
        for code in re.findall(r'HealthProblem\(\s*"(\w+)"', module.read_text())
    }
    assert len(codes) > 8 and {f"code-{code}" for code in codes} <= german.keys()
    assert {f"verdict-{name}" for name in verdicts.NAMES} <= german.keys()
