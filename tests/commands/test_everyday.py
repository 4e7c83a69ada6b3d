"""An hour of a newcomer: one folder of everyday media, and what people ask of it first.

Each test stands for a kind of thing that once went wrong on a person's folder. The media are
of our own making, or come with packages of the tests; the models are the real ones.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import pygame.examples
import pytest
import skimage
from click.testing import CliRunner
from PIL import Image, ImageDraw, ImageFont

from engine import Library
from engine.commands.main import main
from engine.config import Settings
from engine.encoders.weight_files import E5_SMALL
from engine.store import Store
from engine.types import IndexReport, SearchResult
from tests import media_files as make
from tests.speech import speak

pytestmark = pytest.mark.skipif(E5_SMALL.find() is None, reason="no weights of the encoder")
SRT = "1\n00:00:01,000 --> 00:00:03,000\nThe map is hidden behind the grandfather clock\n"
XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF'
    ' xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description'
    ' xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:description><rdf:Alt>'
    '<rdf:li xml:lang="x-default">Uncle Otto rowing</rdf:li></rdf:Alt></dc:description>'
    "</rdf:Description></rdf:RDF></x:xmpmeta>"
)


def photograph(path: Path, name: str, **options: Any) -> Path:
    """A photograph of scikit-image, saved anew."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.open(Path(skimage.data_dir, name)).convert("RGB").save(path, **options)
    return path


def receipt(path: Path, *lines: str) -> Path:
    """A picture of printed lines."""
    page = Image.new("RGB", (640, 90 * len(lines) + 60), "white")
    font = ImageFont.load_default(44)
    for number, line in enumerate(lines):
        ImageDraw.Draw(page).text((40, 30 + 90 * number), line, "black", font)
    path.parent.mkdir(parents=True, exist_ok=True)
    page.save(path)
    return path


def song(path: Path, **tags: str) -> Path:
    """A tone with tags, as an MP3."""
    path.parent.mkdir(parents=True, exist_ok=True)
    tone = make.sound(path.with_suffix(".wav"), (330, 3.0))
    with av.open(str(tone)) as source, av.open(str(path), "w") as target:
        target.metadata.update(tags)
        stream = target.add_stream("libmp3lame", rate=44_100)
        for frame in source.decode(audio=0):
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    tone.unlink()
    return path


def with_subtitles(path: Path, video: Path) -> Path:
    """A video again, as a Matroska file with subtitles inside."""
    srt = path.with_suffix(".tmp.srt")
    srt.write_text(SRT)
    with av.open(str(video)) as seen, av.open(str(srt)) as texts, av.open(str(path), "w") as out:
        streams = (
            (out.add_stream_from_template(seen.streams.video[0]), seen),
            (out.add_stream_from_template(texts.streams.subtitles[0]), texts),
        )
        for stream, inside in streams:
            for packet in inside.demux():
                if packet.dts is not None:
                    packet.stream = stream
                    out.mux(packet)
    srt.unlink()
    return path


