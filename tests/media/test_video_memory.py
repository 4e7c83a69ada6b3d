"""The kind: videos that are decoded side by side share one budget of bytes."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from engine.config import Settings
from engine.media import video_memory
from engine.media.decode_memory import DecodeMemory
from engine.media.video import read_keyframes

pytestmark = pytest.mark.slow

SIZE = (2560, 1440)
BUDGET = 120 * 2**20


def large_video(path: Path, pictures: int = 20) -> Path:
    """A video whose decoder holds sixteen large pictures, since each may refer to all of them."""
    with av.open(str(path), "w") as output:
        options = {"preset": "ultrafast", "x264-params": "ref=16:bframes=3:keyint=100"}
        stream: Any = output.add_stream("libx264", rate=10, options=options)
        (stream.width, stream.height), stream.pix_fmt = SIZE, "yuv420p"
        for number in range(pictures):
            frame = av.VideoFrame.from_ndarray(
                np.full((SIZE[1] * 3 // 2, SIZE[0]), 40 + 8 * number, np.uint8), format="yuv420p"
            )
            frame.pts, frame.time_base = number, Fraction(1, 10)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def test_a_video_has_room_for_as_long_as_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, memory = large_video(tmp_path / "a.mkv", 4), DecodeMemory(BUDGET)
    monkeypatch.setattr(video_memory, "_shared_memory", lambda _: memory)
    frames = read_keyframes(path, Settings(), 64)
    next(frames)
    assert memory.used == min(BUDGET, 18 * SIZE[0] * SIZE[1] * 3 // 2)
    frames.close()
    assert memory.used == 0
    list(read_keyframes(path, Settings(), 64))
    assert memory.used == 0


def test_what_waits_in_vain_is_read_all_the_same() -> None:
    memory = DecodeMemory(100)
    entered = threading.Event()
    with memory.reserved(100), memory.reserved(60, patience=0.01):
        entered.set()
    assert entered.is_set() and memory.used == 0


_PEAK = r"""
import re, sys, threading
from pathlib import Path
from engine.config import Settings
from engine.media.video import read_keyframes
settings = Settings(decode_memory=int(sys.argv[2]))
list(read_keyframes(Path(sys.argv[3]), settings, 64))  # what is imported, once
def most():  # ru_maxrss would begin at that of the process that started this one
    return int(re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())[1])
before = most()
def read():
    list(read_keyframes(Path(sys.argv[1]), settings, 64))
threads = [threading.Thread(target=read) for _ in range(6)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print((most() - before) // 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc")
def test_six_large_videos_take_the_memory_of_one(tmp_path: Path) -> None:
    path = large_video(tmp_path / "a.mkv")
    small = tmp_path / "small.mkv"
    with av.open(str(small), "w") as output:
        stream: Any = output.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        output.mux(stream.encode(av.VideoFrame(64, 48, "yuv420p")))
        output.mux(stream.encode(None))
    done = subprocess.run(
        [sys.executable, "-c", _PEAK, str(path), str(BUDGET), str(small)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "MALLOC_ARENA_MAX": "1"},  # what threads have freed is taken again
    )
    assert int(done.stdout) < 200  # MiB; 111, of which one takes 83, and 485 without a budget
