"""What is written in a file and beside it is read, whatever carries it."""

from __future__ import annotations

import json
from pathlib import Path

import av
import pytest
from PIL import Image, PngImagePlugin

from engine.media import sidecars, timed_texts, xmp
from engine.media.texts import read_texts
from engine.types import Kind

from .makers import corners, tone, write_sound

PACKET = """<?xpacket begin='\ufeff'?><x:xmpmeta xmlns:x='adobe:ns:meta/'>
<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>
<rdf:Description xmlns:dc='http://purl.org/dc/elements/1.1/'
  xmlns:photoshop='http://ns.adobe.com/photoshop/1.0/' photoshop:City='Lisbon'>
<dc:description><rdf:Alt><rdf:li xml:lang='x-default'>Grandma Ethel</rdf:li></rdf:Alt>
</dc:description><dc:subject><rdf:Bag><rdf:li>birthday</rdf:li><rdf:li>cake</rdf:li></rdf:Bag>
</dc:subject></rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end='w'?>"""
SRT = "1\n00:00:01,500 --> 00:00:02,500\n<i>Never trust</i>\na pirate\n\n2\n00:00:03,000 --> "
SRT += "00:00:04,000\nArr\u00e9t!\n"


def test_an_xmp_packet_is_read_and_one_that_could_grow_is_not() -> None:
    assert xmp.written(PACKET) == ["Lisbon", "Grandma Ethel", "birthday", "cake"]
    assert xmp.written("<!DOCTYPE a [<!ENTITY b 'c'>]><x>&b;</x>") == []
    assert xmp.written(b"\xff not xml") == []


@pytest.mark.parametrize("form", ["jpg", "webp", "png"])
def test_keywords_and_places_of_pictures(tmp_path: Path, form: str) -> None:
    path = tmp_path / f"a.{form}"
    if form == "png":
        info = PngImagePlugin.PngInfo()
        info.add_itxt("XML:com.adobe.xmp", PACKET)
        info.add_text("Author", "Ann Artist")
        corners().save(path, pnginfo=info)
    else:
        corners().save(path, xmp=PACKET.encode())
    lines = read_texts(path, Kind.IMAGE).lines
    assert {"Lisbon", "Grandma Ethel", "birthday", "cake"} <= set(lines)
    assert ("Ann Artist" in lines) == (form == "png")


@pytest.mark.parametrize(
    "comment",
    [
        "Created with GIMP",
        "OLYMPUS DIGITAL CAMERA",
        "LEAD Technologies Inc. V1.01",
        '{"shape": [374, 500, 3]}',
        "Handmade Software, Inc. Image Alchemy v1.9",
    ],
)
def test_what_programs_write_is_no_text_of_a_person(tmp_path: Path, comment: str) -> None:
    exif = Image.Exif()
    exif[0x010E] = comment
    corners().save(tmp_path / "a.jpg", exif=exif, comment=comment.encode())
    assert read_texts(tmp_path / "a.jpg", Kind.IMAGE).lines == ()


@pytest.mark.parametrize(
    ("name", "codec"), [("a.mp3", "libmp3lame"), ("a.oga", "flac"), ("a.m4a", "aac"),
                        ("a.flac", "flac"), ("a.mka", "flac")],
)  # fmt: skip
def test_artists_albums_and_genres_of_songs(tmp_path: Path, name: str, codec: str) -> None:
    tags = {"title": "Midnight Rain", "artist": "The Testers", "album": "1989", "genre": "Pop"}
    path = write_sound(tmp_path / name, tone(440, 2.0), 44_100, codec)
    if name == "a.oga":
        _retag(path, tags, on_stream=True)
    else:
        _retag(path, tags)
    assert set(read_texts(path, Kind.AUDIO).lines) == set(tags.values())


def _retag(path: Path, tags: dict[str, str], on_stream: bool = False) -> None:
    """Write a sound again, with these tags."""
    again = path.with_name(f"tagged{path.suffix}")
    with av.open(str(path)) as source, av.open(str(again), "w") as target:
        stream = target.add_stream_from_template(source.streams.audio[0])
        (stream.metadata if on_stream else target.metadata).update(tags)
        for packet in source.demux(source.streams.audio[0]):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    again.replace(path)


def test_subtitles_beside_a_video_in_any_encoding(tmp_path: Path) -> None:
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "cp1252"):
        (tmp_path / "a.srt").write_bytes(SRT.encode(encoding))
        first, second = timed_texts.of_file(tmp_path / "a.srt")
        assert (first.start, first.end, first.text) == (1.5, 2.5, "Never trust a pirate")
        assert second.text == "Arr\u00e9t!"
    (tmp_path / "a.vtt").write_text("WEBVTT\n\n00:01.000 --> 00:02.000\n<v Ann>Hello &amp; bye\n")
    assert [line.text for line in timed_texts.of_file(tmp_path / "a.vtt")] == ["Hello & bye"]


