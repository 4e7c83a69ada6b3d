"""Opening a file with the program that the system has for it."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from engine.common.file_state import os_reason
from engine.errors import PathNotFound, UsageError

_PLAYERS = (
    ("mpv", "--start={:.3f}"),
    ("vlc", "--start-time={:.3f}"),
    ("celluloid", "--mpv-start={:.3f}"),
    ("ffplay", "-ss {:.3f}"),
)
"""Players that begin at a time, and the option that says when."""
_VIEWERS = ("xdg-open", "open", "wslview")


def open_file(path: str | Path, start: float | None = None, program: str = "") -> None:
    """Open a file with the system's viewer, and return at once.

    Args:
        start: seconds; where a player is installed that can begin there, it does.
        program: a command to run in the place of the system's viewer, in this terminal and
            until it ends. ``{path}`` and ``{start}`` in it are filled in, and without
            ``{path}`` the path comes last.

    Raises:
        PathNotFound: the file is gone.
        UsageError: the system has no program to open files with, or this one fails.
    """
    if not Path(path).exists():
        raise PathNotFound(f"{path} is no longer there")
    if program.strip():
        _run(program, str(path), start or 0.0)
        return
    command = _command(str(path), start)
    if command is None:
        _open_on_windows(str(path))
        return
    quiet = subprocess.DEVNULL
    subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True)


def _run(program: str, path: str, start: float) -> None:
    """Run a command that a person chose, as the shell would, and wait for its end."""
    try:
        words = shlex.split(program)
    except ValueError as error:
        raise UsageError(f"SENSORIUM_OPEN={program!r} is no command: {error}") from None
    if not any("{path}" in word for word in words):
        words.append("{path}")
    filled = [word.replace("{start}", f"{start:.3f}").replace("{path}", path) for word in words]
    try:
        done = subprocess.run(filled)
    except OSError as error:
        raise UsageError(f"SENSORIUM_OPEN={program!r}: {os_reason(error)}") from error
    if done.returncode:
        raise UsageError(f"SENSORIUM_OPEN={program!r} ended with {done.returncode}")


def _command(path: str, start: float | None) -> list[str] | None:
    """Return what opens the path; None where no program of these is installed."""
    for player, option in _PLAYERS if start else ():
        if program := shutil.which(player):
            return [program, *option.format(start).split(" "), path]
    for viewer in _VIEWERS:
        if program := shutil.which(viewer):
            return [program, path]
    return None


def _open_on_windows(path: str) -> None:
    if sys.platform != "win32":
        raise UsageError(
            f"nothing is installed that opens {path}: install xdg-utils, or"
            " name a program in SENSORIUM_OPEN"
        )
    import os

    os.startfile(path)  # noqa: S606
