"""Text that was read on the screen of a film follows what plays, and is jumped to by a press."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from engine import Library
from engine.server.options import ServerOptions
from engine.testing.fake_encoder import FakeScreen, fake_towers
from indexers.reading import read_texts
from tests import media_files as make
from tests.server.conftest import Served, serving
from tests.server.page.browsing import Page, expect, keep_places, until

SIGNS = {"red": "Stop here", "blue": "Go on"}
PLAYER = "document.querySelector('.stage video')"


@pytest.fixture(scope="module")
def signs(tmp_path_factory, settings) -> Iterator[Served]:
    """A server over a film with a sign for each of its two colours, and a picture of one."""
    place = tmp_path_factory.mktemp("signs")
    media = place / "media"
    media.mkdir()
    make.video(media / "film.mp4", ("red", "blue"))
    make.picture(media / "sign.png", "red", (60, 40))
    with Library.open(place / "home", create=True, encoder="fake", settings=settings) as library:
        library.index([media])
        towers = replace(fake_towers(), screen=FakeScreen(SIGNS))
        read_texts(library.store, towers, [media], settings)
    with serving([place / "home"], settings, media, ServerOptions(port=0)) as running:
        yield running


def opened(page: Page, name: str) -> Page:
    page.locator(".tile a", has_text=name).first.click()
    page.locator(".words", has_text="To be read").wait_for()
    return page


def test_text_on_screen_follows_what_plays(visit, signs):
    page = opened(visit("/?kind=video", signs), "film.mp4")
    until(page, f"{PLAYER}.readyState > 0")
    page.evaluate(f"{PLAYER}.pause()")
    expect(page.locator(".words .said q")).to_have_text(["Stop here", "Go on"])
    for second, words in ((1, "Stop here"), (3, "Go on"), (0.5, "Stop here")):
        page.evaluate(f"{PLAYER}.currentTime = {second}")
        page.locator(".said.now", has_text=words).wait_for()
        expect(page.locator(".said.now")).to_have_count(1)
        expect(page.locator(".said[aria-current=true]")).to_contain_text(words)


def test_a_press_on_a_text_jumps_to_where_it_is_to_be_read(visit, signs):
    page = opened(visit("/?kind=video", signs), "film.mp4")
    until(page, f"{PLAYER}.readyState > 0")
    page.evaluate(f"{PLAYER}.pause()")
    page.locator(".said", has_text="Go on").focus()
    keep_places(page)
    page.keyboard.press("Enter")
    until(page, "places.some((place) => Math.abs(place - 2) < 0.7)")
    page.locator(".said.now", has_text="Go on").wait_for()


def test_text_in_a_picture_is_quoted_beside_it(visit, signs):
    page = opened(visit("/?kind=image", signs), "sign.png")
    expect(page.locator(".words blockquote")).to_have_text("Stop here")
    expect(page.locator(".said")).to_have_count(0)
