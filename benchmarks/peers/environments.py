"""A virtual environment for each peer, made with plain pip from the package index."""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path


class Unavailable(Exception):
    """The peer cannot be installed, or does not run; the message is its row."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A peer as its users install it."""

    name: str
    requirements: tuple[str, ...]

    def python(self, work: Path) -> Path:
        """The interpreter of its environment, which is made first where there is none.

        Raises:
            Unavailable: pip could not install it.
        """
        folder = (work / "peers" / self.name).resolve()
        python, done = folder / "bin" / "python", folder / "installed.txt"
        wanted = "\n".join(self.requirements)
        if not done.exists() or done.read_text() != wanted:
            _run([sys.executable, "-m", "venv", "--clear", str(folder)], "venv")
            pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
            _run([*pip, *self.requirements], "pip")
            done.write_text(wanted)  # last: what was cut off is installed anew
        return python


def _run(command: list[str], what: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unavailable(f"not installed: {what} says {last_line(done.stderr)}")


def wait_for(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    """Wait until a server answers at an address.

    Raises:
        Unavailable: it has ended, or does not answer within three minutes.
    """
    until = time.monotonic() + 180
    while time.monotonic() < until:
        if process.poll() is not None:
            raise Unavailable(f"does not run: {last_line(log.read_text())}")
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise Unavailable("does not begin within three minutes")


def last_line(text: str) -> str:
    """What a process said last, short enough for a row."""
    lines = [line for line in text.splitlines() if line.strip()] or ["nothing"]
    return lines[-1].strip()[:120].replace("|", "/")


def torch_requirement() -> str:
    """The version of PyTorch that Sensorium runs with here."""
    return f"torch=={version('torch').partition('+')[0]}"


def peers() -> dict[str, Peer]:
    """The peers by name. PyTorch is the version that Sensorium runs with here."""
    torch = torch_requirement()
    # Of its dependencies one still imports pkg_resources, which setuptools has dropped.
    setuptools = "setuptools<81"
    return {
        "rclip": Peer("rclip", ("rclip",)),
        "clip-retrieval": Peer("clip-retrieval", ("clip-retrieval", torch, setuptools)),
    }
