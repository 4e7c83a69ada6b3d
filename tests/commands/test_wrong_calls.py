"""Calls that are wrong or vague: one line with a way out and exit code 2, or the right thing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from engine.commands.main import main


@pytest.fixture
def home(tmp_path, index, library, media, monkeypatch) -> Path:
    """A home folder with a library, where one stands."""
    index()
    home = tmp_path / "home"
    (tmp_path / "library").symlink_to(library)
    (home / "My Pictures").mkdir(parents=True)
    (home / "Holiday.jpg").write_bytes((media / "0.png").read_bytes())
    (home / "file").write_text("no library\n")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("SENSORIUM_LIBRARY", str(library))
    monkeypatch.chdir(home)
    return home


def call(*arguments: str, **environ: str):
    return CliRunner().invoke(main, arguments, prog_name="sensorium", env=environ)


WRONG = [
    (("serch", "dog"), "did you mean sensorium search dog?"),
    (("SEARCH", "dog"), "did you mean sensorium search dog?"),
    (("find", "a dog"), "did you mean sensorium search 'a dog'?"),
    (("dedupe",), "did you mean sensorium curate duplicates?"),
    (("outlier",), "did you mean sensorium curate outliers?"),
    (("status",), "did you mean sensorium stats?"),
    (("version",), "did you mean sensorium --version?"),
    (("a dog",), "sensorium search 'a dog'"),
    (("dog",), "to search for it: sensorium search dog"),
    (("search dog",), "leave out its quotes: sensorium search dog"),
    (("",), "`sensorium --help` lists the commands"),
    (("./My Pictures",), "is a folder; to take it in: sensorium index './My Pictures'"),
    (("~/My Pictures",), "is a folder; to take it in: sensorium index"),
    (("Holiday.jpg",), "is a file; to find what is like it: sensorium similar Holiday.jpg"),
    (("/no/such",), "no such file or folder, and no such command"),
    (("missing.jpg",), "sensorium similar missing.jpg"),
    (("--verison",), "Did you mean '--version'? Try 'sensorium --help'"),
    (("search", "dog", "--tpo", "3"), "'--top'"),
    (
        ("search", "dog", "--colour", "never"),
        "'--colour': colours are for terminals, and follow NO_COL",
    ),
    (("search", "dog", "--color"), "follow NO_COLOR=1, CLICOLOR=0 and CLICOLOR_FORCE=1. Try"),
    (("search", "./nothing here"), "there is no such file: './nothing here'"),
    (("search", "./nothing"), "./nothing: there is no such file"),
    (("search", "dog", "--clour"), "No such option '--clour'. Try"),
    (("search", "dog", "--limit", "3"), "Did you mean '--top'?"),
    (("search", "beach", "-people"), "goes into quotes with the rest: sensorium search 'beach -"),
    (("--top", "3", "search", "a dog"), "behind the command: sensorium search 'a dog' --top 3."),
    (("-q", "index", "x"), "-q goes behind the command: sensorium index x -q."),
    (("similar", "my", "dog.jpg"), "words that belong together go into quotes"),
    (("search", "dog", "-n", "3"), "No such option '-n'. Did you mean '--top'?"),
    (("search", "type:video dog"), "did you mean 'kind'?"),
    (("search", "ext:jpg"), "did you mean 'path:*.jpg'?"),
    (("tag", "Camera", "--add"), "Try 'sensorium tag --help'"),
    (("search", "dog", "--path", "Camera"), "a filter, a word of the query: path:FOLDER"),
    (("search", "dog", "--since", "2024"), "a filter, a word of the query: after:2024"),
    (("search", "dog", "--format", "json"), "Did you mean '--json'?"),
    (("search", "dog", "--sort", "newest"), "did you mean date?"),
    (("search", "dog", "--sort", "largest"), "did you mean size?"),
    (("show", "3-1"), "'3-1' ends before it begins; write 1-3"),
    (("show", "0-2"), "hits are numbered from 1"),
    (("curate", "dups"), "Did you mean 'duplicates'? Try 'sensorium curate --help'"),
    (("models", "nosuch"), "There are "),
    (("config", "get", "nosuch"), "there is no setting 'nosuch'"),
    (("search", "dog", "--top"), "--top"),
    (("search", "dog", "--top", "0"), "--top must be at least 1"),
    (("search", "dog", "--top", "-1"), "--top must be at least 1"),
    (("search", "dog", "--top", "many"), "'many' is not a valid integer"),
    (("search", "dog", "--kind", "photo"), "did you mean image?"),
    (("search", "dog", "--kind", "image,video"), "give the option once for each"),
    (("search", "dog", "--sort", "dat"), "did you mean date?"),
    (("search", "kind:photo"), "did you mean 'image'?"),
    (("search", "dog", "--where", "knd = image"), "did you mean 'kind'?"),
    (("search", "dog", "--after", "someday"), "a date is 2024"),
    (("search", ""), "nothing to search for: give a text"),
    (("search",), "nothing to search for: give a text"),
    (("search", 'a "dog'), "this quote is not closed"),
    (("search", "dog", "--weight", "image"), "write image=2,speech=0.5"),
    (("search", "dog", "--space", "clip"), "there is fake"),
    (("search", "dog", "--library", "~/none"), "make one: sensorium index PATH --library"),
    (("search", "dog", "--library", "file"), "is a file, and a library is a folder"),
    (("search", "dog", "--library", "{media}"), "take them into one: sensorium index"),
    (("index",), "Such as: sensorium index ~/Pictures"),
    (("index", "~/My Picture"), "did you mean "),
    (("index", "{media}", "--encoder", "fake2"), "--add-space"),
    (("similar", "{media}"), "it is a folder; name a file in it"),
    (("similar", "~/holiday.jpeg"), "did you mean "),
    (("teach", "Rex"), "Such as: sensorium teach Rex rex1.jpg"),
    (("curate", "dupes"), "Did you mean 'duplicates'? Try 'sensorium curate --help'"),
    (("classify", "--all"), "--labels cat,dog"),
    (("config", "set", "thread", "3"), "did you mean threads?"),
    (("help", "filtres"), "did you mean filters?"),
    (("remove",), "Such as: sensorium remove"),
    (("evaluate",), "Such as: sensorium evaluate result.parquet --truth labels.csv"),
]


@pytest.mark.parametrize(("typed", "way"), WRONG, ids=lambda value: " ".join(value)[:40])
def test_a_wrong_call_is_one_line_with_a_way_out(home, media, typed, way):
    filled = [word.format_map({"media": media}) for word in typed]
    for environ in ({}, {"TERM": "dumb", "COLUMNS": "40"}):
        done = call(*filled, **environ)
        assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (2, "", 1), done.output
        assert done.stderr.startswith("sensorium: ")
        assert way in done.stderr


RIGHT = [
    ("search", "red", "--library", "~/../library"),
    ("search", "'red'"),
    ("search", "--", "red", "-blue"),
    ("similar", "'~/Holiday.jpg'"),
    ("similar", "~/Holiday.jpg"),
    ("search", "red", "-t2", "--kind=image"),
    ("--version",),
    ("-V",),
    ("-h",),
    ("help", "search"),
    ("help", "language"),
    (),
]


@pytest.mark.parametrize("typed", RIGHT, ids=lambda value: " ".join(value)[:40])
def test_what_is_clear_is_done(home, typed):
    done = call(*typed, TERM="dumb", COLUMNS="40")
    assert done.exit_code == (2 if not typed else 0)  # without a command, the help
    assert (done.stdout + done.stderr).strip()
    assert "Traceback" not in done.output


def test_a_group_without_a_command_is_helped_line_by_line(home):
    done = call("curate")
    assert done.exit_code == 2
    assert "\n  duplicates " in done.output and "sensorium: Usage" not in done.output


def test_a_wrong_call_is_json_where_that_was_asked(home):
    for typed in (
        ("serch", "x", "--json"),
        ("search", "x", "--tpo", "--json"),
        ("index", "--json"),
    ):
        done = call(*typed)
        assert done.exit_code == 2
        assert '"code": "usage_error"' in done.stdout and done.stderr.count("\n") == 1


@pytest.mark.parametrize("typed", [("serch", "x"), ("search", "x", "--kind", "photo"), ("index",)])
def test_a_process_without_a_terminal_says_it_too(home, typed):
    done = subprocess.run(
        [sys.executable, "-m", "sensorium", *typed], capture_output=True, text=True,
        stdin=subprocess.DEVNULL, env={**os.environ, "TERM": "dumb", "COLUMNS": "40"},
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith("sensorium: ")
