"""What a file is, whatever its name claims."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from engine.errors import CorruptMedia, EmptyMedia, UnreadableMedia, UnsupportedMedia
from engine.media.sniff import not_media, skipped_type, sniff
from engine.types import Kind, MediaType

from . import makers

IMAGES = {
    "jpg": "jpeg", "png": "png", "webp": "webp", "gif": "gif", "bmp": "bmp", "tiff": "tiff",
    "avif": "avif",
}  # fmt: skip
SOUNDS = [
    ("a.wav", "pcm_s16le", None, "wav"), ("b.wav", "libmp3lame", None, "wav"),
    ("a.mp3", "libmp3lame", None, "mp3"), ("a.flac", "flac", None, "flac"),
    ("a.ogg", "libopus", "ogg", "ogg"), ("a.m4a", "aac", "ipod", "m4a"),
    ("a.aac", "aac", "adts", "aac"), ("a.aiff", "pcm_s16be", None, "aiff"),
    ("a.mp4", "aac", None, "mp4"), ("a.mkv", "aac", None, "mkv"),
    ("a.webm", "libopus", None, "webm"), ("a.wma", "wmav2", "asf", "asf"),
    ("a.mov", "pcm_s16le", None, "mov"),
]  # fmt: skip
VIDEOS = [
    ("a.mp4", "libx264", None, "mp4"), ("a.mov", "mjpeg", None, "mov"),
    ("a.mkv", "libx264", None, "mkv"), ("a.webm", "libvpx", None, "webm"),
    ("a.avi", "mpeg4", None, "avi"), ("a.ts", "mpeg2video", "mpegts", "mpegts"),
    ("a.mpg", "mpeg2video", "mpeg", "mpeg"), ("a.flv", "flv", None, "flv"),
    ("a.3gp", "mpeg4", "3gp", "3gp"), ("a.wmv", "wmv2", "asf", "asf"),
    ("a.m4v", "libx264", "ipod", "mp4"),
]  # fmt: skip


def nameless(path: Path) -> Path:
    """The same bytes under a name that says nothing."""
    return path.rename(path.with_name("nameless"))


@pytest.mark.parametrize("suffix", IMAGES)
def test_images(tmp_path: Path, suffix: str) -> None:
    makers.corners().save(tmp_path / f"a.{suffix}")
    expected = MediaType(Kind.IMAGE, IMAGES[suffix])
    assert sniff(nameless(tmp_path / f"a.{suffix}")) == expected


def test_heic(tmp_path: Path) -> None:
    heif = pytest.importorskip("pillow_heif")
    heif.from_pillow(makers.corners(64, 64)).save(tmp_path / "a.heic")
    assert sniff(nameless(tmp_path / "a.heic")) == MediaType(Kind.IMAGE, "heic")


@pytest.mark.parametrize(("name", "codec", "container", "form"), SOUNDS)
def test_sounds(tmp_path: Path, name: str, codec: str, container: str | None, form: str) -> None:
    rate = 48000 if codec == "libopus" else 22050
    path = makers.write_sound(tmp_path / name, makers.tone(1, rate), rate, codec, container)
    assert sniff(nameless(path)) == MediaType(Kind.AUDIO, form)


@pytest.mark.parametrize(("name", "codec", "container", "form"), VIDEOS)
def test_videos(tmp_path: Path, name: str, codec: str, container: str | None, form: str) -> None:
    frames = [(i, makers.corners(64, 48)) for i in range(30)]
    path = makers.write_video(tmp_path / name, frames, codec=codec, container=container, ticks=25)
    assert sniff(nameless(path)) == MediaType(Kind.VIDEO, form)


def atom(name: bytes, *bodies: bytes) -> bytes:
    body = b"".join(bodies)
    return struct.pack(">I", len(body) + 8) + name + body


def test_cover_art_is_no_video(tmp_path: Path) -> None:
    path = makers.write_sound(tmp_path / "a.m4a", makers.tone(1, 22050), 22050, "aac")
    makers.corners(64, 64).save(tmp_path / "cover.png")
    cover = atom(b"data", bytes([0, 0, 0, 14, 0, 0, 0, 0]), (tmp_path / "cover.png").read_bytes())
    handler = atom(b"hdlr", bytes(8), b"mdirappl", bytes(9))
    tags = atom(b"udta", atom(b"meta", bytes(4), handler, atom(b"ilst", atom(b"covr", cover))))
    data = bytearray(path.read_bytes())
    at = data.index(b"moov") - 4
    (size,) = struct.unpack_from(">I", data, at)
    assert at + size == len(data)
    struct.pack_into(">I", data, at, size + len(tags))
    path.write_bytes(data + tags)
    with av.open(str(path)) as check:
        assert check.streams.video
    assert sniff(path) == MediaType(Kind.AUDIO, "m4a")


def test_a_misleading_name(tmp_path: Path) -> None:
    path = tmp_path / "holiday.mp4"
    makers.corners().save(path, "png")
    assert sniff(path) == MediaType(Kind.IMAGE, "png")


def test_id3_before_mp3_and_before_others(tmp_path: Path) -> None:
    tag = b"ID3\x04\0\0" + bytes([0, 1, 56, 32]) + bytes(1 << 14 | 56 << 7 | 32)
    sound = makers.tone(1, 22050)
    for name, codec, container in (
        ("a.mp3", "libmp3lame", None), ("a.flac", "flac", None), ("a.aac", "aac", "adts"),
    ):  # fmt: skip
        path = makers.write_sound(tmp_path / name, sound, 22050, codec, container)
        path.write_bytes(tag + path.read_bytes())
        assert sniff(path) == MediaType(Kind.AUDIO, path.suffix[1:])


def test_mp3_after_junk(tmp_path: Path) -> None:
    path = makers.write_sound(tmp_path / "a.mp3", makers.tone(1, 22050), 22050, "libmp3lame")
    data = path.read_bytes()
    path.write_bytes(b"junk" * 100 + data[data.index(b"\xff\xf3") :])
    assert sniff(path) == MediaType(Kind.AUDIO, "mp3")


@pytest.mark.parametrize(
    "content",
    [b"hello\n", b"%PDF-1.7\n", b"PK\x03\x04" + bytes(100), b"\x7fELF" + bytes(500),
     b"BM is a band", b"\xff\xfe" + "text".encode("utf-16-le"), b"GIF is a format",
     b"RIFF" + bytes(100), b"const x: number = 1;\n" * 20],
)  # fmt: skip
def test_no_media_is_none(tmp_path: Path, content: bytes) -> None:
    for name in ("notes.txt", "nothing", "code.ts"):
        (tmp_path / name).write_bytes(content)
        assert sniff(tmp_path / name) is None


def test_noise_is_none_under_any_other_name(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    path = tmp_path / "noise.bin"
    for _ in range(200):
        path.write_bytes(rng.bytes(20_000))
        assert sniff(path) is None


@pytest.mark.parametrize(
    ("content", "reason"),
    [(np.random.default_rng(5).bytes(4096), "data of no media format"), (bytes(4096), "zeros only"),
     (b"<!DOCTYPE html><p>Not found", "a web page"), (b"just words", "text"),
     (b"version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer")],
)  # fmt: skip
def test_a_media_name_over_something_else(tmp_path: Path, content: bytes, reason: str) -> None:
    for suffix in (".jpg", ".mp4", ".WAV"):
        path = tmp_path / f"a{suffix}"
        path.write_bytes(content)
        with pytest.raises(UnsupportedMedia, match=f"named {suffix.lower()} but holds {reason}"):
            sniff(path)


def test_pictures_that_are_known_and_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.jxl"
    path.write_bytes(b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(50))
    assert sniff(path) is None and skipped_type(path) == "jxl"
    assert str(not_media(path)) == (
        "JPEG XL is not a format that Sensorium reads: save it as PNG, JPEG or TIFF, beside it"
    )
    path = path.rename(tmp_path / "a.jpg")
    with pytest.raises(UnsupportedMedia, match="JPEG XL"):
        sniff(path)


def test_apple_double_is_no_failure(tmp_path: Path) -> None:
    path = tmp_path / "._photo.jpg"
    path.write_bytes(b"\0\x05\x16\x07\0\x02\0\0Mac OS X        " + bytes(50))
    assert sniff(path) is None


def test_empty(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    with pytest.raises(EmptyMedia, match="no bytes"):
        sniff(tmp_path / "a.jpg")
    (tmp_path / "__init__.py").touch()
    assert sniff(tmp_path / "__init__.py") is None


def test_unreadable(tmp_path: Path) -> None:
    with pytest.raises(UnreadableMedia, match="vanished"):
        sniff(tmp_path / "gone.jpg")
    with pytest.raises(UnreadableMedia, match="is a directory"):
        sniff(tmp_path)
    path = tmp_path / "a.png"
    makers.corners().save(path)
    path.chmod(0)
    if os.geteuid() == 0:
        assert sniff(path) == MediaType(Kind.IMAGE, "png")
    else:
        with pytest.raises(UnreadableMedia, match="permission denied"):
            sniff(path)


@pytest.mark.parametrize(
    "error", [PermissionError(13, "Permission denied"), OSError(5, "Input/output error")]
)
def test_errors_of_the_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError
) -> None:
    def refuse(*_: object) -> None:
        raise error

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(UnreadableMedia) as caught:
        sniff(tmp_path / "a.jpg")
    assert (
        str(caught.value)
        == f"cannot be read: {str(error.strerror).lower().replace('input', 'input')}"
    )


def test_containers_that_cannot_be_opened(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"\0\0\0\x18ftypisom\0\0\2\0isomiso2" + struct.pack(">I", 5000) + b"mdat")
    with pytest.raises(CorruptMedia) as caught:
        sniff(path)
    assert str(tmp_path) not in str(caught.value) and "\n" not in str(caught.value)


def test_names_that_are_no_utf8(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.mp4"))
    source = makers.write_video(
        tmp_path / "a.mp4", [(i, Image.new("RGB", (64, 48))) for i in range(3)]
    )
    source.rename(path)
    assert sniff(path) == MediaType(Kind.VIDEO, "mp4")
