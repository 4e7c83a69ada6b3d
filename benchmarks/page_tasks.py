"""Ten tasks on the page, and on the front end of clip-retrieval over the same server.

    python -m benchmarks.page_tasks --data DIR [--browser chromium]

Both are driven in Chromium on a library of a person's folder; the other page asks the same server,
by its routes for clip-retrieval. An act is a click, a key, a choice, or a text that is typed at
once. A task is done when what it asks for is seen, and its time counts from the first act.
"""

from __future__ import annotations

import functools
import http.server
import importlib.util
import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from benchmarks.common import command, conclude, data_option, machine, need, stop, work_option
from benchmarks.serving import serving
from engine.encoders import registry
from engine.library.facade import Library

_WORDS = "a red sports car"
_PICTURE = "document.querySelector('.tile img')?.naturalWidth > 0"
_THEIRS = "document.querySelector('clip-front').shadowRoot"
_THEIR_PICTURE = f"[...{_THEIRS}.querySelectorAll('img.pic')].some((img) => img.naturalWidth > 0)"


class Cannot(Exception):
    """A page has no way to do a task."""


@dataclass
class Hands:
    """A person at a page, whose acts are counted."""

    page: Any
    picture: Path
    acts: int = 0
    begun: float = 0.0

    def _act(self) -> None:
        self.begun = self.begun or time.perf_counter()
        self.acts += 1

    def type(self, field: str, words: str) -> None:
        self._act()
        self.page.locator(field).fill(words)

    def press(self, key: str) -> None:
        self._act()
        self.page.keyboard.press(key)

    def click(self, what: str) -> None:
        self._act()
        self.page.locator(what).first.click()

    def choose(self, what: str, option: str) -> None:
        self._act()
        self.page.locator(what).first.select_option(option)

    def give(self, press: str) -> None:
        with self.page.expect_file_chooser() as chooser:
            self.click(press)
        self._act()
        chooser.value.set_files(self.picture)

    def until(self, seen: str) -> None:
        """Wait until it is true in the page."""
        while not self.page.evaluate(seen):
            if time.perf_counter() - (self.begun or time.perf_counter()) > 20:
                raise Cannot(f"never seen: {seen}")
            self.page.wait_for_timeout(10)

    def answered(self, path: str, act: Callable[[], None]) -> None:
        """Act, and wait for the answer that it asks for."""
        with self.page.expect_response(lambda answer: path in answer.url):
            act()


# --- this page ------------------------------------------------------------------------

_BOX = "input[type=search]"


def _find(hands: Hands) -> None:
    hands.answered("/api/search", lambda: hands.type(_BOX, _WORDS))
    hands.until(_PICTURE)


def _by_picture(hands: Hands) -> None:
    hands.answered("/api/similar/upload", lambda: hands.give(".give"))
    hands.until(_PICTURE)


def _minus(hands: Hands) -> None:
    hands.answered("/api/search", lambda: hands.type(_BOX, "a car -red"))
    hands.until(_PICTURE)


def _why(hands: Hands) -> None:
    _find(hands)
    hands.click(".tile a")
    hands.until("document.querySelector('.viewer .why li') !== null")


def _play(hands: Hands) -> None:
    hands.answered("/api/search", lambda: hands.type(_BOX, "people kind:video"))
    hands.until("document.querySelector('.tile.video') !== null")
    hands.click(".tile.video a")
    hands.until("document.querySelector('.viewer video')?.currentTime > 0")


def _tag(hands: Hands) -> None:
    _find(hands)
    hands.click(".tile a")
    hands.until("document.querySelector('.tags input') !== null")
    hands.type(".tags input", "to print")
    hands.press("Enter")
    hands.until("document.querySelector('.viewer .tag')?.textContent.includes('to print')")


def _copies(hands: Hands) -> None:
    _find(hands)
    group = "select[aria-label=Group]"
    hands.answered("/api/search", lambda: hands.choose(group, "alike"))
    hands.until(_PICTURE)


def _newest(hands: Hands) -> None:
    _find(hands)
    order = "select[aria-label=Order]"
    hands.answered("/api/search", lambda: hands.choose(order, "date"))
    hands.until(_PICTURE)


def _keyboard(hands: Hands) -> None:
    _find(hands)
    hands.press("Escape")
    hands.press("ArrowDown")
    hands.until("document.activeElement.closest('.tile') !== null")
    hands.press("Enter")
    hands.until("document.querySelector('.viewer[open]') !== null")


def _phone(hands: Hands) -> None:
    _narrow(hands)
    _find(hands)
    _fits(hands)


def _narrow(hands: Hands) -> None:
    hands.page.set_viewport_size({"width": 360, "height": 740})


def _fits(hands: Hands) -> None:
    if (wide := hands.page.evaluate("document.documentElement.scrollWidth")) > 360:
        raise Cannot(f"it is {wide} px wide")


# --- the front end of clip-retrieval ----------------------------------------------------


