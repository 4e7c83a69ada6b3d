"""Makers of small real media files, of faulty ones, and of what they should become."""

from __future__ import annotations

import os
import struct
import wave
import zlib
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image

from engine.testing.fake_encoder import COLOURS

RATE = 16_000


def picture(path: Path, colour: str = "red", size: tuple[int, int] = (40, 30)) -> Path:
    """One plain colour; a shade that depends on the name keeps contents apart."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.new("RGB", size, COLOURS[colour])
    image.putpixel((0, 0), tuple(zlib.crc32(os.fsencode(path.name)).to_bytes(4, "big")[:3]))
    image.save(path, format=None if path.suffix in Image.registered_extensions() else "PNG")
    return path


def animation(path: Path, colours: Sequence[str]) -> Path:
    """A GIF with a frame per colour."""
    frames = [Image.new("RGB", (32, 32), COLOURS[colour]) for colour in colours]
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=100)
    return path


def tone(hertz: float, seconds: float) -> np.ndarray:
    """Samples in [-1, 1] at ``RATE``; 0 Hz is silence."""
    count = round(seconds * RATE)
    # A tone of whole hertz is the same each second, and the sine of 20 minutes takes 0.5 s.
    drawn = min(count, RATE) if float(hertz).is_integer() else count
    return np.resize(0.5 * np.sin(2 * np.pi * hertz * np.arange(drawn) / RATE), count)


def sound(path: Path, *tones: tuple[float, float]) -> Path:
    """A WAV of tones (hertz, seconds) one after another; none make a file without samples."""
    samples = np.concatenate([tone(*t) for t in tones]) if tones else np.zeros(0)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    return path


def video(
    path: Path,
    colours: Sequence[str],
    seconds: float = 2.0,
    hertz: float | None = None,
    metadata: Mapping[str, str] | None = None,
) -> Path:
    """A video that shows each colour for ``seconds``; with ``hertz``, it hums throughout."""
    with av.open(str(path), "w") as container:
        container.metadata.update(metadata or {})
        pictures = container.add_stream("mpeg4", rate=Fraction(10))
        pictures.width, pictures.height, pictures.pix_fmt = 64, 48, "yuv420p"
        pictures.gop_size = 10
        track = container.add_stream("aac", rate=RATE, layout="mono") if hertz else None
        for colour in colours:
            for _ in range(round(seconds * 10)):
                frame = av.VideoFrame.from_image(Image.new("RGB", (64, 48), COLOURS[colour]))
                container.mux(pictures.encode(frame))
        container.mux(pictures.encode(None))
        if track is not None and hertz is not None:
            samples = tone(hertz, seconds * len(colours)).astype(np.float32)[np.newaxis]
            heard = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
            heard.sample_rate = RATE
            container.mux(track.encode(heard))
            container.mux(track.encode(None))
    return path


def huge_png(path: Path, side: int = 50_000) -> Path:
    """The header of a picture of ``side`` x ``side`` pixels, and hardly any pixels."""
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b""))
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body)
    return path


def truncated(path: Path, whole: Path) -> Path:
    """The first half of ``whole``."""
    data = whole.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    return path
