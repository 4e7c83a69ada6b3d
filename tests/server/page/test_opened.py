"""What is done in an opened hit: cutting, saving, following words, the map, what is similar."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from engine import Library
from engine.server.options import ServerOptions
from tests import media_files as make
from tests.media.test_clip import filmed
from tests.server.conftest import Served, serving
from tests.server.page.browsing import expect, until, until_rests

_SRT = "1\n00:00:01,000 --> 00:00:03,000\nfirst words\n\n2\n00:00:04,000 --> 00:00:06,000\nlater\n"
_VIENNA = (48.208, 16.373)


@pytest.fixture(scope="module")
def opened(tmp_path_factory, settings) -> Iterator[Served]:
    """A server over a video with subtitles, one that browsers cannot play, sounds, and a place."""
    place = tmp_path_factory.mktemp("opened")
    media = place / "media"
    media.mkdir()
    filmed(media / "clip.mp4", "libx264", "aac")
    (media / "clip.srt").write_text(_SRT)
    make.video(media / "old.avi", ("red", "blue"))
    make.sound(media / "tones.wav", (200, 1.0), (400, 3.0))
    make.sound(media / "other.wav", (200, 4.0))
    exif = Image.Exif()
    exif[0x8825] = {1: "N", 2: (48.0, 12.0, 28.8), 3: "E", 4: (16.0, 22.0, 22.8)}
    make.picture(media / "vienna.jpg", "green", (400, 300))
    with Image.open(media / "vienna.jpg") as picture:
        picture.save(media / "vienna.jpg", exif=exif)
    for number in range(60):
        make.picture(media / f"{number:02}-red.png", "red", (60, 40))
    with Library.open(place / "home", create=True, encoder="fake", settings=settings) as library:
        library.index([media])
    with serving([place / "home"], settings, media, ServerOptions(port=0)) as running:
        yield running


def open_file(page, name: str) -> None:
    page.locator(".tile a", has_text=name).first.click()
    page.locator("dialog.viewer[open]").wait_for()


def seconds_of(path: str | Path) -> float:
    with av.open(str(path)) as part:
        return float(part.duration) / av.time_base


def test_a_part_of_a_video_is_cut_by_its_handles_and_saved(visit, opened):
    page = visit("/?kind=video", opened)
    open_file(page, "clip.mp4")
    until(page, "document.querySelector('.stage video').readyState > 0")
    page.evaluate("document.querySelector('.stage video').pause()")
    page.get_by_role("button", name="Cut", exact=True).click()
    first, last = page.get_by_role("slider", name="Start"), page.get_by_role("slider", name="End")
    first.press("Home")
    expect(first).to_have_attribute("aria-valuetext", "0:00.0")
    box = page.locator(".time").bounding_box()
    handle = last.bounding_box()
    page.mouse.move(handle["x"] + 12, handle["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 5 / 8, box["y"] + 20, steps=4)
    page.mouse.up()
    assert abs(float(last.get_attribute("aria-valuenow")) - 5) < 0.1
    until(page, "Math.abs(document.querySelector('.stage video').currentTime - 5) < 0.2")
    first.focus()
    for _ in range(2):
        page.keyboard.press("Shift+ArrowRight")
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    expect(first).to_have_attribute("aria-valuetext", "0:02.5")
    expect(page.locator(".viewer h2"), "arrows stayed with the handle").to_have_text("clip.mp4")
    expect(page.locator(".length")).to_contain_text("(2.5 s)")
    with page.expect_download() as saving:
        page.get_by_role("button", name="Save the part").click()
    saved = saving.value
    assert saved.suggested_filename == "clip 2.5-5.0s.mp4"
    assert abs(seconds_of(saved.path()) - 2.5) < 0.2
    page.locator(".told", has_text="clip 2.5-5.0s.mp4").wait_for()


def test_a_part_is_set_by_what_plays_and_played(visit, opened):
    page = visit("/?kind=audio", opened)
    open_file(page, "tones.wav")
    until(page, "document.querySelector('.stage audio').readyState > 0")
    page.get_by_role("button", name="Cut", exact=True).click()
    page.evaluate("document.querySelector('.stage audio').pause()")
    page.evaluate("document.querySelector('.stage audio').currentTime = 1")
    page.get_by_role("button", name="From here").click()
    page.evaluate("document.querySelector('.stage audio').currentTime = 2")
    page.get_by_role("button", name="To here").click()
    expect(page.locator(".length")).to_contain_text("(1.0 s)")
    page.get_by_role("button", name="Play it").click()
    until(page, "document.querySelector('.stage audio').currentTime > 1.2")
    until(page, "document.querySelector('.stage audio').paused")
    until(page, "Math.abs(document.querySelector('.stage audio').currentTime - 2) < 0.01")
    with page.expect_download() as saving:
        page.get_by_role("button", name="Save the part").click()
    assert saving.value.suggested_filename == "tones 1.0-2.0s.wav"
    assert abs(seconds_of(saving.value.path()) - 1.0) < 0.3
    expect(page.get_by_role("button", name="Save this frame")).to_have_count(0)


def test_the_frame_that_is_shown_is_saved(visit, opened):
    page = visit("/?kind=video", opened)
    open_file(page, "clip.mp4")
    until(page, "document.querySelector('.stage video').readyState > 0")
    page.evaluate("document.querySelector('.stage video').pause()")
    page.evaluate("document.querySelector('.stage video').currentTime = 6")
    with page.expect_download() as saving:
        page.get_by_role("button", name="Save this frame").click()
    with Image.open(saving.value.path()) as picture:
        assert picture.size == (64, 48)
        assert abs(np.asarray(picture.convert("L")).mean() - 180) < 12, "what is shown at six s"


def test_what_a_browser_cannot_play_is_played_all_the_same(visit, opened):
    page = visit("/?kind=video", opened)
    open_file(page, "old.avi")
    until(page, "document.querySelector('.stage video').readyState >= 2")
    assert page.evaluate("document.querySelector('.stage video').duration") > 3
    until(page, "!document.querySelector('.stage .hint')")


def test_why_a_part_is_refused_is_said(visit, opened):
    page = visit("/?kind=audio", opened)
    open_file(page, "other.wav")
    page.get_by_role("button", name="Cut", exact=True).click()
    moved = opened.media / "other.wav"
    moved.rename(moved.with_suffix(".gone"))
    page.get_by_role("button", name="Save the part").click()
    page.locator(".told", has_text="not there any more").wait_for()
    moved.with_suffix(".gone").rename(moved)


def test_words_follow_what_plays(visit, opened):
    page = visit("/?kind=video", opened)
    open_file(page, "clip.mp4")
    page.locator(".said", has_text="later").wait_for()
    page.evaluate("document.querySelector('.stage video').pause()")
    page.evaluate("document.querySelector('.stage video').currentTime = 5")
    page.locator(".said.now", has_text="later").wait_for()
    page.evaluate("document.querySelector('.stage video').currentTime = 2")
    page.locator(".said.now", has_text="first words").wait_for()
    expect(page.locator(".said.now")).to_have_count(1)
    expect(page.locator(".said[aria-current]")).to_contain_text("first words")


def test_a_place_is_on_a_map_and_leads_to_what_was_made_near_it(visit, opened):
    page = visit("/?q=green", opened)
    open_file(page, "vienna.jpg")
    canvas = page.get_by_role("img", name="Map: 48.208° N, 16.373° E")
    canvas.wait_for()
    colours = "(() => { const c = document.querySelector('.map canvas'), d = c.getContext('2d')"
    colours += ".getImageData(0, 0, c.width || 1, c.height || 1).data, seen = new Set();"
    colours += (
        " for (let i = 0; i < d.length; i += 4) seen.add(d[i] << 16 | d[i + 1] << 8 | d[i + 2]);"
    )
    until(page, colours + " return seen.has(0xdfe9ec) && seen.has(0xf6f3ea); })()")  # sea and land
    pytest.importorskip("reverse_geocode")
    expect(page.locator(".town")).to_have_text("Vienna, Austria GeoNames")
    german = visit("/?q=green", opened, locale="de-DE")
    open_file(german, "vienna.jpg")
    german.locator(".town", has_text="Vienna, Österreich").wait_for()
    page.get_by_role("button", name="Files from near here").click()
    until(page, "document.querySelectorAll('.tile').length === 1")
    expect(page.locator(".tile .name")).to_have_text(["vienna.jpg"])
    assert page.locator("input[type=search]").input_value().startswith("place:")


def test_what_is_similar_is_a_row_and_back_returns(visit, opened):
    page = visit("/?kind=audio", opened)
    open_file(page, "tones.wav")
    page.locator(".like a").first.wait_for()
    name = page.locator(".like a").first.get_attribute("title")
    page.locator(".like a").first.click()
    until(page, f"document.querySelector('.viewer h2').textContent === '{name}'")
    page.go_back()
    until(page, "document.querySelector('.viewer h2').textContent === 'tones.wav'")
    page.go_back()
    until(page, "!document.querySelector('dialog[open]')")


@pytest.mark.parametrize("way", ["back", "escape"])
def test_closing_returns_to_where_one_was(visit, opened, way):
    page = visit("/?kind=image", opened, viewport={"width": 700, "height": 500})
    page.mouse.wheel(0, 900)
    before = until_rests(page, 800)
    place = "[...document.querySelectorAll('.tile')].find((each) => {"
    place += " const { top, bottom } = each.getBoundingClientRect();"
    place += " return top > 200 && bottom < 500; })"
    page.evaluate(f"{place}.querySelector('a').click()")
    page.locator("dialog.viewer[open]").wait_for()
    page.keyboard.press("ArrowRight")
    if way == "back":
        page.go_back()
    else:
        page.keyboard.press("Escape")
    until(page, "!document.querySelector('dialog[open]')")
    assert abs(page.evaluate("scrollY") - before) < 2
