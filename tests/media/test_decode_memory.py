"""The kind: pictures that are decoded side by side share one budget of bytes.

And those that end too early give what is there, in no more memory than whole ones.
"""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.config import Settings
from engine.errors import CorruptMedia, MediaTooLarge
from engine.media.decode_memory import DecodeMemory
from engine.media.image import read_frames
from engine.media.rgb import to_rgb
from engine.media.thumbnail import thumbnail

from .makers import huge_png

pytestmark = pytest.mark.slow


def test_what_does_not_fit_beside_the_rest_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    memory, free = DecodeMemory(100), list[bool]()
    monkeypatch.setattr(memory._changed, "wait_for", lambda is_free, _: free.append(is_free()))
    with memory.reserved(80), memory.reserved(50):
        pass
    with memory.reserved(50), memory.reserved(50):
        pass
    assert free == [True, False, True, True]


def test_threads_wait_for_room() -> None:
    memory, most, lock = DecodeMemory(100), [0], threading.Lock()

    def work(nbytes: int) -> None:
        with memory.reserved(nbytes), lock:
            most[0] = max(most[0], memory.used)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, [60, 10, 50, 100, 30, 90, 1, 70] * 50))
    assert memory.used == 0 and 60 <= most[0] <= 100


def test_an_error_gives_the_room_back() -> None:
    memory = DecodeMemory(100)
    with pytest.raises(ValueError, match="broken"), memory.reserved(100):
        raise ValueError("broken")
    assert memory.used == 0


def test_what_needs_more_than_all_is_refused_by_its_header(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(huge_png(8000))
    strict = dataclasses.replace(Settings(), decode_memory=200 * 2**20)
    for read in (lambda: list(read_frames(tmp_path / "a.png", strict, 224)),
                 lambda: thumbnail(tmp_path / "a.png", strict)):  # fmt: skip
        with pytest.raises(MediaTooLarge, match=r"0\.2 GiB.*SENSORIUM_DECODE_MEMORY"):
            read()


def test_a_jpeg_is_reduced_while_decoding_and_fits(tmp_path: Path) -> None:
    Image.new("RGB", (6000, 4000), (200, 30, 30)).save(tmp_path / "a.jpg")
    strict = dataclasses.replace(Settings(), decode_memory=20 * 2**20)
    (frame,) = read_frames(tmp_path / "a.jpg", strict, 224)
    assert frame.width == 6000


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "L", "I;16", "F", "1", "CMYK"])
def test_strips_are_the_whole_bit_for_bit(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (517, 391, 4), dtype=np.uint8)
    picture = Image.fromarray(noise, "RGBA" if mode != "CMYK" else "CMYK")
    if mode in ("I;16", "F"):
        deep = noise[..., 0].astype(np.uint16) * 200
        picture = Image.fromarray(deep if mode == "I;16" else deep.astype(np.float32))
    elif mode != picture.mode:
        picture = picture.convert("RGB" if mode == "P" else "RGBA").convert(mode)
    whole = to_rgb(picture, 50)
    monkeypatch.setattr("engine.media.rgb._STRIP", 4000)
    assert to_rgb(picture, 50).tobytes() == whole.tobytes()


_PEAK = r"""
import re, sys, threading
from pathlib import Path
from engine.config import Settings
from engine.media.image import read_frames
def most():  # ru_maxrss would begin at that of the process that started this one
    return int(re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())[1])
before = most()
settings = Settings(decode_memory=140 * 2**20)
def read(name):
    list(read_frames(Path(sys.argv[1]) / name, settings, 224))
threads = [threading.Thread(target=read, args=(name,)) for name in ("a.png", "b.png")]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print((most() - before) // 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc")
def test_two_large_pictures_take_the_memory_of_one(tmp_path: Path) -> None:
    Image.new("RGBA", (5000, 5000), (200, 30, 30, 255)).save(tmp_path / "a.png", compress_level=1)
    (tmp_path / "b.png").write_bytes((tmp_path / "a.png").read_bytes())
    done = subprocess.run(
        [sys.executable, "-c", _PEAK, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "MALLOC_ARENA_MAX": "1"},  # what threads have freed is taken again
    )
    assert int(done.stdout) < 200  # MiB; one alone takes 144, and both at once 255


# --- pictures that end too early ---------------------------------------------------


def photograph(progressive: bool, path: Path, mode: str = "RGB") -> bytes:
    noise = np.random.default_rng(4).integers(0, 256, (30, 40, 3), dtype=np.uint8)
    picture = Image.fromarray(noise).resize((640, 480), Image.Resampling.BICUBIC).convert(mode)
    picture.save(path, "jpeg", quality=90, progressive=progressive)
    return path.read_bytes()


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("min_side", [64, 480])
def test_a_jpeg_without_its_end_is_whole(tmp_path: Path, mode: str, min_side: int) -> None:
    path = tmp_path / "a.jpg"
    data = photograph(False, path, mode)
    (whole,) = read_frames(path, Settings(), min_side)
    for missing in (1, 2):
        path.write_bytes(data[:-missing])
        (frame,) = read_frames(path, Settings(), min_side)
        assert frame.image.tobytes() == whole.image.tobytes() and frame.note is None


def test_a_jpeg_that_was_cut_gives_what_came_before(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    data = photograph(False, path)
    (whole,) = read_frames(path, Settings(), 480)
    path.write_bytes(data[: len(data) * 8 // 10])
    (frame,) = read_frames(path, Settings(), 480)
    rows = frame.image.height
    assert 320 < rows < 440 and (frame.width, frame.height) == (640, 480)
    assert frame.note == f"cut off: {100 * rows // 480} % of it are there"
    upper = (0, 0, 640, rows - 32)
    assert frame.image.crop(upper).tobytes() == whole.image.crop(upper).tobytes()
    path.write_bytes(data[: len(data) * 4 // 10])
    with pytest.raises(CorruptMedia, match="truncated JPEG"):
        list(read_frames(path, Settings(), 480))


def test_a_progressive_jpeg_that_was_cut_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(photograph(True, path)[:-3000])
    (frame,) = read_frames(path, Settings(), 480)
    assert frame.image.size == (640, 480) and frame.note is not None
