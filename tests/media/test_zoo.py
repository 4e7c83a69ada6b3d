"""The kind: what a file is comes from its container, in every container that FFmpeg writes.

Each is made here, and what Sensorium finds in it is held to what libavformat itself finds:
kind, duration, frames and sound. Cut ones are cut at any byte.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import av
import numpy as np
import pytest

from benchmarks import media_zoo
from benchmarks.media_zoo import SECONDS, Specimen
from engine.config import Settings
from engine.errors import UnsupportedMedia
from engine.media.audio import probe_audio, read_audio
from engine.media.sniff import skipped_type, sniff
from engine.media.video import probe_video, read_keyframes, read_samples, read_still
from engine.testing.fake_encoder import fake_towers
from engine.types import Kind, MediaType
from indexers.decode import decode
from indexers.decode_events import Note, Prepared

pytestmark = pytest.mark.slow

_NEAR = 0.2
"""Seconds that codecs pad, and that headers are off."""


def made(specimen: Specimen, folder: Path, seconds: float = SECONDS) -> Path:
    try:
        return media_zoo.make(specimen, folder, seconds)
    except (av.error.FFmpegError, ValueError) as error:
        pytest.skip(f"this FFmpeg does not write it: {error}")


def heard(path: Path) -> float:
    seconds = 0.0
    with av.open(str(path)) as container, suppress(av.error.FFmpegError):
        for packet in container.demux(container.streams.audio[0]):
            with suppress(av.error.FFmpegError):
                seconds += sum(frame.samples / frame.sample_rate for frame in packet.decode())
    return seconds


def name_of(specimen: Specimen) -> str:
    return "-".join((specimen.name, *filter(None, (specimen.video, specimen.audio))))


@pytest.mark.parametrize("suffix", ["mpg", "vob", "ts", "avi"])
def test_frames_of_sound_in_the_first_bytes_make_no_sound_of_a_video(
    suffix: str, tmp_path: Path
) -> None:
    """A picture of one tone is so small that three frames of sound follow in the same 4 KiB."""
    path = tmp_path / f"a.{suffix}"
    with av.open(str(path), "w") as output:
        picture = output.add_stream("mpeg2video", rate=25)
        sound = output.add_stream("mp2", rate=48000, layout="mono")
        picture.width, picture.height, sound.bit_rate = 64, 64, 32_000
        for number in range(25):
            frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8))
            frame.pts = number
            output.mux(picture.encode(frame))
            samples = av.AudioFrame.from_ndarray(np.zeros((1, 1920), np.int16), layout="mono")
            samples.sample_rate, samples.pts = 48000, 1920 * number
            output.mux(sound.encode(samples))
        output.mux([*picture.encode(None), *sound.encode(None)])
    found = sniff(path)
    assert found is not None and found.kind is Kind.VIDEO


@pytest.mark.parametrize("specimen", media_zoo.VIDEOS, ids=name_of)
def test_videos_of_every_container(tmp_path: Path, specimen: Specimen) -> None:
    path = made(specimen, tmp_path)
    media = sniff(path)
    assert media is not None and media.kind is Kind.VIDEO
    info = probe_video(path)
    assert info.duration == pytest.approx(SECONDS, abs=_NEAR)
    assert info.has_audio == (specimen.audio is not None)
    assert info.height == specimen.size[1]
    frames = list(read_keyframes(path, Settings(), 48))
    assert frames and frames[-1].end == pytest.approx(SECONDS, abs=_NEAR)
    seen = [
        image.resize((1, 1)).getpixel((0, 0)) for _, image in read_samples(path, Settings(), 48)
    ]
    assert seen[0][0] > seen[0][2]  # red
    last = read_still(path, Settings(), SECONDS - 0.1, 48).resize((1, 1)).getpixel((0, 0))
    assert last[2] > last[0]  # blue
    if specimen.audio is not None:
        samples = sum(len(chunk.samples) for chunk in read_audio(path, 16000, 10))
        assert samples / 16000 == pytest.approx(heard(path), abs=0.05)


@pytest.mark.parametrize("specimen", media_zoo.SOUNDS, ids=name_of)
def test_sounds_of_every_container(tmp_path: Path, specimen: Specimen) -> None:
    path = made(specimen, tmp_path)
    media = sniff(path)
    assert media is not None and media.kind is Kind.AUDIO
    assert probe_audio(path).duration == pytest.approx(SECONDS, abs=_NEAR)
    samples = sum(len(chunk.samples) for chunk in read_audio(path, 16000, 10))
    assert samples / 16000 == pytest.approx(heard(path), abs=0.05)


@pytest.mark.parametrize("layout", ["mono", "stereo"])
def test_ima_adpcm_in_nut_has_the_channels_of_its_blocks(tmp_path: Path, layout: str) -> None:
    specimen = Specimen("a.nut", "nut", None, "adpcm_ima_wav", layout=layout)
    path = made(specimen, tmp_path)
    samples = sum(len(chunk.samples) for chunk in read_audio(path, 16000, 10))
    assert samples / 16000 == pytest.approx(SECONDS, abs=_NEAR)


def test_drawings_in_flash_are_no_media(tmp_path: Path) -> None:
    path = tmp_path / "game.swf"
    path.write_bytes(b"FWS\x06" + (21).to_bytes(4, "little") + b"\0\0\x0c\x01\0\x40\0" + bytes(6))
    assert sniff(path) is None
    assert skipped_type(path) == "swf"


def test_a_codec_that_is_not_decoded_here_is_named(tmp_path: Path) -> None:
    path = tmp_path / "memo.c2"
    path.write_bytes(b"\xc0\xde\xc2\0\x08\x04\0" + bytes(range(60)))  # the header of Codec 2
    with pytest.raises(UnsupportedMedia, match="codec2 in a codec that FFmpeg does not decode"):
        sniff(path)


def test_the_zoo_is_large() -> None:
    assert len(media_zoo.VIDEOS) + len(media_zoo.SOUNDS) > 120


STREAMS = [s for s in media_zoo.VIDEOS if s.container in ("mpegts", "mpeg", "vob") and s.audio]


@pytest.mark.parametrize("specimen", STREAMS, ids=name_of)
def test_streams_that_begin_anywhere(tmp_path: Path, specimen: Specimen) -> None:
    whole = made(specimen, tmp_path, seconds=6).read_bytes()
    rng = np.random.default_rng(13)
    packet = 188 if specimen.container == "mpegts" else 2048
    aligned = [packet * int(n) for n in rng.integers(1, len(whole) // packet // 2, 12)]
    anywhere = [int(n) for n in rng.integers(1, len(whole) // 2, 12)]
    for name in (specimen.name, "cut" + Path(specimen.name).suffix):
        for start in [*aligned, *anywhere]:
            path = tmp_path / name
            path.write_bytes(whole[start:])
            media = sniff(path)
            assert media is not None and media.kind is Kind.VIDEO, start


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "b.mpg", "a.ts", "a.avi", "b.flv", "a.ogv"])
def test_videos_that_break_off_stay_videos(tmp_path: Path, name: str) -> None:
    specimen = next(s for s in media_zoo.VIDEOS if s.name == name)
    whole = made(specimen, tmp_path).read_bytes()
    path = tmp_path / name
    at = whole.index(b"moov") + 10**6 if name == "a.mp4" else len(whole) * 2 // 3
    path.write_bytes(whole[:at])
    media = sniff(path)
    assert media is not None and media.kind is Kind.VIDEO


def test_a_list_of_files_under_a_name_of_media_is_not_followed(tmp_path: Path) -> None:
    video = made(media_zoo.VIDEOS[0], tmp_path)
    for text in (f"ffconcat version 1.0\nfile {video.name}\n", f"#EXTM3U\n{video.name}\n"):
        for suffix in (".h264", ".ts", ".dv", ".mod"):
            path = tmp_path / f"list{suffix}"
            path.write_bytes(text.encode() + b"\0\1")
            assert sniff(path) is None


@pytest.mark.parametrize("suffix", [".ts", ".dts", ".mod", ".mts", ".dv", ".drc", ".xa", ".sf"])
def test_names_that_others_use_as_well_are_no_failures(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    for content in (b"/dts-v1/; / { model = 'x'; };", np.random.default_rng(2).bytes(30_000)):
        path.write_bytes(content)
        assert sniff(path) is None


def test_sounds_in_containers_of_videos_stay_sounds(tmp_path: Path) -> None:
    path = made(media_zoo.SOUNDS[0], tmp_path)
    assert sniff(path) == MediaType(Kind.AUDIO, "mp4")


def test_a_video_whose_codec_is_unknown_is_a_video_with_its_sound(tmp_path: Path) -> None:
    path = made(next(s for s in media_zoo.VIDEOS if s.name == "a.avi"), tmp_path)
    path.write_bytes(path.read_bytes().replace(b"FMP4", b"ZZZZ"))
    media = sniff(path)
    assert media == MediaType(Kind.VIDEO, "avi")
    info = probe_video(path)
    assert (info.width, info.height, info.has_audio) == (None, None, True)
    with pytest.raises(UnsupportedMedia, match="codec"):
        next(read_keyframes(path, Settings(), 48))
    events = list(decode(path, media, fake_towers(), Settings()))
    assert [event for event in events if isinstance(event, Prepared)]
    assert [event.code for event in events if isinstance(event, Note)] == [UnsupportedMedia.code]
