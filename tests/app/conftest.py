"""A folder of small real media, and the command line as a real process."""

from __future__ import annotations

import json
import subprocess
import sys
import wave
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from engine.encoders.fake import COLOURS


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def make_sound(path: Path, hertz: float, seconds: float = 2.0, rate: int = 16_000) -> None:
    """A WAV file of one tone."""
    samples = 0.5 * np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((samples * 32767).astype("<i2").tobytes())


@pytest.fixture
def media(tmp_path) -> Path:
    """Three pictures of plain colours, and two tones."""
    folder = tmp_path / "media"
    folder.mkdir()
    for place, colour in enumerate(("red", "green", "blue")):
        Image.new("RGB", (64, 48), COLOURS[colour]).save(folder / f"{place}.png")
    make_sound(folder / "deep.wav", 200)
    make_sound(folder / "shrill.wav", 3000)
    return folder


@pytest.fixture
def library(tmp_path) -> Path:
    return tmp_path / "library"


@pytest.fixture
def run(library):
    """Run `sensorium ARGUMENTS --library LIBRARY` and return what it did."""

    def command(*arguments: str | Path, at: Path | None = library) -> Done:
        where = ("--library", str(at)) if at else ()
        done = subprocess.run(
            [sys.executable, "-m", "engine.app.cli", *map(str, arguments), *where],
            capture_output=True,
            text=True,
            timeout=120,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    return command


@pytest.fixture
def indexed(run, media):
    """`run`, on a library that holds `media`."""
    assert run("index", media, "--encoder", "fake").code == 0
    return run
