"""A library, a server of it, and a browser that visits it, once for all tests of the page."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine import Library
from engine.server.options import ServerOptions
from tests import media_files as make
from tests.server.conftest import Served, serving
from tests.server.page.browsing import ARGS, BROWSER, COLOURS, HOSTILE, Page, playwright, tags_of
from tests.server.page.pages import Opened, Pages


def date_alike(media: Path) -> None:
    """Date all files to one moment: which is the newest would else hang on when a second ended."""
    now = int(time.time())
    for file in media.iterdir():
        os.utime(file, (now, now))


@pytest.fixture(scope="session")
def library(tmp_path_factory, settings) -> Library:
    """Pictures of four colours, a film of two, and a tone; one picture has markup for a name."""
    place = tmp_path_factory.mktemp("page")
    media = place / "media"
    media.mkdir()
    for number in range(40):
        make.picture(
            media / f"{number:02}-{COLOURS[number % 4]}.png", COLOURS[number % 4], (60, 40)
        )
    make.picture(media / HOSTILE, "red")
    make.video(media / "film.mp4", ("red", "blue"))
    (media / "film.srt").write_text("1\n00:00:02,000 --> 00:00:03,000\nthe <b>violin</b> plays\n")
    make.sound(media / "tone.wav", (200, 2.0))
    date_alike(media)
    with Library.open(place / "home", create=True, encoder="fake", settings=settings) as made:
        made.index([media])
    return place / "home"


@pytest.fixture(scope="session")
def served(library: Path, settings) -> Iterator[Served]:
    with serving([library], settings, library.parent / "media", ServerOptions(port=0)) as running:
        yield running


# Playwright keeps a loop running in this thread, in which no other test could run one: so it
# ends with the last of these tests, and this folder is a package.
@pytest.fixture(scope="package")
def browser() -> Iterator[playwright.Browser]:
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=BROWSER, args=ARGS)
        yield started
        started.close()


@pytest.fixture(scope="package")
def pages(browser: playwright.Browser, served: Served) -> Pages:
    return Pages(browser, served)


@pytest.fixture
def visit(
    pages: Pages, served: Served, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Page]]:
    """Open the page at an address; what a policy refuses, or a script throws, fails the test.

    A test that cares for what a browser has kept, or does what can't be taken back, wants a
    page that is fresh.
    """
    taken: list[Opened] = []
    failed = request.session.testsfailed

    def begin(
        address: str = "/", server: Served = served, fresh: bool = False, **options: object
    ) -> Page:
        taken.append(pages.take(fresh, **options))
        return taken[-1].visit(server, address)

    yield begin
    faults = [fault for opened in taken for fault in opened.faults]
    for opened in reversed(taken):  # the first one is then the next to be taken
        pages.give_back(opened, keep=not faults and request.session.testsfailed == failed)
    assert faults == []


@pytest.fixture(scope="session")
def workshop(tmp_path_factory, settings) -> Iterator[Served]:
    """A server of a library that is changed: pictures of three colours, copies, sounds, a film."""
    place = tmp_path_factory.mktemp("workshop")
    media = place / "media"
    for number in range(6):
        for colour in ("red", "green", "blue"):
            make.picture(media / f"{colour}-{number}.png", colour, (60 + number, 40))
    for original, copies in (("blue-0", "ab"), ("green-2", "a"), ("red-1", "a")):
        for copy in copies:
            shutil.copy(media / f"{original}.png", media / f"{original} copy {copy}.png")
    make.sound(media / "tone.wav", (200, 2.0))
    shutil.copy(media / "tone.wav", media / "tone again.wav")
    make.video(media / "film.mp4", ("red", "blue"))
    date_alike(media)
    with Library.open(place / "work", create=True, encoder="fake", settings=settings) as made:
        made.index([media])
    with serving([place / "work"], settings, media, ServerOptions(port=0)) as running:
        yield running


@pytest.fixture
def untagged(workshop) -> Iterator[None]:
    """Take back what a test of the workshop has left."""
    yield
    files = [
        each["asset_id"] for each in workshop.http.get("/api/assets?limit=500").json()["assets"]
    ]
    if found := list(tags_of(workshop)):
        workshop.http.post("/api/tags", json={"assets": files, "remove": found})
