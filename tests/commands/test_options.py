"""Errors for programs, settings that options change, and commands that can be typed again."""

from __future__ import annotations

import json
import os
import shlex
import sys

import pytest
from click.testing import CliRunner

from engine.commands.main import main
from engine.commands.options import settings, typed_command
from engine.library.facade import Library


def call(*arguments: object):
    return CliRunner().invoke(main, list(map(str, arguments)))


def test_an_error_is_one_json_object_where_json_was_asked(tmp_path):
    done = call("stats", "--library", tmp_path / "none", "--json")
    assert done.exit_code == 2
    error = json.loads(done.stdout)["error"]
    assert (error["code"], error["retryable"]) == ("library_not_found", False)
    assert done.stderr == f"sensorium: {error['message']}\n"


def test_an_error_is_a_line_alone_where_it_was_not(tmp_path):
    done = call("stats", "--library", tmp_path / "none")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("sensorium: ")


def test_a_busy_library_may_be_asked_again(index, library, media):
    index()
    with Library.open(library) as opened, opened.store.writer():
        done = call("index", media, "--library", library, "--json")
    error = json.loads(done.stdout)["error"]
    assert (done.exit_code, error["code"], error["retryable"]) == (1, "library_busy", True)


def test_failures_tell_programs_whether_to_try_again(index, library, media):
    (media / "cut.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 9)
    index()
    (failure,) = json.loads(call("failures", "--library", library, "--json").stdout)["failures"]
    assert (failure["code"], failure["retryable"]) == ("corrupt_media", False)


@pytest.mark.parametrize(("option", "value"), [("device", "cpu"), ("backend", "onnx")])
def test_an_option_changes_the_settings_of_its_command_alone(
    index, library, media, monkeypatch, option, value
):
    index()
    variable = f"SENSORIUM_{option.upper()}"
    monkeypatch.setenv(variable, "auto")
    seen = []
    opened = Library.open.__func__

    def watch(cls, *arguments, **options):
        seen.append(options["settings"])
        return opened(cls, *arguments, **options)

    monkeypatch.setattr(Library, "open", classmethod(watch))
    assert call("index", media, "--library", library, f"--{option}", value).exit_code == 0
    assert getattr(seen[0], option) == value
    assert os.environ[variable] == "auto"
    assert call("stats", "--library", library).exit_code == 0
    assert getattr(seen[1], option) == "auto"
    assert getattr(settings(), option) == "auto"


def test_a_wrong_variable_is_named(index, library, media, monkeypatch):
    index()
    monkeypatch.setenv("SENSORIUM_THREADS", "many")
    done = call("stats", "--library", library)
    assert (done.exit_code, "SENSORIUM_THREADS" in done.stderr) == (2, True)


def test_a_command_is_quoted_so_that_a_shell_runs_it_again(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["sensorium", "search", "a cat's $HOME", "--top", "3"])
    assert shlex.split(typed_command()) == ["sensorium", "search", "a cat's $HOME", "--top", "3"]
