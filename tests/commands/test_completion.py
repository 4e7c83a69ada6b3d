"""Completion: what is offered, what it loads, and in real shells, where they are installed."""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from engine import Library
from engine.commands.completion import split_line
from engine.commands.main import main
from engine.common.query_fields import FIELD_MEANINGS
from engine.completion_words import read_names, read_places, read_tags
from engine.query.concepts.concept import Concept, ConceptFiles, Examples
from engine.query.language.filter_fields import FIELD_NAMES
from engine.types import PartKind, Space
from tests import media_files as make

ROOT = Path(__file__).parents[2]
OURS = {"click", "engine", "sensorium"}
SHELLS = {
    "bash": ["bash", "--norc", "--noprofile", "-i"],
    "zsh": ["zsh", "-f", "-i"],
    "fish": ["fish", "--no-config", "-i"],
}


@pytest.fixture
def offered(monkeypatch, tmp_path):
    """Return what is offered for a line that was typed up to the cursor."""
    monkeypatch.setenv("SENSORIUM_LIBRARY", str(tmp_path / "library"))

    def words(line: str, shell: str = "zsh") -> list[str]:
        environ = {"_SENSORIUM_COMPLETE": f"{shell}_complete", "_SENSORIUM_LINE": line}
        done = CliRunner().invoke(main, [], prog_name="sensorium", env=environ)
        assert done.exit_code == 0, done.output
        return [each.partition("\t")[0] for each in done.stdout.splitlines() if each]

    return words


def plain(words: list[str]) -> list[str]:
    return [word.removeprefix("plain,") for word in words if word.startswith("plain,")]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("sensorium sea", ["search"]),
        ("sensorium curate dup", ["duplicates"]),
        ("sensorium search --fus", ["--fusion"]),
        ("sensorium search dog --kind ", ["image", "video", "audio"]),
        ("sensorium search dog --group as", ["asset"]),
        ("sensorium search kind:i", ["kind:image"]),
        ('sensorium search "a dog kind:', ["a dog kind:image", "a dog kind:video",
                                           "a dog kind:audio"]),
        ("sensorium search dura", ["duration:"]),
        ("sensorium search speech:", ["speech:yes", "speech:no"]),
        ("sensorium search --where ki", ["kind"]),
        ("sensorium search --where 'kind ", ["kind =", "kind !=", "kind in"]),
        ("sensorium search --where 'kind = i", ["kind = image"]),
        ("sensorium search --where 'kind in (image, v", ["kind in (image, video"]),
        ("sensorium search --where 'kind = image and spe", ["kind = image and speech"]),
        ("sensorium search --where 'kind = image a", ["kind = image and"]),
        ("sensorium completion ", ["bash", "zsh", "fish"]),
        ("sensorium config set thr", ["threads"]),
        ("sensorium config set search.to", ["search.top"]),
        ("sensorium no-such-command x", []),
    ],
)  # fmt: skip
def test_what_can_be_typed_is_offered(offered, line, words):
    assert plain(offered(line)) == words


@pytest.mark.parametrize(
    "line",
    ["sensorium index ", "sensorium similar x", "sensorium search ./", "sensorium teach Rex r"],
)
def test_files_are_left_to_the_shell(offered, line):
    assert [word.partition(",")[0] for word in offered(line)] == ["file"]


def test_every_field_of_the_language_is_offered(offered):
    assert {field.rstrip(":") for field in FIELD_MEANINGS} | {"tag"} == set(FIELD_NAMES)
    assert set(FIELD_MEANINGS) <= set(plain(offered("sensorium search ")))


def test_a_broken_file_of_settings_stops_no_completion(offered, monkeypatch, tmp_path):
    (tmp_path / "c.toml").write_text("threads = \n")
    monkeypatch.setenv("SENSORIUM_CONFIG", str(tmp_path / "c.toml"))
    assert plain(offered("sensorium search kind:i")) == ["kind:image"]


def test_bash_takes_words_from_the_last_break_on(offered):
    assert plain(offered("sensorium search kind:i", "bash")) == ["image"]
    assert plain(offered("sensorium search 'kind:i", "bash")) == ["kind:image"]


@pytest.fixture
def taught(tmp_path, settings, media) -> Path:
    """A library with tags of people, of bridges, and two names."""
    library = tmp_path / "library"
    with Library.open(library, create=True, encoder="fake", settings=settings) as made:
        made.index([media])
        made.classify(labels=["golden retriever", "x_%"], apply_tags=True)
    space = Space("fake", "fake", "1", 2)
    examples = Examples(PartKind.IMAGE, space, ("a",), np.ones((1, 2), np.float32), None)
    files = ConceptFiles(library)
    (library / "concepts").mkdir(exist_ok=True)
    for name in ("Rex", "Grandma's house"):
        files.save(Concept(name, (examples,), ()))
    (library / "concepts" / "broken.safetensors").write_bytes(b"\x01")
    return library


