"""Paths with spaces in a query are one example, where there are such files."""

from __future__ import annotations

import pytest

from engine.errors import QuerySyntax
from engine.query.language import build_query
from engine.types import PartKind

NAME = "my pics/a dog - b.jpg"


@pytest.fixture
def here(tmp_path, monkeypatch):
    (tmp_path / "my pics").mkdir()
    (tmp_path / NAME).touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def parts(text) -> list[tuple[str, PartKind, float]]:
    return [(part.value, part.asked, part.weight) for part in build_query(text).parts]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("./my pics/a dog - b.jpg", "./my pics/a dog - b.jpg"),
        ("~/my pics/a dog - b.jpg", "~/my pics/a dog - b.jpg"),
        ("{here}/my pics/a dog - b.jpg", "{here}/my pics/a dog - b.jpg"),
        (r"./my\ pics/a\ dog\ -\ b.jpg", r"./my\ pics/a\ dog\ -\ b.jpg"),
        ("'./my pics/a dog - b.jpg'", "'./my pics/a dog - b.jpg'"),
        ("file://{here}/my%20pics/a%20dog%20-%20b.jpg", "{here}/my pics/a dog - b.jpg"),
    ],
)
@pytest.mark.parametrize("spread", [True, False])
def test_a_path_with_spaces_is_an_example(here, text, path, spread):
    text, path = text.format(here=here), path.format(here=here)
    asked = f"a dog + {text}"
    words = ["a", "dog", "+", text] if spread else asked
    assert parts(words) == [("a dog", PartKind.TEXT, 1.0), (path, PartKind.FILE, 1.0)]


def test_what_stands_beside_a_path_is_read_as_ever(here):
    found = parts("2:./my pics/a dog - b.jpg - a cat")
    assert found == [(f"./{NAME}", PartKind.FILE, 2.0), ("a cat", PartKind.TEXT, -1.0)]
    assert parts(f"sky -./{NAME}")[1] == (f"./{NAME}", PartKind.FILE, -1.0)


@pytest.mark.parametrize(
    "text", ['"./my pics/a dog - b.jpg"', "a man/woman in 'long hair' / hat", '"./my things"']
)
def test_a_text_in_double_quotes_and_what_is_no_file_stay_texts(here, text):
    assert {asked for _, asked, _ in parts(text)} == {PartKind.TEXT}


@pytest.mark.parametrize("text", ["./my things", "./a ./b", "a dog + ../other pics/a.jpg"])
def test_a_path_with_spaces_that_is_not_there_is_no_text(here, text):
    with pytest.raises(QuerySyntax, match=r"there is no such file: .*double quotes"):
        parts(text)
