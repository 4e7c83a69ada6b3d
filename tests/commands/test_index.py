"""`sensorium index` as people use it: what it leaves out, says, asks, and says of itself."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow
import pytest

from engine import Library
from engine.errors import UsageError
from engine.store.running import announced
from tests import media_files as make
from tests.commands.conftest import Done

Run = Callable[..., Done]
_SECONDS = 60


@pytest.fixture
def indexed(run: Run, media: Path) -> Path:
    """The folder of media, indexed, with a folder of raw pictures in it."""
    make.picture(media / "raw" / "d.png", "red")
    assert run("index", media, "--encoder", "fake").code == 0
    return media


def test_what_is_excluded_stays_out_until_that_is_taken_back(run: Run, indexed: Path) -> None:
    done = run("index", indexed, "--exclude", "raw/", "--exclude", "*.wav")
    assert done.out.splitlines()[:2] == [
        "3 files: 3 excluded, 3 unchanged", "left out, files and folders: 3 by --exclude"
    ]  # fmt: skip
    assert "d.png" not in run("search", "red", "-f").out
    assert "3 unchanged" in run("index", indexed).out
    assert f"below {indexed}: raw/, *.wav excluded\n" in run("stats").out
    assert run("stats", "--json").json["rules"] == {
        str(indexed): {"exclude": ["raw/", "*.wav"], "follow_links": True, "hidden": False,
                       "gitignore": False}
    }  # fmt: skip
    assert run("index", indexed, "--no-exclude").out.startswith("6 files: 3 returned, 3 unchanged")
    assert "d.png" in run("search", "red", "-f").out


def test_pandas_is_not_imported_for_it(run, media, monkeypatch):
    monkeypatch.setattr(pyarrow, "array", None)  # which does, where pandas is installed
    assert run("index", media, "--encoder", "fake", "--json").json["added"] == 5


def test_what_is_no_pattern_makes_no_library(run: Run, media: Path, library: Path) -> None:
    done = run("index", media, "--encoder", "fake", "--exclude", "!")
    assert done.code == 2 and "is no pattern" in done.err and not library.exists()


def test_from_python_the_same(library: Path, indexed: Path) -> None:
    seen: list[tuple[str, str]] = []
    with Library.open(library) as opened:
        assert Library.preview(indexed, library, exclude="raw/").excluded == 1
        with pytest.raises(UsageError, match="is no pattern"):
            opened.index(indexed, exclude=["!"])
        make.picture(indexed / "new.png", "blue")
        (indexed / "notes.pdf").write_bytes(b"%PDF-1.7\n")
        report = opened.index(
            indexed, exclude="raw/", follow_links=False, on_file=lambda *of: seen.append(of)
        )
        assert (report.added, report.excluded, report.left_out) == (1, 1, {"--exclude": 1})
        assert sorted((Path(path).name, outcome) for path, outcome in seen) == [
            ("d.png", "excluded"), ("new.png", "added"), ("notes.pdf", "skipped: pdf")
        ]  # fmt: skip
        assert opened.index(indexed, forget_exclude=True).returned == 1


def test_verbose_says_what_becomes_of_each_file_and_quiet_nothing(run: Run, indexed: Path) -> None:
    make.picture(indexed / "new\n.png", "blue")
    (indexed / "0.png").rename(indexed / "renamed.png")
    (indexed / "deep.wav").unlink()
    done = run("index", indexed, "-v")
    assert sorted(done.err.splitlines()) == [
        f'added: "{indexed}/new\\n.png"',
        f"moved from {indexed}/0.png: {indexed}/renamed.png",
        f"removed: {indexed}/deep.wav",
    ]
    (indexed / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    done = run("index", indexed, "--quiet")
    assert done.out == "" and f"{indexed}/bad.png: " in done.err
    assert run("index", indexed, "--quiet").err == ""
    assert run("index", indexed).err == "see `sensorium failures`\n"


def test_every_search_says_that_an_index_is_running(run: Run, indexed: Path, library: Path) -> None:
    from engine.common.progress import NO_PROGRESS

    line = "an index is running: 0 of 1,200 files so far; what is not in yet cannot be found\n"
    with announced(library, NO_PROGRESS) as progress:
        progress.start("indexing", 1_200)
        for asked in (("search", "red"), ("search", "kind:image"), ("search", "nothing at all"),
                      ("similar", indexed / "0.png")):  # fmt: skip
            done = run(*asked)
            assert line in done.err and "background" not in done.err, asked
        assert line.strip() in run("search", "red", "--json").json["notes"]
    assert "running" not in run("search", "red").err


# --- the question of a terminal -----------------------------------------------------------


@contextmanager
def on_a_terminal(*command: str | Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Run a command whose input and messages are a terminal's; yields it, and our end."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*map(str, command)], stdin=theirs, stderr=theirs, stdout=subprocess.PIPE,
        start_new_session=True, preexec_fn=_take_terminal,
    )  # fmt: skip
    os.close(theirs)
    try:
        yield process, ours
    finally:
        process.kill()
        process.wait()
        os.close(ours)
        if process.stdout:
            process.stdout.close()


def _take_terminal() -> None:
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # so that Ctrl-C there is a signal here
    signal.signal(signal.SIGINT, signal.default_int_handler)


def read_until(terminal: int, words: bytes) -> bytes:
    """Read what a terminal shows until some words are among it, or its other end is closed."""
    shown = b""
    while words not in shown:
        if not select.select([terminal], [], [], _SECONDS)[0]:
            raise AssertionError(f"{words!r} did not come; what came: {shown!r}")
        try:
            part = os.read(terminal, 4096)
        except OSError:  # how Linux tells that the other end is closed
            part = b""
        if not part:
            break
        shown += part
    return shown


def wait_until_it_reads(process: subprocess.Popen[bytes]) -> None:
    """Wait until a process sleeps: Python passes over a Ctrl-C that comes just before a read."""
    state = Path(f"/proc/{process.pid}/stat")
    while state.exists() and state.read_text().rpartition(")")[2].split()[0] != "S":
        pass


QUESTION = b"Go on, and keep them hidden until they are back? [y/N]: "


@pytest.mark.parametrize(
    ("answer", "code", "hidden"),
    [(b"y\n", 0, 6), (b"n\n", 2, 0), (b"\x03", 130, 0), (b"\x04", 2, 0)],
)
def test_an_empty_folder_is_asked_about_on_a_terminal(
    answer: bytes, code: int, hidden: int, indexed: Path, library: Path, warm: list[str]
) -> None:
    # A fork of another process is no child of this terminal: Ctrl-C would not come to it.
    anew = [sys.executable, "-m", "engine.commands.main"]
    command = anew if answer == b"\x03" else warm
    away = indexed.rename(indexed.with_name("away"))
    indexed.mkdir()
    with on_a_terminal(*command, "index", indexed, "--library", library) as (process, terminal):
        asked = read_until(terminal, QUESTION)
        assert b"6 of the 6 files below" in asked and QUESTION in asked
        wait_until_it_reads(process)
        os.write(terminal, answer)
        shown = read_until(terminal, b"\0 nothing more")
        assert process.wait(_SECONDS) == code, shown
    assert b"Traceback" not in shown
    assert (b"nothing was changed. --keep-missing" in shown) is (hidden == 0)
    with Library.open(library) as opened:
        assert opened.stats().missing == hidden
        assert sum(opened.stats().assets.values()) == 6 - hidden
    indexed.rmdir()
    away.rename(indexed)
    with Library.open(library) as opened:
        report = opened.index(indexed)
    assert (report.returned, report.unchanged, report.added) == (hidden, 6 - hidden, 0)