def test_names_and_tags_are_those_of_the_library(taught, offered):
    assert read_names(taught) == ["Grandma's house", "Rex"]
    assert "golden retriever" in read_tags(taught, "GOLD")
    assert read_tags(taught, "_") == read_tags(taught, "%") == []
    assert "red" in read_tags(taught, "re")
    assert read_tags(taught / "none", "") == read_names(taught / "none") == []
    assert plain(offered("sensorium search re")) == ["Rex"]
    assert plain(offered("sensorium concepts forget G")) == ["Grandma's house"]
    assert plain(offered("sensorium search tags:gol")) == ['tags:"golden retriever"']
    assert plain(offered("sensorium search --where 'tags has re")) == ["tags has red"]


@pytest.fixture
def filed(tmp_path, settings) -> Path:
    """A library of folders in folders, below one that is indexed."""
    for name in ("Camera/2023/a.png", "Camera/2024/b.png", "old/Camera/2024/c_d.png",
                 "Clipart kids/d.png"):  # fmt: skip
        make.picture(tmp_path / "home" / name, "red")
    library = tmp_path / "library"
    with Library.open(library, create=True, encoder="fake", settings=settings) as made:
        made.index([tmp_path / "home"])
    return library


def test_folders_of_the_library_complete_path_wherever_they_lie(filed, offered):
    assert read_places(filed, "") == ["2023", "2024", "Camera", "Clipart kids", "home", "old"]
    assert read_places(filed, "camera/20") == ["Camera/2023", "Camera/2024"]
    assert read_places(filed, "c") == ["Camera", "Clipart kids", "c_d.png"]
    assert read_places(filed, "c%") == read_places(filed / "none", "") == []
    assert plain(offered("sensorium search dog path:Camera/2024/b")) == ["path:Camera/2024/b.png"]
    assert plain(offered("sensorium search path:Cli")) == ['path:"Clipart kids"']
    assert plain(offered("sensorium search 'beach -path:Cli")) == ['beach -path:"Clipart kids"']
    assert plain(offered("sensorium search --where 'path = ol")) == ["path = old"]


def test_in_bash_a_path_with_a_space_keeps_its_quotes(filed, offered):
    assert plain(offered("sensorium search path:Cli", "bash")) == ['\\"Clipart\\ kids\\"']
    assert plain(offered("sensorium search 'path:Cli", "bash")) == ['path:"Clipart kids"']
    assert plain(offered('sensorium search "path:Cli', "bash")) == ['path:\\"Clipart kids\\"']


def test_the_disk_completes_path_where_one_says_where_it_begins(filed, offered, monkeypatch):
    monkeypatch.chdir(filed.parent / "home")
    monkeypatch.setenv("HOME", str(filed.parent))
    assert plain(offered("sensorium search path:./C")) == [
        "path:./Camera/", 'path:"./Clipart kids/"'
    ]  # fmt: skip
    assert plain(offered("sensorium search path:../home/old/Camera/2024/")) == [
        "path:../home/old/Camera/2024/c_d.png"
    ]
    assert plain(offered("sensorium search path:~/hom")) == ["path:~/home/"]
    assert plain(offered("sensorium search path:./none/")) == []


def test_reading_a_catalog_changes_nothing(taught):
    before = {file: file.stat().st_mtime_ns for file in taught.iterdir()}
    read_tags(taught, "")
    read_places(taught, "r")
    assert {file: file.stat().st_mtime_ns for file in taught.iterdir()} == before


@pytest.mark.parametrize(
    ("line", "split"),
    [
        ("sensorium", ([], "", "")),
        ("sensorium ", ([], "", "")),
        ("sensorium sea", ([], "sea", "")),
        ("sensorium search ", (["search"], "", "")),
        ("sensorium search 'a b' c", (["search", "a b"], "c", "")),
        ("sensorium search \"a dog's ki", (["search"], "a dog's ki", '"')),
        ("sensorium search 'kind = ", (["search"], "kind = ", "'")),
        ("sensorium search a#b", (["search"], "a#b", "")),
    ],
)
def test_a_line_is_split_as_a_shell_does(line, split):
    assert split_line(line) == split


