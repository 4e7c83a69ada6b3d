"""Keys are read from the environment, or from a file that it names, and are never repeated."""

from __future__ import annotations

import pytest

from engine.common.server_keys import secret
from engine.encoders.http.client import key_of
from engine.encoders.http.names import parse
from engine.errors import UsageError
from engine.generate.gemini import GeminiChat
from engine.generate.openai import server_of

KEY = "sk-not-to-be-shown-4711"


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "a key"
    path.write_text(f"{KEY}\n")
    return path


def test_a_file_holds_it_where_the_variable_does_not(file):
    assert secret({"A_KEY_FILE": str(file)}, "A_KEY") == KEY
    assert secret({"A_KEY_FILE": str(file), "A_KEY": " own "}, "A_KEY") == "own"
    assert secret({}, "A_KEY") == ""


def test_all_that_ask_servers_take_files(file, monkeypatch):
    assert server_of({"OPENAI_API_KEY_FILE": str(file)})[1] == KEY
    served = parse("http:https://embed.example/v1#m")
    assert key_of(served, {"SENSORIUM_EMBED_KEY_FILE": str(file)}) == KEY
    assert GeminiChat("m", environ={"GOOGLE_API_KEY_FILE": str(file)})._key == KEY


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "cannot be read"), (f"{KEY} {KEY}", "no file of one key"), ("", "no file of one key"),
     (f"{KEY}\xff" * 9_000, "no file of one key")],
    ids=["none", "two", "empty", "long"],
)  # fmt: skip
def test_a_file_that_is_none_is_said_without_what_is_in_it(tmp_path, content, said):
    path = tmp_path / "key"
    if content is not None:
        path.write_bytes(content.encode("latin-1"))
    with pytest.raises(UsageError, match=said) as caught:
        secret({"A_KEY_FILE": str(path)}, "A_KEY")
    assert str(path) in str(caught.value)
    assert KEY not in str(caught.value)
