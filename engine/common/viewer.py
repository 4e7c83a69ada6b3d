"""Opening a file with the program that the system has for it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from engine.errors import PathNotFound, UsageError

_PLAYERS = (
    ("mpv", "--start={:.3f}"),
    ("vlc", "--start-time={:.3f}"),
    ("celluloid", "--mpv-start={:.3f}"),
    ("ffplay", "-ss {:.3f}"),
)
"""Players that begin at a time, and the option that says when."""
_VIEWERS = ("xdg-open", "open", "wslview")


def open_file(path: str | Path, start: float | None = None) -> None:
    """Open a file with the system's viewer, and return at once.

    Args:
        start: seconds; where a player is installed that can begin there, it does.

    Raises:
        PathNotFound: the file is gone.
        UsageError: the system has no program to open files with.
    """
    if not Path(path).exists():
        raise PathNotFound(f"{path} is no longer there")
    command = _command(str(path), start)
    if command is None:
        _open_on_windows(str(path))
        return
    quiet = subprocess.DEVNULL
    subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True)


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
        raise UsageError(f"nothing is installed that opens {path}: install xdg-utils")
    import os

    os.startfile(path)  # noqa: S606
