"""The table of commands says what the commands say, and help imports none of them."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest

from engine.commands.command_table import COMMANDS
from engine.commands.main import main

CONTEXT = click.Context(main)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_described_by_the_first_line_of_its_help(name):
    command = main.get_command(CONTEXT, name)
    assert command is not None
    assert command.name == name
    assert COMMANDS[name][2] == command.get_short_help_str(200)


def test_a_name_that_is_no_command_is_none():
    assert main.get_command(CONTEXT, "serach") is None


def test_help_imports_no_command():
    code = (
        "import sys; from engine.commands.main import main;"
        "main(['--help'], standalone_mode=False);"
        "print(*(m for m in sys.modules if m.startswith('engine.commands.')), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {module.split(".")[2] for module in done.stderr.split()}
    assert "search" in done.stdout
    assert loaded <= {
        "command_table",
        "crash_guard",
        "main",
        "options",
        "output",
        "signals",
        "streams",
    }