def fill(home: Path) -> None:
    """Make the folder."""
    photograph(home / "pets" / "IMG_2231.jpg", "chelsea.png")
    photograph(home / "pets" / "IMG_0044.jpg", "coffee.png")
    photograph(home / "trip" / "IMG_7000.jpg", "rocket.jpg")
    photograph(home / "trip" / "IMG_7001.jpg", "astronaut.png")
    photograph(home / "trip" / "old.jp2", "camera.png")
    (home / "trip" / "IMG_7000.xmp").write_text(XMP)
    (home / "trip" / "IMG_7001.jpg.json").write_text(
        json.dumps({"title": "IMG_7001.jpg", "description": "Aunt Wilma at the fair"})
    )
    made_by_a_program = {270: '{"shape": [300, 451, 3]}'}
    photograph(home / "trip" / "scan.tif", "brick.png", tiffinfo=made_by_a_program)
    receipt(home / "shots" / "receipt.png", "Corner Bakery", "Total 12.40", "Paid by VISA")
    song(home / "music" / "01.mp3", title="Midnight Rain", artist="The Testers", genre="synthpop")
    (home / "sounds").mkdir()
    make.sound(home / "sounds" / "sine.wav", (440, 3.0))
    make.sound(home / "sounds" / "silence.wav", (0, 2.0))
    for name in ("car_door.wav", "house_lo.wav"):
        sound = Path(pygame.examples.__file__).parent / "data" / name
        (home / "sounds" / name).write_bytes(sound.read_bytes())
    (home / "memos").mkdir()
    speak("The doctor said that I should take two tablets every morning.", home / "memos" / "1.wav")
    (home / "videos").mkdir()
    holiday = make.video(home / "videos" / "holiday.mp4", ["red", "green"])
    with_subtitles(home / "videos" / "subs.mkv", make.video(home / "videos" / "t.mp4", ["blue"]))
    (home / "videos" / "t.mp4").unlink()
    holiday.rename(home / "videos" / "holiday.mov")
    make.video(home / "videos" / "clip.mp4", ["white", "black"])
    (home / "videos" / "clip.srt").write_text(SRT.replace("clock", "wardrobe"))
    for name, content in {
        "a.pdf": b"%PDF-1.7\n", "b.svg": b"<svg xmlns='x'/>", "c.jxl": b"\xff\x0a\0\0",
        "d.mid": b"MThd\0\0\0\6",
    }.items():  # fmt: skip
        (home / name).write_bytes(content)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("everyday") / "home"
    fill(folder)
    return folder


@pytest.fixture(scope="module")
def report(home: Path) -> IndexReport:
    settings = replace(Settings.from_env(), ocr=True)
    with Library.open(home.parent / "lib", create=True, settings=settings) as library:
        return library.index(home)


@pytest.fixture(scope="module")
def library(home: Path, report: IndexReport) -> Iterator[Library]:
    assert report.failures == ()
    with Library.open(home.parent / "lib") as opened:
        yield opened


def first(result: SearchResult) -> str:
    """Return the name of the first file, which must be likely."""
    assert result.hits and result.hits[0].likely, [(h.path, h.confidence) for h in result]
    return Path(result.hits[0].path).name


def command(library: Library, *arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(main, [*arguments, "--library", str(library.path)])
    return done.exit_code, done.stdout, done.stderr


# --- nouns, sounds and names ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "right"),
    [("cat", "IMG_2231.jpg"), ("coffee", "IMG_0044.jpg"), ("rocket", "IMG_7000.jpg")],
)  # fmt: skip
def test_one_noun_finds_pictures_among_sounds(library: Library, asked: str, right: str) -> None:
    for kinds in ((), "image"):
        assert Path(library.search(asked, kinds=kinds)[0].path).name == right


@pytest.mark.parametrize("asked", ["a lion", "thunder", "frog", "rooster crowing"])
def test_a_sound_that_is_none_of_it_is_not_likely(library: Library, asked: str) -> None:
    sounds = [hit for hit in library.search(asked) if hit.kind == "audio"]
    assert not [(hit.path, hit.confidence) for hit in sounds if hit.likely]


@pytest.mark.parametrize(
    ("asked", "right"),
    [
        ("IMG_0044", "IMG_0044.jpg"), ("holiday.mov", "holiday.mov"), ("receipt", "receipt.png"),
        ("Midnight Rain", "01.mp3"), ("The Testers", "01.mp3"), ("synthpop", "01.mp3"),
        ("VISA", "receipt.png"), ("corner bakery", "receipt.png"),
        ("doctor", "1.wav"), ("what did the doctor say", "1.wav"),
        ("hidden behind the grandfather clock", "subs.mkv"),
        ("hidden behind the grandfather wardrobe", "clip.mp4"),
        ("Uncle Otto rowing", "IMG_7000.jpg"), ("Aunt Wilma at the fair", "IMG_7001.jpg"),
    ],
)  # fmt: skip
def test_names_titles_and_words_come_first(library: Library, asked: str, right: str) -> None:
    assert first(library.search(asked)) == right


def test_a_title_is_found_where_a_filter_leaves_its_file_alone(library: Library) -> None:
    assert first(library.search("Midnight Rain", where='path like "*/01.mp3"')) == "01.mp3"


# --- what is read, and what is told -----------------------------------------------------------


