"""Parts that are cut out of videos and sounds: what is in them, and what is not."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from engine.common.progress import CancelToken
from engine.config import Settings
from engine.errors import Cancelled, CorruptMedia, EmptyMedia, MediaTooLarge
from engine.media import clip
from engine.media.video import read_still
from tests import media_files as make

pytestmark = pytest.mark.slow

_RATE = 25
_SECONDS = 8
_VIDEOS = {
    "a.mp4": ("libx264", "aac"), "b.webm": ("libvpx-vp9", "libopus"), "c.mkv": ("mpeg4", "mp3"),
    "d.ts": ("libx264", "aac"), "e.avi": ("mpeg4", "libmp3lame"), "f.mp4": ("libx264", None),
}  # fmt: skip
_SOUNDS = {"a.mp3": "libmp3lame", "b.flac": "flac", "c.ogg": "libopus", "d.m4a": "aac"}


def grey(second: float) -> int:
    """How bright the made videos are at a time."""
    return round(30 * second)


def filmed(path: Path, pictures: str | None, sound: str | None) -> Path:
    """A video that brightens with time, its keyframes two seconds apart, over a tone."""
    with av.open(str(path), "w") as out:
        if pictures:
            shown = out.add_stream(pictures, rate=_RATE)
            shown.options = {"sc_threshold": "0"} if pictures == "libx264" else {}
            shown.width, shown.height, shown.pix_fmt, shown.gop_size = 64, 48, "yuv420p", 50
        heard = out.add_stream(sound, rate=48_000, layout="mono") if sound else None
        for number in range(_SECONDS * _RATE if pictures else 0):
            image = Image.new("RGB", (64, 48), (grey(number / _RATE),) * 3)
            out.mux(shown.encode(av.VideoFrame.from_image(image)))
        if pictures:
            out.mux(shown.encode(None))
        if heard is not None:
            samples = 0.5 * np.sin(np.arange(_SECONDS * 48_000) / 20).astype(np.float32)[None]
            frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
            frame.sample_rate = 48_000
            context = heard.codec_context
            parts = av.AudioResampler(context.format, "mono", 48_000, context.frame_size or 1024)
            written = 0
            for part in [*parts.resample(frame), *parts.resample(None)]:
                part.pts, part.time_base = written, Fraction(1, 48_000)
                written += part.samples
                out.mux(heard.encode(part))
            out.mux(heard.encode(None))
    return path


@pytest.fixture(scope="module")
def films(tmp_path_factory) -> Path:
    """A folder with each of the videos."""
    folder = tmp_path_factory.mktemp("films")
    for name, codecs in _VIDEOS.items():
        filmed(folder / name, *codecs)
    return folder


def pictures_of(path: Path) -> list[tuple[float, float]]:
    """The times of the frames of a video, and how bright they are."""
    with av.open(str(path)) as video:
        return [(f.time, float(f.to_ndarray(format="gray").mean())) for f in video.decode(video=0)]


def seconds_heard(path: Path) -> float:
    with av.open(str(path)) as sound:
        return sum(frame.samples / frame.sample_rate for frame in sound.decode(audio=0))


@pytest.mark.parametrize("name", _VIDEOS)
@pytest.mark.parametrize(("start", "end"), [(2.0, 4.0), (2.5, 5.1), (7.4, 30.0)])
def test_a_part_of_a_video_has_what_is_shown_and_heard_then(films, tmp_path, name, start, end):
    part = clip.cut(films / name, Settings(), start, end, tmp_path / "part")
    lasts = min(end, _SECONDS) - start
    seen = pictures_of(part)
    assert abs(len(seen) / _RATE - lasts) < 0.25
    for time, brightness in (seen[0], seen[len(seen) // 2]):
        assert abs(brightness - grey(start + time)) < 8
    assert min(brightness for _, brightness in seen) > grey(start) - 8, "nothing from before it"
    if _VIDEOS[name][1]:
        assert abs(seconds_heard(part) - lasts) < 0.2


def test_pictures_are_copied_from_a_keyframe_on_and_encoded_elsewhere(tmp_path, monkeypatch):
    whole = filmed(tmp_path / "a.mp4", "libx264", "aac")
    encoded = []
    made = clip._EncodedPictures
    monkeypatch.setattr(clip, "_EncodedPictures", lambda *given: encoded.append(1) or made(*given))
    clip.cut(whole, Settings(), 4.0, 5.0, tmp_path / "copied")
    assert not encoded
    clip.cut(whole, Settings(), 4.5, 5.0, tmp_path / "encoded")
    assert encoded


@pytest.mark.parametrize("name", _SOUNDS)
def test_a_part_of_a_sound_keeps_its_format(tmp_path, name):
    whole = filmed(tmp_path / name, None, _SOUNDS[name])
    part = clip.cut(whole, Settings(), 2.5, 4.0, tmp_path / "part")
    assert part.suffix == Path(name).suffix
    assert abs(seconds_heard(part) - 1.5) < 0.2


def test_a_part_of_a_wav_has_its_samples(tmp_path):
    whole = make.sound(tmp_path / "tones.wav", (0, 1.0), (300, 1.0), (0, 2.0))
    part = clip.cut(whole, Settings(), 1.0, 2.0, tmp_path / "part")
    assert part.suffix == ".wav"
    assert abs(seconds_heard(part) - 1.0) < 0.3


def test_what_is_turned_stays_upright(tmp_path):
    whole = filmed(tmp_path / "a.mp4", "libx264", None)
    content = bytearray(whole.read_bytes())
    at = content.find(b"tkhd") + 44  # the display matrix of the track: a quarter turn
    content[at : at + 20] = np.array([0, 65536, 0, -65536, 0], ">i4").tobytes()
    whole.write_bytes(content)
    assert read_still(whole, Settings(), 0, 999).size == (48, 64)
    for start in (2.0, 2.5):
        part = clip.cut(whole, Settings(), start, 4, tmp_path / str(start))
        assert read_still(part, Settings(), 0, 999).size == (48, 64)


def test_limits_are_kept_and_nothing_is_left_behind(tmp_path, monkeypatch):
    whole = filmed(tmp_path / "a.mp4", "libx264", "aac")
    out = tmp_path / "out"
    out.mkdir()
    cancelled = CancelToken()
    cancelled.cancel()
    with pytest.raises(Cancelled):
        clip.cut(whole, Settings(), 2.5, 4, out / "part", cancelled)
    with pytest.raises(MediaTooLarge, match="600 seconds"):
        clip.cut(whole, Settings(), 0, 36_000, out / "part")
    with pytest.raises(EmptyMedia):
        clip.cut(whole, Settings(), 20, 21, out / "part")
    with pytest.raises(MediaTooLarge, match="pixels"):
        clip.cut(whole, Settings(max_pixels=100), 2, 4, out / "part")
    with monkeypatch.context() as patch, pytest.raises(MediaTooLarge, match="MiB"):
        patch.setattr(clip, "_MOST_BYTES", 1000)
        clip.cut(whole, Settings(), 2, 4, out / "part")
    with monkeypatch.context() as patch, pytest.raises(MediaTooLarge, match="too long"):
        patch.setattr(clip, "_MOST_WORK", 0.0)
        clip.cut(whole, Settings(), 2.5, 4, out / "part")
    make.truncated(tmp_path / "half.mp4", whole)
    with pytest.raises(CorruptMedia):
        clip.cut(tmp_path / "half.mp4", Settings(), 0, 1, out / "part")
    assert list(out.iterdir()) == []
