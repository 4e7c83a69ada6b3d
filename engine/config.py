"""One ``Settings`` object, read once; arguments are not threaded through layers.

Every field can be set by an environment variable: ``SENSORIUM_`` and the
field's name in capitals (``SENSORIUM_MAX_PIXELS=1000000000``).
"""

from __future__ import annotations

import dataclasses
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from platformdirs import user_cache_path, user_data_path

from engine.errors import UsageError


def _cores() -> int:
    """Cores that this process may use, which in a container are often fewer."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class Settings:
    """Limits, folders and sizes. Frozen: derive another with ``dataclasses.replace``."""

    library: Path = field(default_factory=lambda: user_data_path("sensorium") / "library")
    """The library that a command uses when none is named."""
    cache: Path = field(default_factory=lambda: user_cache_path("sensorium"))
    """Exported towers, keyed by the hash of their weights. Always disposable."""
    threads: int = field(default_factory=_cores)
    """Threads of the encoder, and of the pool that decodes."""
    batch_size: int = 8
    """Pictures, blocks of sound or sentences in one forward pass. On a CPU more is no
    faster, and takes more memory: 0.3 GiB at 8 pictures, 1.0 at 32."""
    look_ahead: int = 32 * 2**20
    """Bytes of prepared media that may wait for the encoder: some 160 pictures."""
    max_pixels: int = 400_000_000
    """Width times height past which a picture is refused, before it is decoded."""
    max_frames: int = 16
    """Frames of an animation, or pages of a TIFF, spread evenly when there are more."""
    keyframes_per_minute: int = 20
    """Upper bound for a video, on average over its length."""
    window_seconds: float = 10.0
    """Length of an audio window."""
    silence_db: float = -60.0
    """Windows whose loudest 50 ms stay below this (dBFS, RMS) are skipped."""
    sound_head: Path | None = None
    """A head of the sound bridge from ``engine.training.sounds``; None for the package's."""
    speech: bool = True
    """Transcribe speech, where the speech bridge is installed."""

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Defaults overridden by ``SENSORIUM_*``.

        Raises:
            UsageError: a value cannot be read as its field's type.
        """
        environ = os.environ if environ is None else environ
        default = cls()
        changes: dict[str, object] = {}
        for spec in dataclasses.fields(cls):
            name = f"SENSORIUM_{spec.name.upper()}"
            if raw := environ.get(name):
                changes[spec.name] = _parse(name, raw, getattr(default, spec.name))
        if changes.get("window_seconds", 1.0) <= 0:  # type: ignore[operator]
            raise UsageError("SENSORIUM_WINDOW_SECONDS must be greater than 0")
        return dataclasses.replace(default, **changes)  # type: ignore[arg-type]


def _parse(name: str, raw: str, default: object) -> object:
    """Read ``raw`` as the type of ``default``."""
    try:
        if isinstance(default, bool):
            return {"1": True, "true": True, "0": False, "false": False}[raw.lower()]
        if isinstance(default, int):
            number = int(raw)
            if number <= 0:
                raise ValueError
            return number
        if isinstance(default, float):
            return _finite(raw)
    except (KeyError, ValueError):
        expected = type(default).__name__
        raise UsageError(f"{name}={raw!r} is not a valid {expected}") from None
    return Path(raw).expanduser()


def _finite(raw: str) -> float:
    number = float(raw)
    if not math.isfinite(number):
        raise ValueError
    return number