def test_lyrics_have_the_times_of_their_lines(tmp_path: Path) -> None:
    (tmp_path / "a.lrc").write_text("[ti:Song]\n[00:01.00]First line\n[00:03.50]Second line\n")
    first, second = timed_texts.of_file(tmp_path / "a.lrc")
    assert (first.start, first.end, first.text) == (1.0, 3.5, "First line")
    assert second.end > second.start == 3.5
    assert timed_texts.is_lrc("[00:01.00]a") and not timed_texts.is_lrc("a\nb [00:01]")


def test_subtitles_inside_a_container(tmp_path: Path) -> None:
    sound = write_sound(tmp_path / "s.m4a", tone(440, 4.0), 44_100, "aac")
    (tmp_path / "s.srt").write_text(SRT)
    _with_subtitles(tmp_path / "a.mkv", sound, tmp_path / "s.srt")
    timed = read_texts(tmp_path / "a.mkv", Kind.VIDEO).timed
    assert [line.text for line in timed] == ["Never trust a pirate", "Arr\u00e9t!"]
    assert timed[0].start == pytest.approx(1.5, abs=0.05)


def _with_subtitles(path: Path, sound: Path, subtitles: Path) -> None:
    with (
        av.open(str(sound)) as source,
        av.open(str(subtitles)) as texts,
        av.open(str(path), "w") as target,
    ):
        heard = target.add_stream_from_template(source.streams.audio[0])
        read = target.add_stream_from_template(texts.streams.subtitles[0])
        for stream, inside in ((heard, source), (read, texts)):
            for packet in inside.demux():
                if packet.dts is not None:
                    packet.stream = stream
                    target.mux(packet)


def test_sidecars_of_takeout_lightroom_and_people(tmp_path: Path) -> None:
    corners().save(tmp_path / "a.jpg")
    document = {
        "title": "a.jpg", "description": "The old mill", "people": [{"name": "Ann"}],
        "photoTakenTime": {"timestamp": "1"}, "software": "Picasa",
    }  # fmt: skip
    (tmp_path / "a.jpg.json").write_text(json.dumps(document))
    (tmp_path / "a.xmp").write_text(PACKET)
    (tmp_path / "a.txt").write_text("a note\n")
    beside = [tmp_path / name for name in ("a.jpg.json", "a.xmp", "a.txt")]
    lines = read_texts(tmp_path / "a.jpg", Kind.IMAGE, beside).lines
    assert lines == (
        "The old mill", "Ann", "Lisbon", "Grandma Ethel", "birthday", "cake", "a note",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("sidecar", "of"),
    [
        ("IMG_7.xmp", "IMG_7.JPG"),
        ("IMG_7.jpg.xmp", "img_7.jpg"),
        ("IMG_7.jpg.json", "IMG_7.jpg"),
        ("IMG_7.jpg.supplemental-metadata.json", "IMG_7.jpg"),
        ("IMG_7.jpg.supplemental-me.json", "IMG_7.jpg"),
        ("IMG_7.jpg(1).json", "IMG_7(1).jpg"),
        ("IMG_7.jpg.supplemental-metadata(1).json", "IMG_7(1).jpg"),
        ("IMG_7.jpg.supplement(12).json", "IMG_7(12).jpg"),
        ("IMG_7(1).jpg.json", "IMG_7(1).jpg"),
        ("IMG_7.jpg.json", "IMG_7-edited.jpg"),
        ("IMG_7.jpg(2).json", "IMG_7-bearbeitet(2).jpg"),
        ("Pictures whose name is too long by a letter.jp.json",
         "Pictures whose name is too long by a letter.jpg"),
        ("A picture whose name leaves no room at.a.jpeg..json",
         "A picture whose name leaves no room at.a.jpeg"),
        ("A very long name of a picture that was taken i.json",
         "A very long name of a picture that was taken in May.jpg"),
        ("movie.en.srt", "movie.mkv"),
        ("movie.pt-BR.forced.srt", "movie.mkv"),
    ],
)  # fmt: skip
def test_which_file_a_sidecar_is_of(sidecar: str, of: str) -> None:
    assert set(sidecars.owners(sidecar)) & set(sidecars.names_of(of))


@pytest.mark.parametrize(
    ("other", "of"),
    [
        ("IMG_70.xmp", "IMG_7.jpg"), ("movie.2.mkv.txt", "movie.mkv"), ("a.b.xmp", "a.jpg"),
        ("IMG_7.jpg.supplemental-metadata(1).json", "IMG_7.jpg"),
        ("IMG_7.jpg.supplemental-metadata.json", "IMG_7(1).jpg"),
    ],
)  # fmt: skip
def test_what_is_of_another_file(other: str, of: str) -> None:
    assert not set(sidecars.owners(other)) & set(sidecars.names_of(of))


def test_a_damaged_file_has_the_texts_of_its_sidecars(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"\xff\xd8\xff broken")
    (tmp_path / "a.txt").write_text("still here")
    assert read_texts(tmp_path / "a.jpg", Kind.IMAGE, [tmp_path / "a.txt"]).lines == ("still here",)
