"""Paths that cannot be used are one line and exit code 2, for every path of every command.

The kind: whatever a user may type for a path: loops of links, names that are too long or hold
a NUL, the home of nobody, nothing at all, a file for a folder and a folder for a file.
"""

from __future__ import annotations

import os
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from engine import Library
from engine.commands.main import main
from engine.errors import PathNotFound, UsageError
from tests import media_files as make
from tests.commands.every import arguments, commands, takes_library

_NEVER = {
    "loop": "leads back to itself",
    "below": "leads back to itself",
    "long": "file name too long",
    "nobody": "there is no such home folder",
    "empty": "an empty path",
    "nul": "NUL",
}
"""What no path may be, by the words of its line."""
_SOMETIMES = ("file", "folder", "below a file", "missing", "bytes")
"""What is a path, and the right one for some arguments alone."""


@pytest.fixture(scope="module")
def made(tmp_path_factory, settings) -> Path:
    place = tmp_path_factory.mktemp("paths")
    (place / "media").mkdir()
    for number, colour in enumerate(("red", "green", "blue")):
        make.picture(place / "media" / f"{number}.png", colour)
    with Library.open(place / "library", create=True, encoder="fake", settings=settings) as made:
        made.index(place / "media")
    (place / "loop").symlink_to("loop")
    (place / "file").write_text("hello")
    (place / "folder").mkdir()
    os.mkfifo(place / "pipe")
    return place


def _bad(place: Path, name: str) -> str:
    return {
        "loop": str(place / "loop"), "below": str(place / "loop" / "x"), "long": "x" * 300,
        "nobody": "~nobody-of-that-name/x", "empty": "", "nul": "a\0b",
        "file": str(place / "file"), "folder": str(place / "folder"),
        "below a file": str(place / "file" / "x"), "missing": str(place / "gone" / "x"),
        "bytes": str(place / "a\udce9b"), "pipe": str(place / "pipe"),
    }[name]  # fmt: skip


def _paths() -> list[object]:
    return [
        pytest.param(names, command, option, id=f"{' '.join(names)} {option.name}")
        for names, command in sorted(commands(), key=lambda each: each[0])
        for option in command.params
        if isinstance(option.type, click.Path) or (names, option.name) == (("index",), "paths")
    ]


def _typed(names, command, option, value: str, made: Path, place: Path) -> list[str]:
    typed = arguments(names, media=made / "media", place=place, results=made, truth=made)
    if not isinstance(option, click.Argument):
        typed += [option.opts[0], value]
        if option.name == "to" and names[0] == "curate" and "--apply" not in typed:
            typed += ["--apply", "link"]
    elif names == ("import",) or typed[len(names) :][:1] not in ([], ["--all"]):
        typed[len(names) + _place(command, option)] = value
    else:
        typed = [*names, value, *typed[len(names) :]]
        typed = [each for each in typed if each != "--all"]
    if option.name != "library" and takes_library(command):
        typed += ["--library", str(made / "library")]
    return typed


def _place(command, option) -> int:
    return [each for each in command.params if isinstance(each, click.Argument)].index(option)


@pytest.mark.parametrize(("names", "command", "option"), _paths())
def test_a_path_that_cannot_be_is_one_line(names, command, option, made, tmp_path):
    for name, words in _NEVER.items():
        typed = _typed(names, command, option, _bad(made, name), made, tmp_path)
        done = CliRunner().invoke(main, typed)
        assert isinstance(done.exception, SystemExit), (name, done.exc_info)
        assert (name, done.exit_code, done.stderr.count("\n")) == (name, 2, 1)
        assert words in done.stderr
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize(("names", "command", "option"), _paths())
def test_a_path_of_another_kind_is_no_traceback(
    names, command, option, made, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    for name in _SOMETIMES:
        typed = _typed(names, command, option, _bad(made, name), made, tmp_path / name)
        done = CliRunner().invoke(main, typed)
        known = done.exception is None or isinstance(done.exception, SystemExit)
        assert known, (name, typed, done.exc_info)


_CALLS = {
    "open": lambda library, path: Library.open(path),
    "index": lambda library, path: library.index([path]),
    "index, one": lambda library, path: library.index(path),
    "remove": lambda library, path: library.remove(path),
    "similar": lambda library, path: library.similar(path),
    "search image": lambda library, path: library.search(image=path),
    "classify": lambda library, path: library.classify(["a"], paths=path),
    "classify examples": lambda library, path: library.classify(["a"], examples=path),
    "classify out": lambda library, path: library.classify(["a"], out=path),
    "duplicates": lambda library, path: library.curate.duplicates(path),
    "semdedup": lambda library, path: library.curate.semdedup([path], eps=0.1),
    "captions": lambda library, path: library.curate.captions(path),
    "export": lambda library, path: library.export(path, "jsonl"),
    "import": lambda library, path: library.import_(path, "imagefolder"),
    "align": lambda library, path: library.align.learn("labels", path),
}


@pytest.mark.parametrize("call", _CALLS)
def test_methods_refuse_the_same_paths(call, made):
    with Library.open(made / "library") as library:
        for name in _NEVER:
            with pytest.raises(UsageError) as error:
                _CALLS[call](library, _bad(made, name))
            assert "\n" not in str(error.value)


def test_one_path_is_that_path_and_never_its_letters(made, tmp_path, settings):
    media = made / "media"
    with Library.open(tmp_path / "library", create=True, encoder="fake", settings=settings) as new:
        assert new.index(str(media)).added == 3
        assert new.index(media).unchanged == 3
        assert new.curate.duplicates(str(media)).findings == ()
        assert new.classify(["red", "blue"], paths=str(media)).files == 3
        assert new.search("red", exclude="blue").hits
        assert Library.preview(media, tmp_path / "library").found == 3
        with pytest.raises(UsageError, match="is no path: give a str, a Path, or a list"):
            new.index(b"media")
        with pytest.raises(UsageError, match="5 is no path"):
            new.index([5])
        with pytest.raises(UsageError, match="give a str, or a list of them"):
            new.search("red", exclude=5)
        with pytest.raises(UsageError, match="give one path"):
            new.search(image=["a.png"])


@pytest.mark.parametrize("option", ["--out", "--report"])
def test_what_is_no_file_is_not_replaced_by_one(option, made):
    typed = ["curate", "quality", "--library", str(made / "library"), option, str(made / "pipe")]
    done = CliRunner().invoke(main, typed)
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert (made / "pipe").is_fifo()


def test_an_empty_path_is_not_the_library_of_the_settings(made):
    with pytest.raises(PathNotFound, match="an empty path"):
        Library.open("")
