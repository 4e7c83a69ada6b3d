"""`sensorium help` and `sensorium man`: pages out of the docs and of the commands' own help."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from engine.commands.main import main
from engine.commands.man_page import manual
from engine.commands.topics import TOPICS
from tests.commands.every import commands

DOCS = Path(__file__).parents[2] / "docs"


def call(*arguments: str, columns: int = 80):
    return CliRunner().invoke(
        main, ["help", *arguments], prog_name="sensorium", env={"COLUMNS": str(columns)}
    )


def test_without_a_topic_all_are_listed():
    listed = call().stdout
    assert all(f"  {name} " in listed for name in TOPICS)
    assert "sensorium help COMMAND" in listed


@pytest.mark.parametrize("columns", [40, 80, 200])
@pytest.mark.parametrize("topic", TOPICS)
def test_a_topic_is_as_wide_as_the_terminal(topic, columns):
    done = call(topic, columns=columns)
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert len(lines) > 5
    assert max(map(len, lines)) <= min(columns, 100)
    assert "](" not in done.stdout and "\x1b" not in done.stdout and "make docs" not in done.stdout


def test_a_topic_says_what_the_docs_say():
    assert "kind:video,audio" in call("filters").stdout
    assert "config.toml" in call("SETTINGS").stdout
    assert "130, 143" in call("exit-codes").stdout
    assert "xargs -0" in call("pipes").stdout


def test_a_command_is_explained_as_by_its_own_help():
    for names in (("search",), ("curate", "duplicates"), ("config", "set"), ("curate",)):
        own = CliRunner().invoke(main, [*names, "--help"], prog_name="sensorium").stdout
        assert call(*names).stdout == own


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("filtres",), "did you mean filters?"),
        (("serch",), "did you mean search?"),
        (("curate", "duplicate"), "did you mean duplicates?"),
        (("search", "x"), "there is no command search 'x'"),
        (("wibblewobble",), "`sensorium help` lists the topics"),
    ],
)
def test_an_unknown_topic_is_one_line_with_the_nearest(names, words):
    done = call(*names)
    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert words in done.stderr


def test_the_manual_page_has_not_drifted_and_has_every_command():
    page = manual(main)
    assert (DOCS / "sensorium.1").read_text() == page, "run `make docs`"
    assert CliRunner().invoke(main, ["man"]).stdout == page
    for names, command in commands():
        assert command.hidden or f'.SS "sensorium {" ".join(names)} ' in page.replace("\\-", "-")


def test_the_manual_page_is_read_without_a_warning(tmp_path):
    (tmp_path / "sensorium.1").write_text(manual(main))
    readers = {
        "man": ["man", "--warnings", "-l", "sensorium.1"],
        "mandoc": ["mandoc", "-T", "lint", "-W", "warning", "sensorium.1"],
    }
    there = [command for name, command in readers.items() if shutil.which(name)]
    if not there:
        pytest.skip("neither man nor mandoc is installed")
    for command in there:
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
        if "--warnings" in command and done.returncode and "unrecognized" in done.stderr:
            continue  # a man of another system
        said = [
            line
            for line in (done.stderr + ("" if command[0] == "man" else done.stdout)).splitlines()
            if "missing date" not in line
        ]
        assert not said
