"""Model files in the GGUF format: those that have a name, and any other by its path."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.common.user_path import resolved
from engine.config import Settings
from engine.errors import EncoderUnavailable, UsageError
from engine.generate.lm import SMOLLM2

PREFIX = "local:"
_MAGIC = b"GGUF"


@dataclass(frozen=True, slots=True)
class PulledFile:
    """A file that is joined in the cache out of the parts that packages carry."""

    name: str
    title: str
    file: str
    bytes: int
    part_bytes: int
    """Bytes of every part but the last."""
    sha256: str
    licence: str
    requirements: str
    """File beside this one that pins the packages, in the order of their parts."""

    def path(self, settings: Settings) -> Path:
        """Return its place in the cache, whether it is there or not."""
        return settings.cache / "gguf" / self.file

    @property
    def size(self) -> str:
        """Its size, for people."""
        return f"{self.bytes / 1e9:.1f} GB"


QWEN = PulledFile(
    "qwen",
    "Qwen2.5-Coder-1.5B-Instruct Q4_K_M",
    "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
    1_117_320_768,
    52_428_800,
    "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
    "Apache-2.0",
    "qwen_weights.txt",
)
"""Qwen team 2024, "Qwen2.5-Coder Technical Report"."""
_SMALL = "smollm2"
NAMES = (f"{PREFIX}{QWEN.name}", f"{PREFIX}{_SMALL}")


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A model file of this machine."""

    path: Path
    title: str
    projector: Path | None = None
    """The file that lets it see: ``mmproj-*.gguf`` in the same folder; None for none."""


def pulled_file(name: str) -> PulledFile | None:
    """Return the file that ``sensorium models pull`` makes for a name; None where it is none."""
    return QWEN if name == f"{PREFIX}{QWEN.name}" else None


def locate(name: str, settings: Settings) -> LocalFile:
    """Return the file that ``local:NAME`` or ``local:PATH.gguf`` stands for.

    Raises:
        EncoderUnavailable: its weights are not on this machine.
        UsageError: there is no such name, or no such file, or it is no GGUF file.
    """
    asked = name.removeprefix(PREFIX)
    if asked == _SMALL:
        return LocalFile(SMOLLM2.locate(), "SmolLM2-135M-Instruct Q4_1")
    if asked == QWEN.name:
        path = QWEN.path(settings)
        if not path.is_file():
            raise EncoderUnavailable(
                f"{PREFIX}{QWEN.name} is not on this machine: `sensorium models pull"
                f" {PREFIX}{QWEN.name}` fetches it ({QWEN.size}, {QWEN.licence})"
            )
        return LocalFile(path, QWEN.title)
    if not asked.endswith(".gguf"):
        raise UsageError(
            f"no local model is called {asked!r}; there is {', '.join(NAMES)}, and"
            f" {PREFIX}PATH.gguf for a file of your own"
        )
    return _own_file(resolved(Path(asked)))


def _own_file(path: Path) -> LocalFile:
    try:
        with path.open("rb") as stream:
            magic = stream.read(len(_MAGIC))
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror})") from error
    if magic != _MAGIC:
        raise UsageError(f"{path} is no GGUF file")
    beside = sorted(path.parent.glob("mmproj*.gguf"))
    return LocalFile(path, path.stem, beside[0] if beside else None)
