"""What people wrote into their files is told apart from what programs write there."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin

from engine.config import Settings
from engine.media.audio import probe_audio
from engine.media.captions import LONGEST, caption, user_comment
from engine.media.image import read_frames
from engine.media.video import probe_video

from .makers import corners
from .test_place import write


def caption_in(path: Path, settings: Settings) -> str | None:
    (frame,) = read_frames(path, settings, 64)
    return frame.caption


DESCRIPTION, XP_TITLE, XP_COMMENT, USER_COMMENT = 0x010E, 0x9C9B, 0x9C9C, 0x9286


def exif_of(tags: dict[int, bytes]) -> bytes:
    exif = Image.Exif()
    for tag, value in tags.items():
        (exif.get_ifd(0x8769) if tag == USER_COMMENT else exif)[tag] = value
    return exif.tobytes()


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "avif"])
@pytest.mark.parametrize(
    ("tag", "raw", "expected"),
    [
        (DESCRIPTION, "Café in Málaga".encode(), "Café in Málaga"),
        (DESCRIPTION, "Café in Málaga".encode("latin-1"), "Café in Málaga"),
        (XP_TITLE, "Our üter trip\0".encode("utf-16-le"), "Our üter trip"),
        (XP_COMMENT, "雪祭り".encode("utf-16-le"), "雪祭り"),
        (USER_COMMENT, b"ASCII\0\0\0the red boat   ", "the red boat"),
        (USER_COMMENT, b"UNICODE\0" + "naïve".encode("utf-16-be"), "naïve"),
        (USER_COMMENT, b"UNICODE\0" + "naïve".encode("utf-16-le"), "naïve"),
        (USER_COMMENT, b"UNICODE\0\xff\xfe" + "雪祭り".encode("utf-16-le"), "雪祭り"),
        (USER_COMMENT, bytes(8) + b"a boat", "a boat"),
        (USER_COMMENT, b"no prefix at all", "no prefix at all"),
        (USER_COMMENT, b"ASCII\0\0\0" + bytes(200), None),
        (USER_COMMENT, bytes(range(256)), None),
        (DESCRIPTION, b"OLYMPUS DIGITAL CAMERA         ", None),
    ],
)
def test_exif(
    tmp_path: Path, settings: Settings, suffix: str, tag: int, raw: bytes, expected: str | None
) -> None:
    path = tmp_path / f"a.{suffix}"
    corners().save(path, exif=exif_of({tag: raw}))
    assert caption_in(path, settings) == expected


def test_a_tiff_has_its_description(tmp_path: Path, settings: Settings) -> None:
    corners().save(tmp_path / "a.tiff", description="a scan of the letter")
    assert caption_in(tmp_path / "a.tiff", settings) == "a scan of the letter"


def test_the_order_of_bytes_is_that_of_the_block_where_the_text_does_not_show_it() -> None:
    assert user_comment(b"UNICODE\0" + "雪祭".encode("utf-16-be"), ">") == "雪祭"
    assert user_comment(b"UNICODE\0" + "雪祭".encode("utf-16-le"), "<") == "雪祭"
    assert user_comment(b"JIS\0\0\0\0\0" + "雪祭".encode("iso2022_jp"), "<") == "雪祭"


def iptc(path: Path, text: bytes) -> Path:
    """A JPEG with an IPTC caption, as photo agencies write it."""
    held = b"\x1c\x02\x78" + struct.pack(">H", len(text)) + text
    block = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(held)) + held + b"\0" * (len(held) % 2)
    body = b"Photoshop 3.0\0" + block
    stream = io.BytesIO()
    corners().save(stream, "JPEG")
    jpeg = stream.getvalue()
    path.write_bytes(jpeg[:2] + b"\xff\xed" + struct.pack(">H", len(body) + 2) + body + jpeg[2:])
    return path


def test_iptc(tmp_path: Path, settings: Settings) -> None:
    assert caption_in(iptc(tmp_path / "a.jpg", "Zürich, évening".encode()), settings) == (
        "Zürich, évening"
    )
    whole = iptc(tmp_path / "a.jpg", b"A boat at sea").read_bytes()
    for at in range(whole.index(b"8BIM"), whole.index(b"A boat")):
        (tmp_path / "a.jpg").write_bytes(whole[:at] + b"\xff" + whole[at + 1 :])
        caption_in(tmp_path / "a.jpg", settings)  # is a picture in any case


def test_png_texts(tmp_path: Path, settings: Settings) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("Title", "The harbour")
    info.add_itxt("Description", "Schiffe im Häfen", zip=True)
    info.add_text("Comment", "Created with GIMP")
    info.add_text("Software", "a program")
    corners().save(tmp_path / "a.png", pnginfo=info)
    assert caption_in(tmp_path / "a.png", settings) == "The harbour\nSchiffe im Häfen"


def test_a_picture_without_a_word(tmp_path: Path, settings: Settings) -> None:
    corners().save(tmp_path / "a.gif")
    assert caption_in(tmp_path / "a.gif", settings) is None


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.mkv"])
def test_videos(tmp_path: Path, name: str) -> None:
    told = {"title": "Ada's first steps", "comment": "in the garden", "encoder": "x"}
    assert probe_video(write(tmp_path / name, told)).caption == "Ada's first steps\nin the garden"
    assert probe_video(write(tmp_path / name, {})).caption is None


@pytest.mark.parametrize("name", ["a.m4a", "a.ogg", "a.mp3"])
def test_sounds(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name, {"title": "A nightingale", "artist": "nobody"})
    assert probe_audio(path).caption == "A nightingale"


def test_lines_that_say_the_same_are_one() -> None:
    texts = ["a boat", "A Boat at sea", "at  sea", "", "a boat at sea.", "boats"]
    assert caption(texts) == "A Boat at sea\na boat at sea.\nboats"


def test_a_caption_is_cut_off() -> None:
    assert caption(["word " * 1_000_000]) == ("word " * (LONGEST // 5)).rstrip()
    assert len(caption([f"{i}words" * 90 for i in range(9)]) or "") == LONGEST


@pytest.mark.parametrize(
    "text",
    [
        "OLYMPUS DIGITAL CAMERA", "KONICA MINOLTA DIGITAL CAMERA", "SAMSUNG",
        "Samsung Camera Pictures",
        "SONY DSC", "DCIM", "DCIM\\100MEDIA\\DJI_0042.JPG", "Exif_JPEG_PICTURE", "Screenshot",
        "Created with GIMP", "Processed with VSCO with c1 preset", "Generated by a camera",
        "Lavf58.29.100", "IMG_20240601_120000", "DSC_0042.JPG", "C:\\pics\\a.png", "hdrpl", "sdr",
        "LEAD Technologies Inc. V1.01", "charset=Ascii", "METADATA-START", "42", "--", "default",
        "vid:v09044g40000c8h", "https://example.org/a", "d41d8cd98f00b204e9800998ecf8427e", "",
        '{"shape": [374, 500, 3]}', '{"shape": [374, 5', "{'shape': (374, 500)}", "[[1, 2], [3]]",
        '[{"name": "a dog"}]', "[0.1, 0.2]", '{ "prompt": "a cat on a mat" }', "{}",
        '<?xml version="1.0"?><OME/>', "<x:xmpmeta xmlns:x='adobe:ns:meta/'>", "<b>bold</b>",
        "ImageJ=1.53t images=10 slices=10", "exposure=1/30; iso=100; flash=off",
        "Adobe Photoshop CS6 (Windows)", "Adobe Photoshop Lightroom 6.1", "GIMP 2.10.34",
        "paint.net 4.2.1", "Picasa", "Matplotlib version3.1.2, https://matplotlib.org/",
        "ImageMagick 7.1.0-19", "Software: anything at all", "Microsoft Windows Photo Viewer 10",
        "ISO Media file produced by Google Inc.", "Intel(R) JPEG Library, version [1.51.12.44]",
        "gd-jpeg v1.0 (using IJG JPEG v62), default quality", "HandBrake 1.6.1 2023012300",
        "Core Media Audio", "VideoHandler", "Scanned with Epson Scan 2", "Recorded with OBS",
        "aGVsbG8gd29ybGQsIHRoaXMgaXMgYmFzZTY0IG9mIHNvbWV0aGluZyBsb25nZXIgdGhhbiB0aGF0Cg==",
        "File written by Adobe Photoshop 5.2", "\x01\x02\x03ab", "\ufffd\ufffd\ufffda",
    ],
)  # fmt: skip
def test_what_nobody_wrote(text: str) -> None:
    assert caption([text]) is None


@pytest.mark.parametrize(
    "text",
    [
        "My new digital camera", "Screenshot of the map", "Taken on the beach", "Made with love",
        "Samsung factory in Suwon", "Default mode of the heater", "The DCIM folder", "雪", "x",
        "Edited by Aunt Ada", "A comment on time", "IMG_0042 is the best", "👩‍👩‍👧 at the lake",
        "Sony, our dog", "Hdr Walter", "[unreadable] the old mill", "(left to right) Ada, Ben",
        "{ smile }", "<3 you", "1 < 2, as my son found out", "Saved from the sea",
        "Software engineers at lunch", "Photoshop 7 course with Ben", "Google office, Zürich",
        "Apple one day, pear the next", "E = mc2 on a wall", "Recorded by Ada in her kitchen",
        "Blender and toaster", "Instagram friends", "Picasa was our cat", "(1990) the wedding",
    ],
)  # fmt: skip
def test_what_somebody_wrote(text: str) -> None:
    assert caption([text]) == text