def test_the_script_is_put_where_the_shell_finds_it_once(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    for name in ("ZDOTDIR", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    start = tmp_path / (".bash_profile" if sys.platform == "darwin" else ".bashrc")
    start.write_text("alias x=y")
    for _ in range(2):
        for shell in SHELLS:
            done = CliRunner().invoke(main, ["completion", shell, "--install"])
            assert done.exit_code == 0 and "open a new" in done.stderr
    assert start.read_text().splitlines()[0] == "alias x=y"
    assert len(start.read_text().splitlines()) == 2
    assert len((tmp_path / ".zshrc").read_text().splitlines()) == 1
    assert (tmp_path / ".config" / "fish" / "completions" / "sensorium.fish").is_file()


def test_the_shell_of_the_user_is_the_default(monkeypatch):
    monkeypatch.setenv("SHELL", "/usr/bin/fish")
    fish = CliRunner().invoke(main, ["completion"]).stdout
    assert fish == CliRunner().invoke(main, ["completion", "fish"]).stdout
    monkeypatch.setenv("SHELL", "/bin/tcsh")
    done = CliRunner().invoke(main, ["completion"])
    assert (done.exit_code, "bash, zsh or fish" in done.stderr) == (2, True)


@pytest.fixture
def command(tmp_path) -> Path:
    """A folder with `sensorium` in it, for PATH."""
    file = tmp_path / "bin" / "sensorium"
    file.parent.mkdir()
    file.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m sensorium "$@"\n')
    file.chmod(0o755)
    return file


class Terminal:
    """A shell on a terminal of its own."""

    def __init__(self, argv: list[str], environ: dict[str, str], home: Path) -> None:
        self.seen = b""
        pid, self.end = pty.fork()
        if pid == 0:
            os.chdir(home)
            os.execvpe(argv[0], argv, environ)
        self.pid = pid

    def type(self, text: str) -> None:
        os.write(self.end, text.encode())

    def read_until(self, text: str, seconds: float = 60) -> None:
        """Read what is printed until it has the text."""
        while text.encode() not in self.seen:
            ready, _, _ = select.select([self.end], [], [], seconds)
            assert ready, self.seen.decode(errors="replace")
            self.seen += os.read(self.end, 4096)

    def close(self) -> None:
        os.close(self.end)
        os.waitpid(self.pid, 0)


@pytest.mark.parametrize("shell", SHELLS)
def test_a_real_shell_completes(shell, command, taught, tmp_path):
    if shutil.which(SHELLS[shell][0]) is None:
        pytest.skip(f"{shell} is not installed")
    script = tmp_path / f"script.{shell}"
    script.write_text(CliRunner().invoke(main, ["completion", shell]).stdout)
    (tmp_path / "a picture.jpg").write_bytes(b"")
    environ = {
        **os.environ, "PATH": f"{command.parent}:{os.environ['PATH']}", "TERM": "xterm",
        "HOME": str(tmp_path), "SENSORIUM_LIBRARY": str(taught), "LC_ALL": "C.UTF-8",
    }  # fmt: skip
    terminal = Terminal(SHELLS[shell], environ, tmp_path)
    try:
        terminal.type(f"source {script}; echo REA''DY\r")
        terminal.read_until("READY")
        for place, (typed, wanted) in enumerate(
            [
                ("sensorium sea", "sensorium search"),
                ("sensorium search dog --fus", "sensorium search dog --fusion"),
                ("sensorium search kind:im", "sensorium search kind:image"),
                ("sensorium search Re", "sensorium search Rex"),
                ("sensorium similar 'a pic", "sensorium similar a picture.jpg"),
                ("sensorium search path:./a", 'sensorium search path:"./a picture.jpg"'),
                ("sensorium search 'path:./a", 'sensorium search path:"./a picture.jpg"'),
            ]
        ):
            # Tab completes, and at the start of the line `echo` is put before what came of it.
            terminal.type(f"{typed}\t\x01echo GO''T{place}: \x05\r")
            terminal.read_until(f"GOT{place}: {wanted}")
    finally:
        terminal.type("\x03exit\r")
        terminal.close()


def packages_imported(command: list[str], environ: dict[str, str]) -> set[str]:
    """Return the packages that a command imports, but for those of Python itself."""

    def imported(program: list[str]) -> set[str]:
        profiled = {**environ, "PYTHONPROFILEIMPORTTIME": "1"}
        done = subprocess.run(program, env=profiled, check=True, capture_output=True, text=True)
        lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
        return {line.rpartition("|")[2].strip().partition(".")[0] for line in lines}

    started = imported([sys.executable, "-c", "pass"])  # with what the environment hooks in
    assert "encodings" in started
    return imported(command) - started - sys.stdlib_module_names


# What these cost in time is measured by `benchmarks.startup`; here it is held that neither
# loads a library that a person would wait for.
@pytest.mark.parametrize("line", ["sensorium se", "sensorium search re", "sensorium search tags:r"])
def test_a_completion_loads_nothing_heavy(line, command, taught):
    environ = {
        **os.environ, "SENSORIUM_LIBRARY": str(taught), "_SENSORIUM_LINE": line,
        "_SENSORIUM_COMPLETE": "zsh_complete",
    }  # fmt: skip
    assert packages_imported([str(command)], environ) <= OURS


def test_help_loads_nothing_heavy(command):
    assert packages_imported([str(command), "--help"], dict(os.environ)) <= OURS
