"""A command in a pseudo-terminal of a given size, as a terminal emulator shows it."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import termios
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyte

ROOT = Path(__file__).parents[2]
_PLAIN = ("NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLORTERM", "COLUMNS", "LINES", "TMUX")
_PLAIN += ("PAGER", "LESS", "TERM_PROGRAM", "KITTY_WINDOW_ID", "KONSOLE_VERSION", "LC_TERMINAL")


@dataclass(frozen=True)
class Shown:
    """What a command wrote to its terminal."""

    code: int
    raw: bytes
    lines: tuple[str, ...]
    """The lines of the screen, less the blank ones at the end."""
    colours: frozenset[tuple[str, str]]
    """Colours of letters and of what is behind them."""

    @property
    def text(self) -> str:
        return "".join(f"{line}\n" for line in self.lines)


def at_terminal(
    command: Sequence[str | Path],
    columns: int,
    cwd: Path,
    *,
    environ: Mapping[str, str] | None = None,
    rows: int = 60,
    answer: tuple[bytes, bytes] | None = None,
) -> Shown:
    """Run a command.

    Args:
        answer: a question of the command, and what the terminal says to it.
    """
    leader, follower = pty.openpty()
    size = struct.pack("HHHH", rows, columns, 10 * columns, 20 * rows)
    fcntl.ioctl(follower, termios.TIOCSWINSZ, size)
    kept = {name: value for name, value in os.environ.items() if name not in _PLAIN}
    process = subprocess.Popen(
        [*map(str, command)],
        stdin=follower, stdout=follower, stderr=follower, cwd=cwd, start_new_session=True,
        env=kept | {"TERM": "xterm-256color", "PYTHONPATH": str(ROOT), "TZ": "UTC"}
        | dict(environ or {}),
    )  # fmt: skip
    os.close(follower)
    raw = _read(leader, answer)
    os.close(leader)
    screen = pyte.Screen(columns, rows)
    pyte.ByteStream(screen).feed(raw)
    lines = [line.rstrip() for line in screen.display]
    while lines and not lines[-1]:
        lines.pop()
    cells = (cell for row in screen.buffer.values() for cell in row.values() if cell.data != " ")
    colours = frozenset((cell.fg, cell.bg) for cell in cells)
    return Shown(process.wait(60), raw, tuple(lines), colours)


def _read(leader: int, answer: tuple[bytes, bytes] | None) -> bytes:
    raw = b""
    while True:
        try:
            part = os.read(leader, 1 << 16)
        except OSError:  # of Linux, when the last process has closed its end
            return raw
        if not part:
            return raw
        raw += part
        if answer is not None and answer[0] in raw:
            os.write(leader, answer[1])
            answer = None
