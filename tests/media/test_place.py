"""Where pictures, videos and sounds say that they were made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import pytest
from PIL import Image

from engine.config import Settings
from engine.media.audio import probe_audio
from engine.media.image import read_frames
from engine.media.place import from_exif, from_iso_6709
from engine.media.video import probe_video

from . import makers
from .makers import RED, corners, tone

EIFFEL = pytest.approx((48.8577, 2.295), abs=1e-4)
GPS = {1: "N", 2: (48.0, 51.0, 27.72), 3: "E", 4: (2.0, 17.0, 42.0)}


def exif_of(gps: dict[int, Any]) -> bytes:
    exif = Image.Exif()
    exif.get_ifd(0x8825).update(gps)
    return exif.tobytes()


def place_in(path: Path, settings: Settings) -> tuple[float, float] | None:
    (frame,) = read_frames(path, settings, 64)
    return frame.place


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "avif"])
def test_pictures(tmp_path: Path, settings: Settings, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    corners().save(path, exif=exif_of(GPS))
    assert place_in(path, settings) == EIFFEL


def test_heic(tmp_path: Path, settings: Settings) -> None:
    heif = pytest.importorskip("pillow_heif")
    heif.from_pillow(corners(128, 96)).save(tmp_path / "a.heic", exif=exif_of(GPS))
    assert place_in(tmp_path / "a.heic", settings) == EIFFEL


@pytest.mark.parametrize(
    ("gps", "place"),
    [
        ({1: "S", 3: "W"}, (-48.8577, -2.295)),
        ({1: "n\0", 3: b"e\0"}, (48.8577, 2.295)),
        ({2: (48.8577,), 4: (2.0, 17.7)}, (48.8577, 2.295)),
        ({2: (0.0, 0.0, 0.0), 4: (0.0, 0.0, 0.0), 9: "A"}, (0.0, 0.0)),
        ({9: "V"}, (48.8577, 2.295)),
        ({2: (90.0, 0.0, 0.0), 4: (180.0, 0.0, 0.0)}, (90.0, 180.0)),
    ],
)
def test_what_cameras_write(gps: dict[int, Any], place: tuple[float, float]) -> None:
    assert from_exif({**GPS, **gps}) == pytest.approx(place, abs=1e-4)


@pytest.mark.parametrize(
    "gps",
    [
        {2: (0.0, 0.0, 0.0), 4: (0.0, 0.0, 0.0), 9: "V"},
        {2: (float("nan"), 0.0, 0.0)},
        {2: (float("inf"), 0.0, 0.0)},
        {2: (91.0, 0.0, 0.0)},
        {4: (180.0, 0.0, 1.0)},
        {2: (48.0, 61.0, 0.0)},
        {2: (-48.0, 0.0, 0.0)},
        {2: ()},
        {2: (1.0, 2.0, 3.0, 4.0)},
        {2: "north"},
        {2: None},
        {1: ""},
        {1: "E"},
        {3: 7},
    ],
)
def test_what_is_no_place(gps: dict[int, Any]) -> None:
    assert from_exif({**GPS, **gps}) is None
    assert from_exif({key: value for key, value in GPS.items() if key not in gps}) is None


def test_damaged_exif_does_not_cost_the_picture(tmp_path: Path, settings: Settings) -> None:
    path = tmp_path / "a.jpg"
    corners().save(path, exif=exif_of(GPS))
    whole = path.read_bytes()
    start = whole.index(b"Exif")
    places = set()
    for at in range(start, start + len(exif_of(GPS))):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        places.add(place_in(path, settings))
    assert None in places
    corners().save(path, exif=exif_of({**GPS, 2: (0.0, 0.0, 0.0)}))
    # A denominator of zero, which makes seconds that are no number.
    path.write_bytes(path.read_bytes().replace(b"\0\0\0\0\0\0\0\1" * 3, bytes(24)))
    assert place_in(path, settings) is None


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("+48.8577+002.295/", (48.8577, 2.295)),
        ("+48.8577+002.2950+035.000/", (48.8577, 2.295)),
        ("-33.8568+151.2153+004.8/CRSWGS_84/", (-33.8568, 151.2153)),
        ("+4851.462+00217.7/", (48.8577, 2.295)),
        ("+485127.72-0021742/", (48.8577, -2.295)),
        ("+90-180", (90, -180)),
        (" +5.5-7.25/ ", (5.5, -7.25)),
    ],
)
def test_iso_6709(text: str, place: tuple[float, float]) -> None:
    assert from_iso_6709(text) == pytest.approx(place, abs=1e-4)


@pytest.mark.parametrize(
    "text", ["", "/", "48.85,2.29", "+48.85", "+91+000/", "+10+181/", "+4861+00200/", "+nan+nan/",
             "+123+002/", "+48.85 +002.29"],
)  # fmt: skip
def test_what_is_not_iso_6709(text: str) -> None:
    assert from_iso_6709(text) is None


def write(path: Path, metadata: dict[str, str]) -> Path:
    """A video, or a sound by its name, with metadata."""
    options = {"movflags": "use_metadata_tags"} if len(metadata) and "." in min(metadata) else {}
    with av.open(str(path), "w", options=options) as output:
        output.metadata.update(metadata)
        if path.suffix in (".mp4", ".mov", ".mkv"):
            stream: Any = output.add_stream("mpeg4", rate=25)
            stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
            frame = av.VideoFrame.from_image(Image.new("RGB", (64, 64), RED))
            output.mux([*stream.encode(frame), *stream.encode(None)])
        else:
            codec = {".m4a": "aac", ".ogg": "libopus", ".mp3": "libmp3lame"}[path.suffix]
            stream = output.add_stream(codec, rate=48_000, layout="mono")
            makers._mux_sound(output, stream, tone(0.2, 48_000), 48_000)
    return path


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("a.mp4", "location"),
        ("a.mov", "location"),
        ("a.mov", "com.apple.quicktime.location.ISO6709"),
        ("a.mkv", "location-eng"),
        ("a.mkv", "location"),
    ],
)
def test_videos(tmp_path: Path, name: str, key: str) -> None:
    path = write(tmp_path / name, {key: "+48.8577+002.295/"})
    assert probe_video(path).place == EIFFEL


@pytest.mark.parametrize("name", ["a.m4a", "a.ogg", "a.mp3"])
def test_sounds(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name, {"location": "+48.8577+002.295/"})
    assert probe_audio(path).place == EIFFEL
    assert probe_audio(write(tmp_path / name, {"location": "the kitchen"})).place is None


def test_a_video_without_a_place(tmp_path: Path) -> None:
    assert probe_video(write(tmp_path / "a.mp4", {})).place is None
    wrong = {"location": "nowhere", "com.apple.quicktime.location.ISO6709": "+95+000/"}
    assert probe_video(write(tmp_path / "a.mkv", wrong)).place is None
