"""Tests that run side by side: what happens in each process is reported by the first."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CONFTEST = """
import pytest
from tests import processes

def pytest_addoption(parser):
    processes.add_option(parser)

@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session):
    running = processes.TestProcesses(session, lambda item: item.path.name)
    running.run(session.config.option.processes)
    return True

@pytest.fixture(scope="session")
def kept(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kept")
    yield folder
    (folder.parents[2] / folder.parent.name).touch()

@pytest.fixture(scope="module")
def once(request):
    yield request.module.__name__
    raise OSError("not taken back")
"""
QUIET = """
import tempfile
folder = []
def test_quiet(kept):
    assert kept.is_dir()
    folder.append(tempfile.TemporaryDirectory(dir=kept))
"""
FILES = {
    "test_fails.py": "import sys\ndef write(stream=sys.stderr): print('early', file=stream)\n"
    "def test_wrong(once): print('heard'); write(); assert once == 2\n",
    "test_warns.py": "import warnings\ndef test_of_old(): warnings.warn('careful')\n" + QUIET,
    "test_ends.py": "import os\ndef test_gone(): os._exit(0)\ndef test_left(): pass\n",
    "test_skips.py": "import pytest\ndef test_passed_over(): pytest.skip('no reason')\n" + QUIET,
}


@pytest.fixture
def begin(tmp_path):
    """Begin tests, given by their files, in three processes."""

    def start(files: dict[str, str], *options: str) -> subprocess.Popen[str]:
        for name, content in {"conftest.py": CONFTEST, **files}.items():
            (tmp_path / name).write_text(content)
        environ = {
            **os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTEST_ADDOPTS": "",
        }  # fmt: skip
        return subprocess.Popen(
            [sys.executable, "-m", "pytest", "--processes=3", "-rA", f"--basetemp={tmp_path / 't'}",
             f"--rootdir={tmp_path}", "-p", "no:cacheprovider", str(tmp_path), *options],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=tmp_path, env=environ,
        )  # fmt: skip

    return start


def test_what_fails_ends_or_warns_in_a_process_is_reported(begin, tmp_path):
    running = begin(FILES)
    out, _ = running.communicate()
    assert running.returncode == 1
    for line in (
        "FAILED test_fails.py::test_wrong - AssertionError: assert 'test_fails' == 2",
        "ERROR test_fails.py::test_wrong - OSError: not taken back",
        "FAILED test_ends.py::test_gone - its process ended with 0",
        "SKIPPED [1] test_skips.py:2: no reason",
        "UserWarning: careful",
        "Captured stdout call -----------------------------\nheard\n---",
        "Captured stderr call -----------------------------\nearly\n",
    ):
        assert line in out
    assert "test_ends.py::test_left" not in out
    assert "2 tests were not run to their end" in out
    assert re.search(r"= 2 failed, 3 passed, 1 skipped, 1 warning, 1 error in", out)


def test_what_a_process_has_set_up_is_taken_back_once(begin, tmp_path):
    running = begin({f"test_{number}.py": QUIET for number in range(9)}, "-Werror")
    out, _ = running.communicate()
    assert running.returncode == 0 and "9 passed" in out
    assert "Traceback" not in out and not list(tmp_path.glob("t/process-*/kept0/*"))
    begun = {each.parent.name for each in (tmp_path / "t").glob("process-*/kept[0-9]")}
    assert begun and begun == {each.name for each in tmp_path.glob("process-*")}
    assert {each.name for each in tmp_path.glob("t/process-*/kept[0-9]")} == {"kept0"}


def test_an_interruption_takes_back_what_was_set_up(begin, tmp_path):
    waits = """
import time
def test_long(kept):
    (kept / "begun").touch()
    time.sleep(60)
    (kept / "slept").touch()
"""
    running = begin({f"test_{number}.py": waits for number in range(3)})
    while len(list(tmp_path.glob("t/process-*/kept0/begun"))) < 3:
        assert running.poll() is None
        time.sleep(0.02)
    running.send_signal(signal.SIGINT)
    out, _ = running.communicate()
    assert running.returncode == 2 and "KeyboardInterrupt" in out
    assert not list(tmp_path.glob("t/process-*/kept0/slept"))
    assert len(list(tmp_path.glob("process-*"))) == 3
