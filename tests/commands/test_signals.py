"""A signal ends a command tidily, and a second one at once.

The kind: whatever asks a run to end, at whatever moment. What was finished is kept, one line
says how much that is and how to go on, and a traceback never comes of it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from engine import Library
from tests import media_files as make

# The encoder stops at its third batch, and the last commit waits where that is asked: so a
# signal comes at a known moment, and nothing here sleeps.
_PROGRAM = """
import os, threading
from engine.testing.fake_encoder import FakeEncoder
from indexers.commit import Ledger

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
from engine.commands.main import main
main()
"""


@pytest.fixture
def media(tmp_path) -> Path:
    folder = tmp_path / "media"
    folder.mkdir()
    for number in range(9):
        make.picture(folder / f"{number}.png", "red")  # a shade of it, by the name
    return folder


def _started(media: Path, library: Path, *more: str, wait_in_commit: bool = False, batch: int = 2):
    program = _PROGRAM.replace("{wait_in_commit}", str(wait_in_commit))
    return subprocess.Popen(
        [
            sys.executable, "-c", program, "index", str(media), "--library", str(library),
            "--encoder", "fake", *more,
        ],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=_environment(batch),
    )  # fmt: skip


def _environment(batch: int) -> dict[str, str]:
    return {**os.environ, "SENSORIUM_BATCH_SIZE": str(batch), "SENSORIUM_THREADS": "1"}


def _kept(library: Path) -> int:
    with Library.open(library) as opened:
        return sum(opened.stats().assets.values())


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_first_signal_keeps_what_is_finished_and_says_so(number, code, media, tmp_path):
    library = tmp_path / "library"
    with _started(media, library) as process:
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


def test_before_anything_is_indexed_a_signal_says_so_and_how_to_begin_again(media, tmp_path):
    program = """
import os, threading
from engine.library.facade import Library

def open_for_ever(*_, **__):
    os.write(2, b"opening\\n")
    threading.Event().wait()

Library.open = open_for_ever
from engine.commands.main import main
main()
"""
    library = tmp_path / "library"
    typed = ["index", str(media), "--library", str(library)]
    with subprocess.Popen(
        [sys.executable, "-c", program, *typed], stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr.readline() == "opening\n"
        process.send_signal(signal.SIGINT)
        err = process.communicate()[1]
    assert (process.returncode, library.exists()) == (130, False)
    assert err == (
        f"sensorium: stopped; nothing was indexed yet; to go on: sensorium {' '.join(typed)}\n"
    )


def test_where_json_is_asked_the_error_of_a_signal_is_json(media, tmp_path):
    with _started(media, tmp_path / "library", "--json") as process:
        process.stderr.readline()
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate()
    assert json.loads(out)["error"]["code"] == "cancelled"
    assert process.returncode == 130


def test_a_second_signal_ends_at_once_and_the_library_is_whole(media, tmp_path):
    library = tmp_path / "library"
    with _started(media, library, wait_in_commit=True) as process:
        assert process.stderr.readline() == "encoding\n"
        process.send_signal(signal.SIGINT)
        assert process.stderr.readline() == "committing\n"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    assert (process.returncode, out, err) == (-signal.SIGINT, "", "")
    assert _kept(library) == 0


def test_what_a_parent_told_us_to_ignore_is_ignored(media, tmp_path):
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as shells do for what runs behind
    try:
        process = _started(media, tmp_path / "library")
    finally:
        signal.signal(signal.SIGINT, before)
    with process:
        process.stderr.readline()
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        process.communicate()
    assert process.returncode == 143
