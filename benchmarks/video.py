"""Keyframes of a video, embedded, against decoding every frame of it.

    python -m benchmarks.video [--work FOLDER] [--minutes 10]

The video is made once: 1080p H.264 at 25 frames and 8 megabits a second, scenes of 3 to 15 seconds,
in each a camera that pans over a textured picture with things moving across it, and grain
over all, as sensors have it (without, what lies between keyframes is all but free). x264 sets
its keyframes as it does for everybody, at cuts and every 250 frames. Decoding every frame
is given all cores, and only decodes: what it gives is neither converted nor looked at.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from statistics import median

import av
import click
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.alone import encode, seconds
from benchmarks.common import (
    at_least,
    command,
    conclude,
    machine,
    new_library,
    scratch,
    work_option,
)
from engine.config import Settings
from engine.encoders import registry
from engine.media.video import read_keyframes

_WIDTH, _HEIGHT, _RATE = 1920, 1080, 25
_MARGIN = 320
"""Pixels by which a scene's picture is larger than what is shown of it."""
_GRAIN = 4.0
"""Standard deviation of the grain, in 8-bit steps."""
_BITS = 8_000_000
"""Bits a second: what is recommended for 1080p that is to be published; cameras take more."""
_LIMIT = 8.0


def made(work: Path, minutes: float) -> Path:
    """The video; made first where there is none."""
    file = work / f"moving-8mbps-{minutes:g}min-1080p.mp4"
    if not file.exists():
        work.mkdir(parents=True, exist_ok=True)
        draft = file.with_suffix(".draft.mp4")
        _make(draft, round(minutes * 60 * _RATE))
        draft.rename(file)
    return file


def _make(file: Path, frames: int) -> None:
    with av.open(str(file), "w") as container:
        stream = container.add_stream(
            "libx264", rate=Fraction(_RATE), options={"preset": "veryfast"}
        )
        stream.width, stream.height, stream.pix_fmt = _WIDTH, _HEIGHT, "yuv420p"
        stream.bit_rate, stream.thread_count = _BITS, Settings().threads
        for planes in _frames(frames):
            frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _frames(count: int) -> Iterator[NDArray[np.uint8]]:
    """Frames as planes of YUV 4:2:0, (1620, 1920), always the same."""
    rng = np.random.default_rng(0)
    grain = rng.normal(0, _GRAIN, (2 * _HEIGHT, _WIDTH)).astype(np.int8)
    shown = 0
    while shown < count:
        length = min(int(rng.integers(3 * _RATE, 15 * _RATE)), count - shown)
        for frame in _scene(rng, length):
            luma, row = frame[:_HEIGHT], int(rng.integers(_HEIGHT))
            luma += grain[row : row + _HEIGHT].view(np.uint8)  # wraps, which 24 to 231 never does
            yield frame
        shown += length


def _scene(rng: np.random.Generator, length: int) -> Iterator[NDArray[np.uint8]]:
    wide, high = _WIDTH + _MARGIN, _HEIGHT + _MARGIN
    planes = [_texture(rng, wide, high), *(_texture(rng, wide // 2, high // 2) for _ in "UV")]
    begin, end = rng.integers(0, _MARGIN // 2, (2, 2))
    boxes = rng.integers(0, [_WIDTH - 200, _HEIGHT - 200], (3, 2))
    speeds = rng.integers(-8, 9, (3, 2))
    for number in range(length):
        left, top = (begin + (end - begin) * number / length).astype(int)
        window = [
            plane[(top * 2 >> half) :, (left * 2 >> half) :][: _HEIGHT >> half, : _WIDTH >> half]
            for plane, half in zip(planes, (0, 1, 1), strict=True)
        ]
        frame = np.concatenate([plane.reshape(-1) for plane in window]).reshape(-1, _WIDTH)
        for place, (box, speed) in enumerate(zip(boxes, speeds, strict=True)):
            x, y = (box + speed * number) % (_WIDTH - 200, _HEIGHT - 200)
            frame[y : y + 160, x : x + 160] = 40 + 60 * place
        yield frame


def _texture(rng: np.random.Generator, width: int, height: int) -> NDArray[np.uint8]:
    """Structure of every size, as pictures have it: noise whose power falls with the scale."""
    total = np.zeros((height, width), np.float32)
    for cells in (3, 9, 27, 81, 243):
        noise = rng.normal(0, 1, (cells, cells)).astype(np.float32)
        layer = Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC)
        total += np.asarray(layer) / cells**0.5
    spread = 128 + 50 * total / total.std()
    textured: NDArray[np.uint8] = np.clip(spread, 24, 231).astype(np.uint8)
    return textured


def _every_frame(file: Path) -> int:
    """Decode all of it on all cores."""
    with av.open(str(file)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = Settings.from_env().threads
        return sum(1 for _ in container.decode(stream))


@command(__doc__)
@work_option
@click.option("--minutes", default=10.0, show_default=True)
@click.option("--turns", default=3, show_default=True, type=click.IntRange(1))
def main(work: Path, minutes: float, turns: int) -> None:
    file = made(work, minutes)
    settings = Settings.from_env()
    towers = registry.towers("compact", settings)
    grey = towers.encoder.prepare_image(Image.new("RGB", (512, 512)))
    encode([grey] * settings.batch_size, towers, settings.batch_size)
    alls, keys, indexes, frames, keyframes = [], [], [], 0, 0
    with scratch() as folder:
        for turn in range(turns):
            started = time.perf_counter()
            frames = _every_frame(file)
            alls.append(time.perf_counter() - started)
            started = time.perf_counter()
            found = [
                towers.encoder.prepare_image(one.image)
                for one in read_keyframes(file, settings, towers.encoder.image_size)
            ]
            encode(found, towers, settings.batch_size)
            keys.append(time.perf_counter() - started)
            keyframes = len(found)
            with new_library(folder / f"library-{turn}") as library:
                encode([grey], library.towers, 1)
                indexes.append(seconds(lambda library=library: library.index([file])))
    every, key, index = median(alls), median(keys), median(indexes)
    conclude(
        f"{minutes:g} minutes of 1080p H.264, {frames:,} frames; {machine()};"
        f" medians of {turns} turns.",
        ("what", "takes", "times as fast"),
        [
            ("decoding every frame, all cores", f"{every:.1f} s, {frames / every:.0f} frames/s", "",
             None),
            (f"{keyframes} keyframes, embedded by compact", f"{key:.2f} s", f"{every / key:.1f}x",
             at_least(every / key, _LIMIT, f">= {_LIMIT:g}x")),
            ("`index`, the library's own upkeep included", f"{index:.2f} s",
             f"{every / index:.1f}x", at_least(every / index, _LIMIT, f">= {_LIMIT:g}x")),
        ],
    )  # fmt: skip


if __name__ == "__main__":
    main()