def _find_there(hands: Hands) -> None:
    hands.type("#searchBar", _WORDS)
    hands.answered("/knn-service", lambda: hands.press("Enter"))
    hands.until(_THEIR_PICTURE)


def _by_picture_there(hands: Hands) -> None:
    hands.answered("/knn-service", lambda: hands.give("#imageSearch"))
    hands.until(_THEIR_PICTURE)


def _why_there(hands: Hands) -> None:
    _find_there(hands)
    hands.click("label:has-text('Display similarities') input")
    hands.until(f"{_THEIRS}.querySelector('figure p') !== null")


def _copies_there(hands: Hands) -> None:
    _find_there(hands)
    hands.click("label:has-text('Hide (near) duplicate') input")
    hands.answered("/knn-service", lambda: hands.click("#textSearch"))


def _keyboard_there(hands: Hands) -> None:
    _find_there(hands)
    for _ in range(40):
        hands.press("Tab")
        if hands.page.evaluate(f"Boolean({_THEIRS}.activeElement?.closest('figure'))"):
            return
    raise Cannot("it finds, but no hit is reached")


def _phone_there(hands: Hands) -> None:
    _narrow(hands)
    _find_there(hands)
    _fits(hands)


def _no(why: str) -> Callable[[Hands], None]:
    def refuse(_: Hands) -> None:
        raise Cannot(why)

    return refuse


_TASKS: dict[str, tuple[Callable[[Hands], None], Callable[[Hands], None]]] = {
    "find by words": (_find, _find_there),
    "find by a picture": (_by_picture, _by_picture_there),
    "leave something out": (_minus, _no("a minus is a word to it")),
    "see why a hit is found": (_why, _why_there),
    "play a video from its hit": (_play, _no("it shows pictures alone")),
    "tag a hit": (_tag, _no("it changes nothing")),
    "fold near copies": (_copies, _copies_there),
    "order by date": (_newest, _no("it has one order")),
    "find and open by keyboard": (_keyboard, _keyboard_there),
    "find on a phone, 360 px": (_phone, _phone_there),
}


# --- the servers --------------------------------------------------------------------------


@contextmanager
def _front_end(backend: Callable[[], str]) -> Iterator[int]:
    """Serve the built page that clip-retrieval's package brings, on a port of its own."""
    package = importlib.util.find_spec("clip_retrieval")
    if package is None or package.origin is None:
        stop("clip-retrieval is not installed")
    build = Path(package.origin).parents[1] / "front" / "build"
    need(build / "index.html")

    class Handler(http.server.SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.startswith("/config.json"):
                document = {"defaultBackend": backend(), "defaultIndex": "", "urlColumn": "url"}
                content = json.dumps(document).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
            else:
                super().do_GET()

        def log_message(self, *_: object) -> None: ...

    handler = functools.partial(Handler, directory=str(build))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_address[1]
        server.shutdown()


def _home(data: Path, work: Path) -> Path:
    """Return a library of the person's folder, made once in a folder that stays."""
    encoder = registry.default_encoder()
    place = work / f"home-{encoder}"
    if not place.exists():
        with Library.open(place, create=True, encoder=encoder) as library:
            library.index([data / "home"])
    return place


def _done(browser: Any, url: str, picture: Path, task: Callable[[Hands], None]) -> str:
    """Return the seconds and the acts of a task, or why it cannot be done."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    try:
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.goto(url)
        page.wait_for_timeout(1500)  # what it does when it opens is none of the task
        hands = Hands(page, picture)
        task(hands)
        acts = "1 act" if hands.acts == 1 else f"{hands.acts} acts"
        return f"{time.perf_counter() - hands.begun:.2f} s, {acts}"
    except Cannot as reason:
        return f"cannot: {reason}"
    finally:
        context.close()


@command(__doc__)
@data_option
@work_option
@click.option("--browser", default="chromium", show_default=True)
def main(data: Path, work: Path, browser: str) -> None:
    need(data / "home")
    program = shutil.which(browser)
    if program is None:
        stop(f"no browser called {browser}")
    from playwright.sync_api import sync_playwright

    picture = next((data / "home" / "Clipart kids").glob("*.png"))
    address: list[str] = []
    with _front_end(lambda: address[0]) as port, sync_playwright() as driver:
        allowed = "--allow-origin", f"http://127.0.0.1:{port}"
        with serving(_home(data, work), *allowed) as server:
            address.append(f"http://127.0.0.1:{server.port}")
            started = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
            pages = address[0], f"http://127.0.0.1:{port}/"
            for url, task in zip(pages, (_find, _find_there), strict=True):
                _done(started, url, picture, task)  # models are loaded by the first search
            found = [
                (
                    name,
                    *(
                        _done(started, url, picture, task)
                        for url, task in zip(pages, both, strict=True)
                    ),
                )
                for name, both in _TASKS.items()
            ]
            started.close()
    conclude(
        f"A person's folder, {machine()}.",
        ("task", "here", "clip-retrieval's front end"),
        [(*row, None) for row in found],
    )


if __name__ == "__main__":
    main()
