"""Messages speak of arguments in Python, and of options on the command line."""

from __future__ import annotations

import ast
import pickle
from pathlib import Path

import click
import pytest

from engine.commands.main import main
from engine.commands.wording import worded
from engine.errors import FilesVanished, InvalidQuery, LibraryBusy, UsageError

ROOT = Path(__file__).parents[2]


def context(command: str) -> click.Context:
    ctx = click.Context(main, info_name="sensorium")
    ctx.invoked_subcommand = command
    return ctx


@pytest.mark.parametrize(
    ("command", "error", "line"),
    [
        ("search", InvalidQuery("top= must be 1, not 0", arguments=("top",)),
         "--top must be 1, not 0"),
        ("search", InvalidQuery("give text, image= or audio=", arguments=("image", "audio")),
         "give text, --image or --audio"),
        ("search", InvalidQuery("deadline_ms=3 is short", arguments=("deadline_ms",)),
         "--deadline-ms 3 is short"),
        ("index", LibraryBusy("busy; wait=True waits", arguments=("wait",)), "busy; --wait waits"),
        ("curate", UsageError("tag=WORD, not to=DIR", arguments=("tag", "to")),
         "--tag WORD, not --to DIR"),
        ("curate", UsageError("choose one with modality=", arguments=("modality",)),
         "choose one with --modality"),
        ("stats", UsageError("nothing yet: library.index(PATH)"),
         "nothing yet: sensorium index PATH"),
        ("stats", UsageError("make one: Library.open('/a b', create=True)"),
         "make one: sensorium index PATH --library '/a b'"),
        ("search", InvalidQuery("/top=5.jpg: top= is 3", arguments=()), "/top=5.jpg: top= is 3"),
    ],
)  # fmt: skip
def test_a_message_has_options_in_the_place_of_its_arguments(command, error, line):
    assert worded(error, context(command)) == line


def test_a_folder_that_vanished_names_the_options_of_index():
    error = FilesVanished("/photos", 5, 6)
    assert "vanished='keep' goes on" in str(error)
    line = worded(error, context("index"))
    assert "--keep-missing goes on" in line
    assert "--forget-missing forgets" in line


def test_errors_keep_their_arguments_when_they_travel():
    error = pickle.loads(pickle.dumps(InvalidQuery("top= is 0", arguments=("top",))))
    assert (str(error), error.arguments) == ("top= is 0", ("top",))


def engine_files() -> list[Path]:
    """Return the modules whose errors people see in Python."""
    rooms = [ROOT / "engine", ROOT / "indexers"]
    out = ("commands", "training")
    return [p for room in rooms for p in sorted(room.rglob("*.py")) if p.parts[-2] not in out
            and "commands" not in p.parts]  # fmt: skip


@pytest.mark.parametrize("path", engine_files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_error_of_the_engine_names_an_option(path):
    """Options of the pip that installs something are no options of ours."""
    for raised in ast.walk(ast.parse(path.read_text())):
        if isinstance(raised, ast.Raise) and raised.exc is not None:
            texts = [n.value for n in ast.walk(raised.exc) if isinstance(n, ast.Constant)]
            text = "".join(value for value in texts if isinstance(value, str))
            assert "--" not in text.split("pip install")[0], f"{path}:{raised.lineno}: {text}"
