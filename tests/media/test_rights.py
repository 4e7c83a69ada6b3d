"""Copyright, maker and licence, wherever a file has them."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin

from engine.media.rights import Rights, rights_of
from engine.types import Kind
from tests import media_files as make

XMP = """<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF><rdf:Description xmpRights:WebStatement="https://cc.example/by/4.0"><dc:rights><rdf:Alt>
<rdf:li xml:lang="x-default">Ann &amp; Bo</rdf:li></rdf:Alt></dc:rights>
<dc:creator><rdf:Seq><rdf:li>Ann</rdf:li></rdf:Seq></dc:creator>
</rdf:Description></rdf:RDF></x:xmpmeta>"""


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tiff"])
def test_exif(tmp_path: Path, suffix: str) -> None:
    exif = Image.Exif()
    exif[0x8298], exif[0x013B] = "2024\n Jo", "Jo Doe"
    Image.new("RGB", (8, 8)).save(tmp_path / f"x{suffix}", exif=exif)
    assert rights_of(tmp_path / f"x{suffix}", Kind.IMAGE) == Rights("2024 Jo", "Jo Doe")


def test_xmp(tmp_path: Path) -> None:
    said = Rights("Ann & Bo", "Ann", "https://cc.example/by/4.0")
    Image.new("RGB", (8, 8)).save(tmp_path / "x.jpg", xmp=XMP.encode())
    assert rights_of(tmp_path / "x.jpg", Kind.IMAGE) == said
    texts = PngImagePlugin.PngInfo()
    texts.add_itxt("XML:com.adobe.xmp", XMP)
    Image.new("RGB", (8, 8)).save(tmp_path / "x.png", pnginfo=texts)
    assert rights_of(tmp_path / "x.png", Kind.IMAGE) == said


def test_a_licence_as_an_element(tmp_path: Path) -> None:
    packet = '<cc:license rdf:resource="https://cc.example/zero"/>'
    Image.new("RGB", (8, 8)).save(tmp_path / "x.jpg", xmp=packet.encode())
    assert rights_of(tmp_path / "x.jpg", Kind.IMAGE).licence == "https://cc.example/zero"


def test_containers(tmp_path: Path) -> None:
    said = {"copyright": "(c) Jo", "artist": "Jo"}
    make.video(tmp_path / "x.mp4", ("red",), metadata=said)
    assert rights_of(tmp_path / "x.mp4", Kind.VIDEO) == Rights("(c) Jo", "Jo")


def test_nothing_where_nothing_is_said_or_can_be_read(tmp_path: Path) -> None:
    make.picture(tmp_path / "x.png")
    assert not rights_of(tmp_path / "x.png", Kind.IMAGE)
    assert not rights_of(tmp_path / "gone.png", Kind.IMAGE)
    (tmp_path / "x.jpg").write_bytes(b"\xff\xd8\xff\xe1\0\x10Exif\0\0garbage")
    for kind in Kind:
        assert not rights_of(tmp_path / "x.jpg", kind)


def test_one_line_of_bounded_length(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x8298] = "x" * 5_000
    Image.new("RGB", (8, 8)).save(tmp_path / "x.jpg", exif=exif)
    holder = rights_of(tmp_path / "x.jpg", Kind.IMAGE).holder
    assert holder is not None
    assert len(holder) == 200


@pytest.mark.parametrize("name", ["x.jpg.xmp", "x.xmp"])
def test_an_xmp_beside_a_file_names_what_the_file_does_not(tmp_path, name):
    exif = Image.Exif()
    exif[0x013B] = "Jo Doe"
    Image.new("RGB", (8, 8)).save(tmp_path / "x.jpg", exif=exif)
    (tmp_path / name).write_text(
        "<x><dc:rights>2024 Ann</dc:rights><dc:creator>Ann</dc:creator>"
        '<r xmpRights:UsageTerms="CC BY 4.0"/></x>'
    )
    assert rights_of(tmp_path / "x.jpg", Kind.IMAGE) == Rights("2024 Ann", "Jo Doe", "CC BY 4.0")
    (tmp_path / "x.mp4").write_bytes(b"no video")
    assert rights_of(tmp_path / "x.mp4", Kind.VIDEO).licence == (
        "CC BY 4.0" if name == "x.xmp" else None
    )
