"""The kind: a frame of a video has the colours that a screen shows, over what shows it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from engine.config import Settings
from engine.media.video import read_keyframes, read_still

from .makers import BLUE, RED, corners, nearest, write_video
from .test_colour import hdr_signal

pytestmark = pytest.mark.slow


def write_frames(
    path: Path, codec: str, pixels: str, samples: np.ndarray[Any, Any], form: str, params: str = ""
) -> Path:
    with av.open(str(path), "w") as output:
        stream: Any = output.add_stream(
            codec, rate=25, options={"x265-params": params} if params else {}
        )
        stream.height, stream.width = samples.shape[:2]
        stream.pix_fmt = pixels
        for number in range(30):
            frame = av.VideoFrame.from_ndarray(samples, format=form)
            frame = frame.reformat(format=pixels, dst_colorspace=9 if params else None)
            frame.pts, frame.time_base = number, Fraction(1, 25)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def shown(path: Path) -> list[Image.Image]:
    frames = [frame.image for frame in read_keyframes(path, Settings(), 48)]
    return [*frames, read_still(path, Settings(), 0.5, 48)]


@pytest.mark.parametrize("transfer", [16, 18])
@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_hdr_is_tone_mapped(tmp_path: Path, transfer: int, name: str) -> None:
    picture = Image.new("RGB", (96, 96), (128, 128, 128))
    picture.paste(RED, (0, 0, 48, 96))
    samples = np.rint(hdr_signal(picture, transfer) * 65535).astype(np.uint16)
    curve = {16: "smpte2084", 18: "arib-std-b67"}[transfer]
    params = f"log-level=none:colorprim=bt2020:colormatrix=bt2020nc:transfer={curve}"
    path = write_frames(tmp_path / name, "libx265", "yuv420p10le", samples, "rgb48le", params)
    for image in shown(path):
        for place, wanted in (((10, 24), RED), ((38, 24), (128, 128, 128))):
            pixel: Any = image.getpixel(place)
            assert max(abs(a - b) for a, b in zip(pixel, wanted, strict=True)) < 16, pixel


@pytest.mark.parametrize(
    ("name", "codec", "pixels"),
    [("a.webm", "libvpx", "yuva420p"), ("b.webm", "libvpx-vp9", "yuva420p"),
     ("a.mov", "png", "rgba"), ("b.mov", "qtrle", "argb"), ("c.mov", "prores_ks", "yuva444p10le"),
     ("a.mkv", "ffv1", "bgra")],
)  # fmt: skip
@pytest.mark.parametrize(
    ("colour", "below"), [(BLUE, (255, 255, 255)), ((255, 255, 255), (0, 0, 0))]
)
def test_video_with_transparency(
    tmp_path: Path, name: str, codec: str, pixels: str, colour: Any, below: Any
) -> None:
    picture = Image.new("RGBA", (96, 96), (0, 0, 0, 0))
    picture.paste((*colour, 255), (32, 32, 64, 64))
    try:
        path = write_frames(tmp_path / name, codec, pixels, np.asarray(picture), "rgba")
    except (av.error.FFmpegError, ValueError) as error:
        pytest.skip(f"this FFmpeg does not write it: {error}")
    for image in shown(path):
        assert nearest(image.getpixel((5, 5))) == below
        assert nearest(image.getpixel((24, 24))) == colour


def test_plain_video_keeps_its_bits(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", [(i, corners(64, 48)) for i in range(10)], ticks=25)
    with av.open(str(path)) as container:
        plain = next(container.decode(video=0)).to_image(interpolation="AREA")
    assert shown(path)[0].tobytes() == plain.tobytes()
