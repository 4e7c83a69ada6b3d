"""What the tests of the page share: their browser, and what they look for in it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable

import pytest

from tests.server.conftest import Served

playwright = pytest.importorskip("playwright.sync_api")
BROWSER = next(
    filter(None, map(shutil.which, ("chromium-headless-shell", "chromium", "chromium-browser"))),
    None,
)
"""The shell is the same browser without windows, extensions and services: a quarter less work."""
if BROWSER is None:
    pytest.skip("there is no Chromium", allow_module_level=True)

ARGS = (
    "--no-sandbox", "--disable-gpu",
    "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
)  # fmt: skip
"""Root has no sandbox. Without a GPU all is drawn by the processor, at once and in a thread; a
GPU that is imitated takes dozens of threads, which two processes of tests then wait for. There are
a microphone that beeps and a camera that shows a clock, which may be used without a question."""

HOSTILE = "<img src=x onerror=document.title='owned'>.png"
COLOURS = ("red", "green", "blue", "yellow")
SECRET = "0123456789abcdef0123456789abcdef"
Page = playwright.Page
expect = playwright.expect
"""What is read of a page has often not come yet: this waits for it, an `assert` does not."""
expect.set_options(timeout=20_000)


def names(page: Page) -> list[str]:
    return page.locator(".tile .name").all_text_contents()


def until(page: Page, condition: str) -> None:
    """Wait until it is true; Playwright's own way needs `eval`, which the policy forbids."""
    wait_until(page, lambda: page.evaluate(condition), condition)


def wait_until(page: Page, holds: Callable[[], object], what: str) -> None:
    """Wait until it holds; what the page asks for and tells comes in meanwhile."""
    begun = time.monotonic()
    while not holds():
        assert time.monotonic() - begun < 20, what
        page.wait_for_timeout(15)


def first_caught(page: Page, caught: list[playwright.Route]) -> playwright.Route:
    """Wait for the first request that a route has caught: it comes when the page asks."""
    wait_until(page, lambda: caught, "a request")
    return caught[0]


def until_rests(page: Page, beyond: int) -> int:
    """Wait until the window has scrolled beyond a place and stays where it is; return where."""
    until(page, f"scrollY > {beyond}")
    return page.evaluate(
        """async () => {
        for (let [before, still] = [-1, 0]; still < 5; ) {
          await new Promise(requestAnimationFrame);
          [before, still] = [scrollY, scrollY === before ? still + 1 : 0];
        }
        return scrollY;
        }"""
    )


def keep_places(page: Page) -> None:
    """Keep in `places` where the video went to: it plays on, so where it is says little.

    It plays slowly, so that it has not gone far either by the time that it is asked.
    """
    page.evaluate(
        """window.places = [];
        const video = document.querySelector(".stage video");
        video.defaultPlaybackRate = video.playbackRate = 0.1;
        for (const event of ["loadeddata", "seeked"])
          video.addEventListener(event, () => places.push(video.currentTime));"""
    )


def type_words(page: Page, words: str, first: str) -> None:
    """Type into the box, and wait until a hit whose name has `first` in it leads."""
    page.locator("input[type=search]").fill(words)
    leads = f"document.querySelector('.tile .name')?.textContent.includes('{first}')"
    until(page, leads)


def close_hit(page: Page) -> None:
    """Close the hit that is open, and wait until what lies below can be used again."""
    page.keyboard.press("Escape")
    until(page, "!document.querySelector('dialog[open]')")


def tags_of(server: Served) -> dict[str, int]:
    """Return the tags of a server's libraries, and how many files have each."""
    found = server.http.get("/api/tags").json()["tags"]
    return {each["tag"]: each["files"] for each in found}


def classify(page: Page, labels: str) -> None:
    """Classify by labels, and wait for the table."""
    page.get_by_label("Labels").first.fill(labels)
    page.get_by_role("button", name="Classify", exact=True).click()
    page.locator(".labels tbody tr").first.wait_for()


def find_copies(page: Page) -> None:
    """Look for files with the same bytes, and wait for the first group."""
    page.get_by_label("Only the same bytes").check()
    page.get_by_role("button", name="Look", exact=True).click()
    page.locator(".copy").first.wait_for()


def shown(page: Page, selector: str) -> list[str]:
    """Return the texts of all that a selector names."""
    return [text.strip() for text in page.locator(selector).all_text_contents()]


def rules_broken_in_any_colours(page: Page) -> list[tuple[str, str, str]]:
    """Return the colours, and the rules that are broken in them."""
    found = []
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        found += [(scheme, *rule) for rule in broken_rules(page)]
    return found


def broken_rules(page: Page) -> list[tuple[str, str]]:
    """Return the rules of accessibility that axe finds broken, each with the first place of it.

    The page has to be visited with `bypass_csp`, for the rules' own script, which is loaded once.
    """
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(axe.axe_script)
    until(page, "!document.getAnimations().length")  # on its way a colour may be hard to read
    found = page.evaluate("axe.run({ resultTypes: ['violations'] })")
    assert len(found["passes"]) > 10, "hardly a rule was looked at"
    return [(rule["id"], rule["nodes"][0]["html"]) for rule in found["violations"]]
