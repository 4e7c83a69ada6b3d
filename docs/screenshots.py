"""Make the pictures of the page in the README, from media that anyone has.

    python -m docs.screenshots [--work DIR --browser chromium]

The library has what `make demo` searches: pictures, videos and sounds that installed packages
carry. It is made once, in DIR, with the default encoder, and served; Playwright drives Debian's
Chromium. Look at what comes out, in docs/images, before it is committed.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING, Literal

from PIL import Image

from engine.commands.demo import sample_folders

if TYPE_CHECKING:
    from playwright.sync_api import Page

IMAGES = Path(__file__).parent / "images"
_WIDE, _PHONE = (1120, 700), (360, 640)
_QUALITY = 72
_KINDS = {".png", ".jpg", ".mp4", ".wav", ".ogg", ".mp3"}
_SENSORIUM = (sys.executable, "-m", "engine.commands.main")


@dataclass(frozen=True)
class Shot:
    """A picture of the page: the address, what is done there, and how large the window is."""

    name: str
    address: str
    scheme: Literal["light", "dark"]
    size: tuple[int, int] = _WIDE
    act: Callable[[Page], None] = lambda page: None  # noqa: ARG005


def _open_first(page: Page) -> None:
    page.locator(".tile a").first.click()
    page.locator(".like a").first.wait_for()


def _cut(page: Page) -> None:
    _open_first(page)
    page.get_by_role("button", name="Cut", exact=True).click()
    page.evaluate("document.querySelector('.stage video').pause()")


SHOTS = (
    Shot("page-light", "/?q=a+motorcycle", "light"),
    Shot("page-dark", "/?q=a+motorcycle", "dark"),
    Shot("opened-dark", "/?q=people+riding+bicycles&kind=video", "dark", act=_cut),
    Shot("phone-light", "/?q=a+cat", "light", _PHONE),
)


def copied(to: Path) -> Path:
    """Copy the samples to a folder of their own, so that no picture shows where packages are."""
    to.mkdir(parents=True, exist_ok=True)
    for folder in sample_folders():
        for file in sorted(folder.rglob("*")):
            if file.suffix.lower() in _KINDS:
                shutil.copy2(file, to / file.name)
    return to


@contextmanager
def serving(library: Path) -> Iterator[str]:
    """Serve a library as a process of its own, and yield its address."""
    command = (*_SENSORIUM, "serve", "--library", str(library), "--port", "0")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        found = re.search(r"http://[\d.:]+", server.stdout.readline())
        try:
            if found is None:
                raise SystemExit("the server has not begun")
            yield found[0]
        finally:
            server.terminate()


def take(page: Page, shot: Shot) -> Image.Image:
    """Return what the page shows, once its pictures are there."""
    page.wait_for_selector("html[data-ready]")
    shot.act(page)
    loaded = "[...document.images].every((each) => each.complete || each.loading === 'lazy')"
    for _ in range(100):
        page.wait_for_timeout(100)
        if page.evaluate(loaded):
            break
    page.evaluate("document.activeElement?.blur()")
    page.wait_for_timeout(700)
    return Image.open(BytesIO(page.screenshot())).convert("RGB")


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the pictures of the page in the README.")
    parser.add_argument("--work", type=Path, default=Path(gettempdir(), "samples"))
    parser.add_argument("--browser", default="chromium")
    parser.add_argument("--out", type=Path, default=IMAGES)
    options = parser.parse_args()
    program = shutil.which(options.browser)
    if program is None:
        raise SystemExit(f"there is no browser called {options.browser}")
    from playwright.sync_api import sync_playwright

    library = options.work / "library"
    photos = copied(options.work / "Pictures")
    subprocess.run((*_SENSORIUM, "index", str(photos), "--library", str(library)), check=True)
    options.out.mkdir(parents=True, exist_ok=True)
    with serving(library) as url, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for shot in SHOTS:
            width, height = shot.size
            page = browser.new_page(
                viewport={"width": width, "height": height}, color_scheme=shot.scheme,
                locale="en-GB",
            )  # fmt: skip
            page.goto(url + shot.address)  # the first search loads the models
            page.wait_for_selector("html[data-ready]")
            page.goto(url + shot.address)
            path = options.out / f"{shot.name}.jpg"
            take(page, shot).save(path, quality=_QUALITY, optimize=True, progressive=True)
            sys.stdout.write(f"{path}: {path.stat().st_size / 1000:.0f} kB\n")
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
