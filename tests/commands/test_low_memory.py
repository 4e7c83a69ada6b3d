"""Under a limit of memory a command works, or says in one line that memory is lacking."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from engine import Library
from engine.common import memory
from engine.common.optional_package import importing
from engine.errors import OutOfMemory
from engine.testing.fake_encoder import FakeEncoder
from tests import media_files as make


@pytest.mark.parametrize("kilobytes", [300_000, 450_000, 800_000, 1_500_000])
def test_under_a_limit_there_is_no_traceback(kilobytes, tmp_path):
    make.picture(tmp_path / "media" / "0.png", "red")
    line = f'ulimit -v {kilobytes}; exec "$@"'
    for command in (("index", str(tmp_path / "media"), "--encoder", "fake"), ("search", "red")):
        typed = [sys.executable, "-m", "sensorium", *command, "--library", str(tmp_path / "lib")]
        done = subprocess.run(["sh", "-c", line, "sh", *typed], capture_output=True, text=True)
        assert "Traceback" not in done.stderr
        assert "optional package" not in done.stderr
        assert done.returncode in (0, 1), done


def test_what_libraries_print_of_it_is_not_shown(tmp_path):
    """ONNX Runtime prints "Schema error: std::bad_alloc" where memory ends while it is loaded."""
    code = (
        "import os, sys; from engine.commands import main\n"
        "def load(*_, **__):\n"
        "    os.write(2, b'Schema error: std::bad_alloc')\n"
        "    raise RuntimeError('bad allocation')\n"
        "main.reserve_for_products = load\n"
        f"sys.argv = ['sensorium', 'search', 'red', '--library', {str(tmp_path / 'lib')!r}]\n"
        "main.main()"
    )
    line = 'ulimit -v 1500000; exec "$@"'
    typed = ["sh", "-c", line, "sh", sys.executable, "-c", code]
    done = subprocess.run(typed, capture_output=True, text=True)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done
    assert done.stderr.startswith("sensorium: sensorium stopped: there is not enough memory")


LIMITED = (
    "import os, signal, sys, time; from engine.commands import main\n"
    "main.reserve_for_products = lambda: {what}\n"
    "sys.argv = ['sensorium', 'search', 'red']\n"
    "main.main()"
)


def limited(what: str) -> subprocess.Popen[str]:
    """Start a command under a limit of memory that does this first."""
    line, code = 'ulimit -v 1500000; exec "$@"', LIMITED.replace("{what}", what)
    return subprocess.Popen(
        ["sh", "-c", line, "sh", sys.executable, "-c", code], stderr=subprocess.PIPE, text=True
    )


@pytest.mark.skipif(sys.platform != "linux", reason="only there the command has a parent")
@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT])
def test_a_library_that_crashes_is_a_line(number):
    """The kind: code of C that cannot map memory, such as CTranslate2 at 1.4 GB."""
    with limited(f"os.kill(os.getpid(), {int(number)})") as process:
        _, err = process.communicate()
    assert (process.returncode, err.count("\n")) == (1, 1)
    assert err.startswith("sensorium: search stopped: there is not enough memory")
    assert "What was committed is kept" in err


def test_an_error_that_only_a_lack_of_memory_explains_is_a_line():
    """The kind: Python's own code of C, which raises this where it could not allocate."""
    with limited("(_ for _ in ()).throw(SystemError('error return without exception set'))") as run:
        _, err = run.communicate()
    assert (run.returncode, err.count("\n")) == (1, 1)
    assert err.startswith("sensorium: sensorium stopped: there is not enough memory")


@pytest.mark.skipif(sys.platform != "linux", reason="only there the command has a parent")
def test_a_signal_to_the_parent_stops_the_command():
    with limited("(print('here', file=sys.stderr, flush=True), time.sleep(60))") as process:
        assert process.stderr.readline() == "here\n"
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate()
    assert process.returncode == 143 and err.endswith("sensorium: stopped\n")


def test_a_library_that_would_crash_for_memory_is_not_loaded(monkeypatch):
    """OpenBLAS, which FAISS and OpenCV bring along, jumps to address 0 there."""
    monkeypatch.setattr(memory, "address_space_limit", lambda: 2**20)
    with (
        pytest.raises(OutOfMemory, match="vector search cannot be loaded"),
        importing("vector search", "cpu", "not_loaded_yet", blas=True),
    ):
        pytest.fail("it was loaded")
    with importing("vector search", "cpu", "sys", blas=True):
        pass  # what is loaded stays
    monkeypatch.setattr(memory, "address_space_limit", lambda: None)
    with importing("vector search", "cpu", "not_loaded_yet", blas=True):
        pass


def test_an_encoder_without_memory_is_one_line(tmp_path, settings, monkeypatch):
    from click.testing import CliRunner

    from engine.commands.main import main

    make.picture(tmp_path / "media" / "0.png", "red")
    with Library.open(tmp_path / "lib", create=True, encoder="fake", settings=settings):
        pass

    def embed(*_):
        raise RuntimeError("std::bad_alloc")

    monkeypatch.setattr(FakeEncoder, "embed_images", embed)
    typed = ["index", str(tmp_path / "media"), "--library", str(tmp_path / "lib")]
    done = CliRunner().invoke(main, typed)
    assert (done.exit_code, done.stderr.count("\n")) == (1, 1)
    assert "there is not enough memory" in done.stderr
