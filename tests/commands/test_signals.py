"""A signal ends a command tidily, and a second one at once.

The kind: whatever asks a run to end, at whatever moment. What was finished is kept, one line
says how much that is and how to go on, and a traceback never comes of it.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import Thread

import pytest

from engine import Library
from tests import media_files as make
from tests.commands.warm_client import ask

# The encoder stops at its third batch, and the last commit waits where that is asked: so a
# signal comes at a known moment, and nothing here sleeps.
_PROGRAM = """
import os, signal, threading
from engine.testing.fake_encoder import FakeEncoder
from indexers.commit import Ledger

os.write(2, b"%d\\n" % os.getpid())

def reached(what):
    os.write(2, what.encode() + b"\\n")
    threading.Event().wait()

calls, embed, flush = [], FakeEncoder.embed_images, Ledger.flush

def embed_two(self, images):
    calls.append(images)
    return embed(self, images) if len(calls) < 3 else reached("encoding")

def flush_slowly(self):
    if len(calls) == 3 and {wait_in_commit}:
        calls.append(None)
        reached("committing")
    flush(self)

FakeEncoder.embed_images, Ledger.flush = embed_two, flush_slowly
if {ignore}:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # as shells do for what runs behind
from engine.commands.main import main
main()
"""


class Started:
    """A program that runs beside this one, in a fork of the process that has imported all."""

    def __init__(self, socket: str, program: str, typed: Sequence[str]) -> None:
        self.returncode: int | None = None
        (out, told), (err, complained) = os.pipe(), os.pipe()
        self._out, self.stderr = os.fdopen(out), os.fdopen(err)
        self._thread = Thread(
            target=self._run, args=(socket, ["-c", program, *typed], (told, complained))
        )
        self._thread.start()
        self._pid = int(self.stderr.readline())

    def _run(self, socket: str, typed: Sequence[str], writing: tuple[int, int]) -> None:
        with Path(os.devnull).open() as nothing:
            try:
                self.returncode = ask(socket, typed, (nothing.fileno(), *writing))
            finally:
                for each in writing:
                    os.close(each)

    def send_signal(self, number: int) -> None:
        os.kill(self._pid, number)

    def communicate(self) -> tuple[str, str]:
        """Return what else is printed until it has ended."""
        self._thread.join()
        with self._out, self.stderr:
            return self._out.read(), self.stderr.read()


@pytest.fixture
def media(tmp_path) -> Path:
    folder = tmp_path / "media"
    folder.mkdir()
    for number in range(9):
        make.picture(folder / f"{number}.png", "red")  # a shade of it, by the name
    return folder


@pytest.fixture
def begin(warm) -> Iterator[Callable[[str, Sequence[str]], Started]]:
    """Start a program with arguments; it is killed where a test failed before it was ended."""
    running: list[Started] = []

    def start(program: str, typed: Sequence[str]) -> Started:
        running.append(Started(warm[-1], program, typed))
        return running[-1]

    yield start
    for process in running:
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
            process.communicate()


@pytest.fixture
def started(begin, media, monkeypatch) -> Callable[..., Started]:
    """Start to index, in batches of two files."""
    monkeypatch.setenv("SENSORIUM_BATCH_SIZE", "2")
    monkeypatch.setenv("SENSORIUM_THREADS", "1")

    def start(library: Path, *more: str, **what: bool) -> Started:
        program = _PROGRAM
        for name in ("wait_in_commit", "ignore"):
            program = program.replace(f"{{{name}}}", str(what.get(name, False)))
        typed = ("index", str(media), "--library", str(library), "--encoder", "fake", *more)
        return begin(program, typed)

    return start


def _kept(library: Path) -> int:
    with Library.open(library) as opened:
        return sum(opened.stats().assets.values())


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_first_signal_keeps_what_is_finished_and_says_so(
    number, code, started, media, tmp_path
):
    library = tmp_path / "library"
    process = started(library)
    assert process.stderr.readline() == "encoding\n"
    process.send_signal(number)
    out, err = process.communicate()
    kept = _kept(library)
    assert process.returncode == code
    assert 3 <= kept <= 4  # of two batches; the thread may not have said that the last is whole
    assert (out, err) == (
        "",
        f"sensorium: stopped; {kept} of 9 files are indexed and kept; the same command goes on"
        f" from there: sensorium index {media} --library {library} --encoder fake\n",
    )


def test_before_anything_is_indexed_a_signal_says_so_and_how_to_begin_again(begin, media, tmp_path):
    program = """
import os, threading
from engine.library.facade import Library

os.write(2, b"%d\\n" % os.getpid())

def open_for_ever(*_, **__):
    os.write(2, b"opening\\n")
    threading.Event().wait()

Library.open = open_for_ever
from engine.commands.main import main
main()
"""
    library = tmp_path / "library"
    typed = ["index", str(media), "--library", str(library)]
    process = begin(program, typed)
    assert process.stderr.readline() == "opening\n"
    process.send_signal(signal.SIGINT)
    err = process.communicate()[1]
    assert (process.returncode, library.exists()) == (130, False)
    assert err == (
        f"sensorium: stopped; nothing was indexed yet; to go on: sensorium {' '.join(typed)}\n"
    )


def test_where_json_is_asked_the_error_of_a_signal_is_json(started, tmp_path):
    process = started(tmp_path / "library", "--json")
    assert process.stderr.readline() == "encoding\n"
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate()
    assert json.loads(out)["error"]["code"] == "cancelled"
    assert process.returncode == 130


def test_a_second_signal_ends_at_once_and_the_library_is_whole(started, tmp_path):
    library = tmp_path / "library"
    process = started(library, wait_in_commit=True)
    assert process.stderr.readline() == "encoding\n"
    process.send_signal(signal.SIGINT)
    assert process.stderr.readline() == "committing\n"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    assert (process.returncode, out, err) == (-signal.SIGINT, "", "")
    assert _kept(library) == 0


def test_what_a_parent_told_us_to_ignore_is_ignored(started, tmp_path):
    process = started(tmp_path / "library", ignore=True)
    assert process.stderr.readline() == "encoding\n"
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGTERM)
    process.communicate()
    assert process.returncode == 143
