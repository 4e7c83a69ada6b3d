"""Stories: order, captions, near copies, and cut lists that make the film they promise."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import opentimelineio
import pytest

from engine.compose.cut_list import Cut, edl, ffmpeg_script, otio, time_code
from engine.compose.days import date_in_words
from engine.errors import QuerySyntax, UsageError
from tests.compose.conftest import Page, check


def names(story) -> list[str]:
    return [Path(item.passage.path).name for item in story.items]


def paths_of(library) -> dict[str, str]:
    return {Path(e.asset.path).name: e.asset.path for e in library.browse.assets(limit=99).assets}


@pytest.fixture(scope="module")
def album(library) -> list[str]:
    """Paths of an album, as the page makes one: a tag."""
    trip = [path for path in paths_of(library).values() if "/trip/" in path]
    others = [paths_of(library)[name] for name in ("violin.mp4", "00.png")]
    library.curate.tag([*trip, *others], add=["album:Our trip"])
    return [*trip, *others]


@pytest.fixture(scope="module")
def story(library, album, tmp_path_factory):
    return library.story("our trip", out=tmp_path_factory.mktemp("story") / "a story.html")


def test_dates_come_in_order_then_folders(story):
    assert names(story)[:3] == ["green.jpg", "yellow.jpg", "blue.jpg"]
    titles = [chapter.title for chapter in story.chapters]
    assert titles[:3] == ["12 May 2023", "13 May 2023", "14 May 2023"]
    assert titles[3:] == ["media"]
    assert sorted(names(story)[3:]) == ["00.png", "violin.mp4"]


def test_near_copies_are_folded_into_the_one_that_stays(story):
    green = story.items[0]
    assert [Path(copy).name for copy in green.copies] == ["green copy.jpg"]
    assert "1 near copy folded" in Page(story.html).all("header")[0].text


def test_every_claim_of_the_page_has_a_moment(library, story):
    page = Page(story.html)
    assert check(page, library) >= 2 * len(story.items)
    sources = next(n for n in page.all("section") if n.attributes["id"] == "sources")
    assert "Ann <b>Example</b>" in sources.text
    assert "no author and no licence" in sources.text
    (film,) = page.all("video")
    assert film.attributes["src"].startswith("data:video/mp4;base64,")


def test_an_album_is_called_by_its_name(library, story):
    assert (story.title, story.found) == ("Our trip", True)
    assert names(library.story("album:Our trip")) == names(story)


def test_captions_say_how_likely_a_name_is(library, story):
    paths = paths_of(library)
    library.teach("Meadow", [paths[name] for name in ("01.png", "07.png", "green.jpg")])
    try:
        made = library.story("our trip")
    finally:
        library.concepts.forget("Meadow")
    likely = made.items[0].likely[0]
    assert likely.text == "Meadow"
    assert f"Likely Meadow ({likely.confidence:.0%})" in Page(made.html).root.text


def test_what_is_not_here_makes_no_story(library, tmp_path):
    made = library.story("giraffe", out=tmp_path / "story.html")
    assert (made.found, made.files, made.html) == (False, (), "")
    assert not [*tmp_path.iterdir()]
    for wrong in ("", " ", "a" * 501):
        with pytest.raises(UsageError):
            library.story(wrong)
    with pytest.raises(QuerySyntax):
        library.story("date:nonsense")


def test_the_cut_lists_agree(story):
    page, cuts, timeline, script = story.files
    assert [f.name for f in story.files] == [
        "a story.html", "a story.edl", "a story.otio", "a story.ffmpeg.sh",
    ]  # fmt: skip
    assert page.read_text() == story.html
    read = opentimelineio.adapters.read_from_file(str(timeline))
    assert read.duration().to_seconds() == pytest.approx(story.seconds)
    (pictures, sound) = read.tracks
    assert [clip.name for clip in pictures] == names(story)
    assert [type(item).__name__ for item in sound].count("Clip") == 1
    assert sound.duration() == pictures.duration()
    events = re.findall(r"^\d{3}  AX       (\w+) +C +(.*)$", cuts.read_text(), re.MULTILINE)
    assert [kind for kind, _ in events] == ["B" if cut.sound else "V" for cut in story.cuts]
    last = events[-1][1].split()[-1]
    assert last == time_code(25 * 3600 + round(25 * story.seconds))
    assert str(len(story.cuts)) in script.read_text().splitlines()[1]


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs ffmpeg")
def test_the_film_has_the_promised_length(library, tmp_path):
    paths = paths_of(library)
    cuts = [
        Cut(paths["00.png"], "00.png", False, 0.0, 0.4, 1),
        Cut(paths["violin.mp4"], "violin.mp4", True, 7.8, 0.52, 1, sound=True),
        Cut(paths["hostile.mp4"], "hostile.mp4", True, 2.8, 0.6, 1),  # past its end, too
    ]
    shutil.copy(paths["00.png"], tmp_path / "it's.png")
    script = tmp_path / "film.sh"
    script.write_bytes(ffmpeg_script("film.sh", "out.mp4", cuts, ["it's.png", "", ""]))
    done = subprocess.run(
        ["sh", str(script)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    probe = ["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0"]
    said = subprocess.run([*probe, str(tmp_path / "out.mp4")], capture_output=True, check=True)
    assert float(said.stdout) == pytest.approx(sum(cut.seconds for cut in cuts), abs=0.05)


def test_names_of_files_are_no_commands_and_no_lines():
    name = "$(touch x) '\n; rm -rf ~ \udcff\u202e.mp4"
    cut = Cut(f"/a/{name}", name, True, 1.0, 2.0, 1)
    listed = edl(name, [cut])
    assert listed.isascii()
    assert len(listed.splitlines()) == 6
    assert json.loads(otio("t", [cut]))["tracks"]["children"][0]["children"][0]["name"]
    script = ffmpeg_script("x\ny.sh", "f.mp4", [cut], [""])
    checked = subprocess.run(["sh", "-n"], input=script, capture_output=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, b"")
    called = script.replace(b"silent()", b"unused()").split(b"\n}\n")[-1]
    printed = b'silent() { printf %s "$4"; exit; }\n' + called
    shown = subprocess.run(["sh"], input=printed, capture_output=True, check=True)
    assert shown.stdout == f"/a/{name}".encode("utf-8", "surrogateescape")


def test_dates_in_words():
    assert [date_in_words(d) for d in ("2023-05-02T10:00", "2023-05", "2023", "2023-13-01")] == [
        "2 May 2023", "May 2023", "2023", "2023",
    ]  # fmt: skip