def test_what_is_not_read_is_named(library: Library, report: IndexReport) -> None:
    assert {"pdf": 1, "svg": 1, "jxl": 1, "midi": 1}.items() <= report.skipped_types.items()
    code, out, _ = command(library, "failures", "--skipped")
    assert code == 0 and len(out.splitlines()) == 4 and "c.jxl: JPEG XL is not a format" in out
    assert command(library, "failures")[2] == "no failures\n"
    assert any(Path(hit.path).name == "old.jp2" for hit in library.search("path:old.jp2"))


def test_an_example_of_a_kind_that_is_not_read_says_what_it_is(
    library: Library, home: Path
) -> None:
    code, _, err = command(library, "similar", str(home / "c.jxl"))
    assert code == 2 and "JPEG XL is not a format that Sensorium reads" in err
    code, _, err = command(library, "search", "--audio", str(home / "pets" / "IMG_0044.jpg"))
    assert code == 2 and "is a picture, not a sound: " in err and "--image" in err
    code, _, err = command(library, "similar", "http://127.0.0.1:1/a.jpg")
    assert code == 2 and "http://127.0.0.1:1/a.jpg: " in err and "no such file" not in err


def test_what_a_program_wrote_is_no_caption(library: Library, home: Path) -> None:
    asset = library.store.get(str(home / "trip" / "scan.tif"))
    assert asset is not None
    assert library.store.whole_assets([asset.asset_id])[asset.asset_id].caption is None


def test_a_filter_alone_lists_silent_files_too(library: Library) -> None:
    for asked in ("kind:video", "after:30d"):
        assert {"holiday.mov", "subs.mkv", "clip.mp4"} <= {
            Path(hit.path).name for hit in library.search(asked, top=50)
        }
    names = {Path(hit.path).name for hit in library.search("", where="kind = audio", top=50)}
    assert {"silence.wav", "sine.wav", "1.wav"} <= names


def test_a_name_that_is_no_utf8_is_json_that_any_parser_reads(library: Library, home: Path) -> None:
    name = os.fsencode(home) + b"/caf\xe9.jpg"
    photograph(Path(os.fsdecode(name)), "coffee.png", format="JPEG", quality=60)
    try:
        library.index(home)
        found = command(library, "search", "kind:image", "--json", "-t", "50")[1]
        hits = json.loads(found.encode())["hits"]
        assert all(hit["path"].encode() for hit in hits)
        assert any("caf" in hit["path"] for hit in hits)
    finally:
        os.unlink(name)  # noqa: PTH108
        library.index(home)


# --- folders ------------------------------------------------------------------------------------


def test_a_folder_that_is_not_mounted_is_asked_about(tmp_path: Path) -> None:
    for number in range(7):
        make.picture(tmp_path / "disk" / f"{number}.png")
    with Library.open(tmp_path / "lib", create=True, encoder="fake") as library:
        library.index(tmp_path / "disk")
        (tmp_path / "disk").rename(tmp_path / "away")
        (tmp_path / "disk").mkdir()
        code, _, err = command(library, "index", str(tmp_path / "disk"))
        assert code == 2 and "7 of the 7 files below" in err and err.count("\n") == 1
        assert sum(library.stats().assets.values()) == 7


def test_one_path_is_one_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make.picture(tmp_path / "tmp" / "a.png")
    monkeypatch.chdir(tmp_path)
    with Library.open(tmp_path / "lib", create=True, encoder="fake") as library:
        assert library.index("tmp").added == 1


def test_two_signals_in_a_row_leave_no_traceback(tmp_path: Path) -> None:
    for number in range(40):
        make.picture(tmp_path / "media" / f"{number}.png", size=(90, 90))
    Store.create(tmp_path / "lib", "fake").close()
    program = (
        "import os, signal\n"
        "from engine.testing.fake_encoder import FakeEncoder\n"
        "prepare = FakeEncoder.prepare_image\n"
        "def twice(self, picture):\n"
        "    os.kill(os.getpid(), signal.SIGINT); os.kill(os.getpid(), signal.SIGINT)\n"
        "    return prepare(self, picture)\n"
        "FakeEncoder.prepare_image = twice\n"
        "from engine.commands.main import main\n"
        "main()\n"
    )
    arguments = ["index", str(tmp_path / "media"), "--library", str(tmp_path / "lib")]
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode in (130, -2) and "Traceback" not in done.stderr
