"""Names, captions, speech and text on screen that are made to do harm: shown as text, all of them.

What a policy refuses, or a script throws, fails a test by the fixture `visit`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from engine import Library
from engine.server.options import ServerOptions
from tests import media_files as make
from tests.server.conftest import Served, serving
from tests.server.page.browsing import close_hit, expect, names, until

_SCRIPT = "<script>document.title='owned'</script><img src=x onerror=document.title='owned'>"
_BREAKING = "\"'></q></dialog><svg onload=document.title='owned'>{{7*7}}${document.title='owned'}"
_BIDI = "\u202ered\u202c \u2066evil\u2069 \u200b\u200d\ufeff\u061c end"
_NAMES = (
    "<script>document.title='owned'<!--.jpg",
    "\"'><svg onload=document.title='owned'>.jpg",
    "javascript:document.title='owned'.jpg",
    "\u202egpj.evil\u202c.jpg",
    "zero\u200b\u200dwidth\ufeff.jpg",
    "שלום עולם.jpg",
    "line\nfeed\ttab.jpg",
    "n" * 240 + ".jpg",
    "combining" + "\u0301" * 60 + ".jpg",
    "%2e%2e%2fetc?x=1&y#z.jpg",
)
_LONG = "red " * 2500
"""10 kB."""


def captioned(path: Path, caption: str) -> None:
    make.picture(path, "red", (90, 60))
    exif = Image.Exif()
    exif[0x010E] = caption
    with Image.open(path) as picture:
        picture.save(path, exif=exif)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory, settings) -> Iterator[Served]:
    place = tmp_path_factory.mktemp("hostile")
    media = place / "media"
    media.mkdir()
    for name in _NAMES:
        make.picture(media / name, "green", (90, 60))
    for number, caption in enumerate((_SCRIPT, _BREAKING, _BIDI, _LONG, "x" * 10_000)):
        captioned(media / f"caption{number}.jpg", caption)
    make.video(media / "film.mp4", ("red", "blue", "red"))
    escaped = _SCRIPT.replace("<", "&lt;").replace(">", "&gt;")
    texts = (escaped, _BREAKING, _BIDI, "violin " * 1400, "violin" * 1700)
    (media / "film.srt").write_text(
        "\n".join(
            f"{number + 1}\n00:00:0{number},000 --> 00:00:0{number + 1},000\n{text}\n"
            for number, text in enumerate(texts)
        )
    )
    with Library.open(place / "home", create=True, encoder="fake", settings=settings) as library:
        library.index([media])
    with serving([place / "home"], settings, media, ServerOptions(port=0)) as running:
        yield running


def holds(page) -> None:
    """Tell that nothing ran, and that the layout is as wide as the window."""
    expect(page).to_have_title("Sensorium")
    until(page, "document.documentElement.scrollWidth <= innerWidth")
    assert (
        page.evaluate(
            "document.querySelectorAll('svg:not(.icon), main script, q *:not(mark)').length"
        )
        == 0
    )
    header = page.evaluate("document.querySelector('header').getBoundingClientRect().width")
    assert header <= page.evaluate("innerWidth")


def open_file(page, name: str) -> None:
    page.evaluate(
        """(name) => {
        const named = (tile) => tile.querySelector(".name").textContent === name;
        [...document.querySelectorAll(".tile")].find(named).querySelector("a").click();
        }""",
        name,
    )
    page.locator(".viewer .tags").wait_for()


@pytest.mark.parametrize("width", [360, 1280])
def test_hostile_names_are_names(visit, hostile, width):
    page = visit("/?q=green&group=none", hostile, viewport={"width": width, "height": 900})
    until(page, f"document.querySelectorAll('.tile').length >= {len(_NAMES)}")
    assert {*_NAMES} <= {*names(page)}
    holds(page)
    tiles = [tile.bounding_box() for tile in page.locator(".tile").all()]
    assert all(box["x"] >= 0 and box["x"] + box["width"] <= width for box in tiles)
    for name in _NAMES:
        open_file(page, name)
        expect(page.locator(".viewer h2")).to_have_text(name)
        close = page.get_by_role("button", name="Close").bounding_box()
        assert close["x"] + close["width"] <= width, "it can be closed"
        holds(page)
        page.keyboard.press("Escape")
        until(page, "!document.querySelector('dialog[open]')")


def test_hostile_captions_are_text(visit, hostile):
    page = visit("/?kind=image", hostile, viewport={"width": 360, "height": 800})
    # Of a caption that is nothing but tags, as the first one is, nothing is kept.
    for number, caption in enumerate((_BREAKING, _BIDI, _LONG), 1):
        open_file(page, f"caption{number}.jpg")
        shown = page.locator(".words blockquote").first
        shown.wait_for()
        # Some marks are left out.
        assert "owned" not in caption or "document.title='owned'" in shown.text_content()
        assert shown.bounding_box()["height"] < 300
        holds(page)
        close_hit(page)


@pytest.mark.parametrize("width", [360, 1280])
def test_hostile_speech_is_text_in_tiles_and_beside_the_player(visit, hostile, width):
    page = visit(
        "/?q=violin+document&group=none&kind=video",
        hostile,
        viewport={"width": width, "height": 800},
    )
    page.locator(".tile q").first.wait_for()
    holds(page)
    assert all(quoted.bounding_box()["height"] < 90 for quoted in page.locator(".tile q").all())
    page.locator(".tile a").first.click()
    page.locator(".said").first.wait_for()
    page.evaluate("document.querySelector('.stage video')?.pause()")
    said = "".join(page.locator(".said q").all_text_contents())
    assert "<img src=x onerror=document.title='owned'>" in said, "SRT's own tags alone are left out"
    assert page.locator(".lines").bounding_box()["width"] <= width
    holds(page)


def test_hostile_words_are_typed_into_the_address(visit, hostile):
    page = visit(
        "/?q=%3Cimg%20src%3Dx%20onerror%3Ddocument.title%3D1%3E&like=1@%3Cb%3E&open=1@..%2F..",
        hostile,
    )
    holds(page)
    assert page.locator("input[type=search]").input_value().startswith("<img")


def test_hostile_files_that_are_given_are_named_as_text(visit, hostile, tmp_path):
    page = visit("/", hostile)
    example = make.picture(tmp_path / "<img src=x onerror=document.title=1>.png", "red")
    page.locator("input[type=file]").set_input_files(example)
    page.locator(".example", has_text="<img src=x").wait_for()
    holds(page)
    until(page, "document.querySelector('.status').textContent.includes('hits')")


def test_a_part_is_saved_under_a_hostile_name(visit, hostile):
    film = hostile.media / "film.mp4"
    evil = hostile.media / "\u202e<b>\"'; x=y%0d%0a.mp4"
    evil.write_bytes(film.read_bytes())
    with Library.open(hostile.library) as library:
        library.index([hostile.media])
    page = visit("/?kind=video", hostile)
    page.locator(".tile a", has_text="<b>").first.click()
    page.get_by_role("button", name="Cut", exact=True).click()
    with page.expect_download() as saving:
        page.get_by_role("button", name="Save the part").click()
    assert saving.value.suggested_filename.endswith(".mp4")
    assert "/" not in saving.value.suggested_filename
    page.locator(".told", has_text="<b>").wait_for()
    holds(page)
