"""The file of settings: what it says, in which line, and changes that leave the rest as it is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine.common.user_path import expanded
from engine.config import Settings
from engine.config_edit import set_key, unset_key
from engine.config_file import (
    config_path,
    parse_config,
    read_config,
    setting_sources,
    statements,
)
from engine.errors import UsageError
from engine.library.open import OpenOptions
from sensorium import Library

WRITTEN = """\
# mine
threads = 3   # of four

[search]      # as I like it
top = 20
kind = [
  "image",  # pictures
  "video",
]

[curate.duplicates]
threshold = 0.9
"""


@pytest.fixture
def file(tmp_path, monkeypatch) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(WRITTEN)
    monkeypatch.setenv("SENSORIUM_CONFIG", str(path))
    monkeypatch.delenv("SENSORIUM_LIBRARY")
    return path


def test_the_file_goes_before_defaults_and_the_environment_before_the_file(file):
    environ = {"SENSORIUM_CONFIG": str(file)}
    assert Settings.load(environ).threads == 3
    assert Settings.load({**environ, "SENSORIUM_THREADS": "2"}).threads == 2
    assert Settings.load({**environ, "SENSORIUM_THREADS": ""}).threads == 3
    assert Settings.load(environ).batch_size == Settings().batch_size
    assert Settings.from_env(environ).threads == Settings().threads


def test_every_setting_says_where_it_comes_from(file):
    sources = {
        each.key: each.source for each in setting_sources(read_config(), {"SENSORIUM_SPEECH": "0"})
    }
    assert sources["threads"] == f"{file}:2"
    assert sources["speech"] == "environment SENSORIUM_SPEECH"
    assert sources["recall"] == "default"


def test_python_sees_the_same_settings(file, tmp_path):
    file.write_text(f'library = "photos.library"\nthreads = 1\ncache = "{tmp_path}/cache"\n')
    assert OpenOptions().resolved().threads == 1
    with Library.open(create=True, encoder="fake") as made:
        assert made.path == expanded(tmp_path / "photos.library")  # beside the file
        assert made.settings.threads == 1


def test_it_lies_where_settings_lie_on_this_machine(monkeypatch, tmp_path):
    assert config_path({"SENSORIUM_CONFIG": "~/s.toml"}) == Path.home() / "s.toml"
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    if os.name == "posix" and os.uname().sysname == "Linux":
        assert config_path({}) == tmp_path / "sensorium" / "config.toml"
    assert config_path({}).name == "config.toml"
    assert read_config({}).settings == {}  # one that is not there is empty


def test_a_file_that_is_named_and_not_there_is_one_line(tmp_path):
    with pytest.raises(UsageError, match="there is no such file; make it with"):
        read_config({"SENSORIUM_CONFIG": str(tmp_path / "none.toml")})
    assert read_config({"SENSORIUM_CONFIG": os.devnull}).settings == {}


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("threads = 3\nrecall =\n", 2, "invalid value; a line is such as"),
        ("threads = 3\nspeech yes\n", 2, "expected '='"),
        ("a = 1\nthreads = 3\nthreads = 4\n", 3, "overwrite a value"),
        ('library = "a\n', 1, "illegal character"),
        ("[search\ntop = 3\n", 1, "expected ']'"),
        ("kind = [\n'a',\n", 2, ""),
        ("\n\nthread = 3\n", 3, "there is no setting 'thread'; did you mean threads?"),
        ("wibble = 3\n", 1, "there is no setting 'wibble'; `sensorium config list`"),
        ('threads = "3"\n', 1, "is not a valid int, such as threads = "),
        ("threads = true\n", 1, "is not a valid int"),
        ("speech = 1\n", 1, "is not a valid bool, such as speech = true"),
        ("\nlibrary = 3\n", 2, "is not a valid path in quotes"),
        ("threads = 1000000\n", 1, "must be between 1 and"),
        ('device = "gpu"\n', 1, "must be one of auto, cpu, cuda"),
        ("recall = nan\n", 1, "must be between"),
        ('library = "~no-such-person/x"\n', 1, "no such home folder"),
    ],
)
def test_what_is_wrong_is_one_line_that_names_the_line(text, line, words):
    with pytest.raises(UsageError) as wrong:
        parse_config(Path("c.toml"), text)
    assert str(wrong.value).startswith(f"c.toml:{line}: ")
    assert words in str(wrong.value)
    assert "\n" not in str(wrong.value)


def test_bytes_that_are_no_text_are_one_line(tmp_path):
    (tmp_path / "c.toml").write_bytes(b"threads = 3\n# \xff\n")
    with pytest.raises(UsageError, match=r"c.toml:2: this is no UTF-8"):
        read_config({"SENSORIUM_CONFIG": str(tmp_path / "c.toml")})


def test_whole_numbers_are_numbers_and_dashes_are_taken():
    read = parse_config(Path("c.toml"), "recall = 1\nbatch-size = 4\n")
    assert read.settings == {"recall": 1.0, "batch_size": 4}
    assert parse_config(Path("c.toml"), "recall = 1\r\nthreads = 2\r\n").lines["threads"] == 2


def test_statements_know_their_lines():
    lines = parse_config(Path("c.toml"), WRITTEN).lines
    assert lines == {"threads": 2, "search.top": 5, "search.kind": 6,
                     "curate.duplicates.threshold": 12}  # fmt: skip
    multi = 'a = """\nb = 1\n"""\nsearch.top = 3\n[x]\ny = {z = 1, w = 2}\n'
    assert [(s.table, s.keys, s.first, s.last) for s in statements(multi)] == [
        ("", ("a",), 1, 3), ("", ("search.top",), 4, 4), ("x", (), 5, 5),
        ("x", ("x.y.z", "x.y.w"), 6, 6),
    ]  # fmt: skip


def test_a_change_leaves_all_else_as_it_is(file):
    set_key(file, "threads", 2)
    assert file.read_text() == WRITTEN.replace("threads = 3 ", "threads = 2 ")
    set_key(file, "threads", 3)
    assert file.read_text() == WRITTEN
    set_key(file, "search.top", 5)
    assert file.read_text() == WRITTEN.replace("top = 20", "top = 5")
    set_key(file, "search.group", "asset")
    assert 'video",\n]\ngroup = "asset"\n\n[curate' in file.read_text()
    set_key(file, "speech", False)
    assert "threads = 3   # of four\nspeech = false\n\n[search]" in file.read_text()
    assert unset_key(file, "search.group") and unset_key(file, "speech")
    assert file.read_text() == WRITTEN.replace("top = 20", "top = 5")
    assert unset_key(file, "search.kind")
    assert "pictures" not in file.read_text()
    assert not unset_key(file, "search.kind")


@pytest.mark.parametrize(
    "value", ['a "b" \\ # c', "äöü 日本 \x7f\t\n", True, 3, 0.5, ["a b", "c"], ""]
)
def test_every_value_comes_back(file, value):
    set_key(file, "search.where", value)
    assert read_config().tables["search"]["where"] == value
    set_key(file, "search.where", "again")
    assert read_config().tables["search"]["where"] == "again"


def test_a_file_is_made_and_a_link_to_it_stays_one(tmp_path):
    real, link = tmp_path / "dotfiles" / "s.toml", tmp_path / "config.toml"
    link.symlink_to(real)
    set_key(link, "search.top", 3)
    set_key(link, "threads", 2)
    assert link.is_symlink()
    assert real.read_text() == "threads = 2\n\n[search]\ntop = 3\n"


@pytest.mark.parametrize("text", ["search = {top = 3, kind = ['image']}\n", "[search]\n[[x]]\n"])
def test_what_cannot_be_changed_by_line_stays(tmp_path, text):
    path = tmp_path / "c.toml"
    path.write_text(text)
    if "[[" in text:
        with pytest.raises(UsageError):
            set_key(path, "search", 3)
    else:
        with pytest.raises(UsageError, match="change it with `sensorium config edit`"):
            set_key(path, "search.top", 4)
    assert path.read_text() == text


def test_a_broken_file_is_not_written(file):
    file.write_text("threads = \n")
    with pytest.raises(UsageError, match=":1: "):
        set_key(file, "recall", 1.0)
    assert file.read_text() == "threads = \n"
