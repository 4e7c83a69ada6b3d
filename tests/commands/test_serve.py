"""`sensorium serve` as a process: it answers, and ends when it is asked to."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys

import httpx
import pytest


@pytest.fixture
def serve(indexed, library):
    """Start the command on a free port."""
    running: list[subprocess.Popen[str]] = []

    def begin(*options: str) -> tuple[subprocess.Popen[str], str]:
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "sensorium",
                "serve",
                "--port",
                "0",
                "--library",
                str(library),
                *options,
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        line = process.stdout.readline()
        found = re.search(r"http://\S+?(?=;)", line)
        assert found, line + process.stderr.read()
        return process, found[0]

    yield begin
    for process in running:
        process.kill()
        process.communicate()


def end(process: subprocess.Popen[str], number: int) -> None:
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, "")


def test_it_answers_and_ends_when_asked(serve):
    process, url = serve()
    hits = httpx.post(f"{url}/api/search", json={"text": "red", "top": 1}, timeout=60).json()[
        "hits"
    ]
    assert hits[0]["path"].endswith("0.png")
    end(process, signal.SIGTERM)


def test_a_token_from_a_file_lets_in_and_ctrl_c_ends_it(serve, tmp_path):
    token = tmp_path / "token"
    token.write_text("# for the phone\n" + "t" * 20 + "\n")
    token.chmod(0o600)
    process, url = serve("--token-file", str(token))
    codes = [
        httpx.get(f"{url}/api/libraries", headers={"Authorization": given}, timeout=60).status_code
        for given in ("", f"Bearer {'t' * 20}")
    ]
    assert codes == [401, 200]
    end(process, signal.SIGINT)


def test_what_lets_anybody_in_is_refused(run, indexed, tmp_path):
    done = run("serve", "--host", "0.0.0.0")
    assert done.code == 2 and "--token-file" in done.err
    for content, mode, word in (
        ("short", 0o600, "16 characters"),
        ("", 0o600, "has none"),
        ("t" * 20, 0o644, "chmod 600"),
    ):
        token = tmp_path / "token"
        token.write_text(content)
        token.chmod(mode)
        done = run("serve", "--token-file", token)
        assert done.code == 2 and word in done.err and done.err.count("\n") == 1
    assert run("serve", "--token-file", tmp_path / "gone").code == 2


def test_an_address_that_is_taken_is_one_line(run, indexed):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = run("serve", "--port", str(taken.getsockname()[1]))
    assert done.code == 2 and "choose another --port" in done.err
    assert done.err.count("\n") == 1


def test_a_library_that_is_not_there_is_one_line(run):
    done = run("serve")
    assert done.code == 2 and done.err.count("\n") == 1
