"""Real media files, made with Pillow and PyAV in a few milliseconds each."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

RED, GREEN, BLUE = (220, 30, 30), (30, 200, 40), (30, 40, 220)
WHITE, BLACK = (255, 255, 255), (0, 0, 0)
Colour = tuple[int, int, int]


def corners(width: int = 60, height: int = 40) -> Image.Image:
    """Red upper left, green upper right, blue lower left, white lower right."""
    picture = Image.new("RGB", (width, height), WHITE)
    half = (width // 2, height // 2)
    picture.paste(RED, (0, 0, *half))
    picture.paste(GREEN, (half[0], 0, width, half[1]))
    picture.paste(BLUE, (0, half[1], half[0], height))
    return picture


def corner_colours(picture: Image.Image) -> list[Colour]:
    """The corners, clockwise from the upper left, each as the nearest named colour."""
    width, height = picture.size
    x, y = width // 6, height // 6
    places = [(x, y), (width - 1 - x, y), (width - 1 - x, height - 1 - y), (x, height - 1 - y)]
    return [nearest(picture.getpixel(place)) for place in places]


def nearest(pixel: Any) -> Colour:
    """Which of the named colours a lossy codec has made this of."""
    known = (RED, GREEN, BLUE, WHITE, BLACK)
    return min(known, key=lambda c: sum(abs(a - b) for a, b in zip(c, pixel, strict=True)))


UPRIGHT = [RED, GREEN, WHITE, BLUE]


def write_video(
    path: Any,
    frames: Iterable[tuple[int, Image.Image]],
    *,
    codec: str = "libx264",
    options: dict[str, str] | None = None,
    sound: float = 0.0,
    sound_start: float = 0.0,
    ticks: int = 1000,
    container: str | None = None,
    prepare: Callable[[Any], None] | None = None,
) -> Path:
    """A video of pictures at time stamps of 1/``ticks`` s, with ``sound`` seconds of a tone."""
    target = str(path) if isinstance(path, Path) else path
    with av.open(target, "w", format=container) as output:
        stream: Any = output.add_stream(codec, rate=25, options=options or {})
        stream.codec_context.thread_count = 1  # VP8's wait for each other, ten times as long
        audio: Any = output.add_stream("aac", rate=16000, layout="mono") if sound else None
        for number, (stamp, picture) in enumerate(frames):
            if number == 0:
                stream.width, stream.height = picture.size
                stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
                stream.codec_context.time_base = Fraction(1, ticks)
                if prepare is not None:
                    prepare(stream)
            frame = av.VideoFrame.from_image(picture)
            frame.pts, frame.time_base = stamp, Fraction(1, ticks)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
        if audio is not None:
            _mux_sound(output, audio, tone(sound, 16000), 16000, sound_start)
    return path


def tone(
    seconds: float, rate: int, hertz: float = 440.0, level: float = 0.5
) -> NDArray[np.float32]:
    """A sine, (n,) float32."""
    times = np.arange(round(seconds * rate)) / rate
    return (level * np.sin(2 * np.pi * hertz * times)).astype(np.float32)


def write_sound(
    path: Path,
    samples: NDArray[np.float32],
    rate: int,
    codec: str,
    container: str | None = None,
) -> Path:
    """Samples (n,), or (channels, n), in any codec and container that FFmpeg writes."""
    layout = "mono" if samples.ndim == 1 else {2: "stereo", 6: "5.1"}[len(samples)]
    with av.open(str(path), "w", format=container) as output:
        stream: Any = output.add_stream(codec, rate=rate, layout=layout)
        if codec.startswith("wma"):
            stream.bit_rate = 64_000
        _mux_sound(output, stream, samples, rate)
    return path


def _mux_sound(
    output: Any, stream: Any, samples: NDArray[np.float32], rate: int, start: float = 0.0
) -> None:
    plane = np.atleast_2d(samples).astype(np.float32)
    frame = av.AudioFrame.from_ndarray(
        np.ascontiguousarray(plane), format="fltp", layout=stream.layout.name
    )
    frame.sample_rate, frame.pts, frame.time_base = rate, round(start * rate), Fraction(1, rate)
    size = stream.codec_context.frame_size or 1024
    resampler = av.AudioResampler(stream.format, stream.layout, stream.rate, frame_size=size)
    for piece in [*resampler.resample(frame), *resampler.resample(None)]:
        output.mux(stream.encode(piece))
    output.mux(stream.encode(None))


def riff(
    form: int, channels: int, rate: int, bits: int, data: bytes, claimed: int | None = None
) -> bytes:
    """A WAV by hand, so that its header can lie about ``claimed`` bytes."""
    size = len(data) if claimed is None else claimed
    block = channels * bits // 8
    head = struct.pack("<HHIIHH", form, channels, rate, rate * block, block, bits)
    whole = min(size + 36, 0xFFFFFFFF)
    return (
        b"".join((b"RIFF", struct.pack("<I", whole), b"WAVEfmt ", struct.pack("<I", 16), head))
        + b"data"
        + struct.pack("<I", size)
        + data
    )


def rotate_mp4(path: Path, matrix: Sequence[int]) -> Path:
    """Write (a, b, c, d) into the track header's display matrix, as phones do."""
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 40
    a, b, c, d = (value << 16 for value in matrix)
    data[at : at + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    return path


def huge_png(side: int) -> bytes:
    """A PNG header of ``side`` x ``side`` pixels with hardly any data behind it."""
    import zlib

    def chunk(name: bytes, body: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(name + body))
        return struct.pack(">I", len(body)) + name + body + check

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + pixels + chunk(b"IEND", b"")
