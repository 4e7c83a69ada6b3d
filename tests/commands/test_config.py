"""`sensorium config`, and defaults of commands from the file and the environment."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from engine.commands.command_defaults import leaves, options_of, variable_of
from engine.commands.main import main
from engine.config_file import field_names


@pytest.fixture
def file(tmp_path, monkeypatch) -> Path:
    path = tmp_path / "config.toml"
    path.write_text("")
    monkeypatch.setenv("SENSORIUM_CONFIG", str(path))
    monkeypatch.delenv("SENSORIUM_LIBRARY")
    return path


def call(*arguments: object):
    return CliRunner().invoke(main, list(map(str, arguments)), prog_name="sensorium")


def listed(*arguments: object) -> dict[str, dict[str, object]]:
    found = json.loads(call("config", "list", "--json", *arguments).stdout)["settings"]
    return {each["key"]: each for each in found}


def test_path_prints_the_file_alone(file):
    assert call("config", "path").stdout == f"{file}\n"


def test_what_is_set_is_read_by_the_command_and_an_option_goes_before(file, index, library, run):
    index()
    assert len(run("search", "red", "--json", "--all").json["hits"]) == 5
    assert call("config", "set", "search.top", 2).exit_code == 0
    assert call("config", "set", "search.kind", "image", "audio").exit_code == 0
    assert len(run("search", "red", "--json").json["hits"]) == 2
    assert len(run("search", "red", "--top", 3, "--json").json["hits"]) == 3
    kinds = {h["kind"] for h in run("search", "tone", "--kind", "audio", "--json").json["hits"]}
    assert kinds == {"audio"}
    assert call("config", "unset", "search.top").exit_code == 0
    assert len(run("search", "red", "--json").json["hits"]) == 5


def test_the_environment_goes_before_the_file(file, index, library, run, monkeypatch):
    index()
    call("config", "set", "search.top", 2)
    monkeypatch.setenv("SENSORIUM_SEARCH_TOP", "1")
    monkeypatch.setenv("SENSORIUM_SEARCH_KIND", "audio 'image'")
    assert len(run("search", "red", "--json").json["hits"]) == 1
    assert listed()["search.top"]["source"] == "environment SENSORIUM_SEARCH_TOP"
    assert listed()["search.kind"]["value"] == ["audio", "image"]
    monkeypatch.setenv("SENSORIUM_SEARCH_TOP", "many")
    done = run("search", "red")
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "SENSORIUM_SEARCH_TOP='many'" in done.err


def test_the_library_of_the_file_is_the_one_that_is_used(file, index, library):
    index()
    assert call("config", "set", "library", library).exit_code == 0
    assert json.loads(call("stats", "--json").stdout)["library"] == str(library)
    found = listed()["library"]
    assert (found["value"], found["source"]) == (str(library), f"{file}:1")


def test_each_source_is_named(file, monkeypatch):
    call("config", "set", "threads", 2)
    monkeypatch.setenv("SENSORIUM_OCR", "0")
    found = listed("--device", "cpu", "--library", "/else")
    assert found["threads"]["source"] == f"{file}:1"
    assert found["ocr"]["source"] == "environment SENSORIUM_OCR"
    assert (found["device"]["value"], found["device"]["source"]) == ("cpu", "option --device")
    assert (found["library"]["value"], found["library"]["source"]) == ("/else", "option --library")
    assert found["recall"]["source"] == "default"
    assert set(field_names()) <= set(found)
    row = next(r for r in call("config", "list").stdout.splitlines() if r.startswith("threads\t"))
    assert row == f"threads\t2\t{file}:1"


def test_a_command_lists_all_that_can_be_set_of_it(file):
    found = listed("search")
    assert found["search.top"] == {"key": "search.top", "value": 10, "source": "default"}
    assert "search.json" not in found and "search.library" not in found
    assert {key.partition(".")[0] for key in found} == {"search"}
    assert "curate.duplicates.threshold" in listed("curate")


def test_a_value_is_printed_for_programs(file):
    call("config", "set", "search.kind", "image", "video")
    assert call("config", "get", "search.kind").stdout == "image\nvideo\n"
    assert call("config", "get", "SENSORIUM_BATCH_SIZE").stdout == "8\n"
    assert call("config", "get", "batch-size").stdout == "8\n"
    assert call("config", "get", "speech").stdout == "true\n"
    assert call("config", "get", "search.group").stdout == "shot\n"


def test_a_path_is_kept_as_a_whole(file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    call("config", "set", "library", "photos.library")
    assert call("config", "get", "library").stdout == f"{tmp_path}/photos.library\n"
    call("config", "set", "library", "~/photos.library")
    assert 'library = "~/photos.library"' in file.read_text()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("set", "thread", "3"), "there is no setting 'thread'; did you mean threads?"),
        (("set", "threads", "x"), "is not a valid int"),
        (("set", "threads", "0"), "must be between"),
        (("set", "threads", "1", "2"), "takes one value, not 2"),
        (("set", "top", "3"), "say whose it is: search.top"),
        (("set", "serch.top", "3"), "did you mean search?"),
        (("set", "search.topp", "3"), "did you mean top?"),
        (("set", "search.top", "many"), "'many' is not a valid integer"),
        (("set", "search.kind", "photograph"), "is not one of 'image', 'video', 'audio'"),
        (("set", "search.json", "true"), "is about one call"),
        (("set", "search.library", "x"), "is a setting of all commands"),
        (("set", "device", "gpu"), "must be one of auto, cpu, cuda"),
        (("get", "wibble"), "`sensorium config list` has all of them"),
        (("get", "search.wibble"), "`sensorium config list search` has all of them"),
        (("list", "wibble"), "there is no setting 'wibble'"),
        (("unset", "wibble"), "there is no setting 'wibble'"),
    ],
)
def test_a_wrong_key_or_value_is_one_line_with_the_nearest(file, arguments, words):
    done = call("config", *arguments)
    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert words in done.stderr
    assert file.read_text() == ""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("threads = \n", ":1: invalid value"),
        ("[serch]\ntop = 3\n", ":2: there is no command 'serch'"),
        ("\n[stats]\ntop = 3\n", ":3: stats has no option 'top' to set"),
        ("[curate.duplicates]\nthresold = 3\n", ":2: curate duplicates has no option"),
        ("[stats]\njson = true\n", ":2: --json is about one call"),
    ],
)
def test_a_file_that_is_wrong_stops_commands_with_one_line(file, library, index, text, words):
    index()
    file.write_text(text)
    command = ("curate", "duplicates") if "curate" in text else ("stats",)
    for arguments in ((*command, "--library", library), ("config", "list")):
        done = call(*arguments)
        assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (2, "", 1)
        assert f"{file}{words}" in done.stderr
    for arguments in (("config", "path"), ("stats", "--help"), ("--help",), ("--version",)):
        assert call(*arguments).exit_code == 0


def test_edit_opens_the_editor_and_checks_what_it_left(file, monkeypatch, tmp_path):
    file.unlink()
    monkeypatch.setenv("EDITOR", "true")
    monkeypatch.delenv("VISUAL", raising=False)
    done = call("config", "edit")
    assert (done.exit_code, "sets 0 things" in done.stderr) == (0, True)
    uncommented = [line.removeprefix("# ") for line in file.read_text().splitlines()[1:]]
    file.write_text("\n".join(uncommented).replace("Tables have", "# Tables have"))
    assert listed()["search.group"]["value"] == "asset"
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\necho "threads = " > "$1"\n')
    editor.chmod(0o755)
    monkeypatch.setenv("EDITOR", str(editor))
    done = call("config", "edit")
    assert (done.exit_code, f"{file}:1: " in done.stderr) == (2, True)


def test_no_variable_means_two_things():
    names = {variable_of(name) for name in field_names()}
    for name, command in leaves(main):
        for option in options_of(command):
            variable = variable_of(f"{name}.{option}")
            assert variable not in names
            names.add(variable)


def test_every_default_can_be_set(file):
    for name, command in leaves(main):
        for option, parameter in options_of(command).items():
            default = parameter.get_default(click.Context(command), call=True)
            if isinstance(default, bool | int | float | str):
                typed = str(default).lower() if isinstance(default, bool) else default
                assert call("config", "set", f"{name}.{option}", typed).exit_code == 0, option
    assert call("config", "list").exit_code == 0
    assert os.environ["SENSORIUM_CONFIG"] == str(file)
