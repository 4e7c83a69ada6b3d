"""What the tests of the page share: their browser, and what they look for in it."""

from __future__ import annotations

import shutil
import time

import pytest

playwright = pytest.importorskip("playwright.sync_api")
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")
if BROWSER is None:
    pytest.skip("there is no Chromium", allow_module_level=True)

HOSTILE = "<img src=x onerror=document.title='owned'>.png"
COLOURS = ("red", "green", "blue", "yellow")
SECRET = "0123456789abcdef0123456789abcdef"
Page = playwright.Page


def names(page: Page) -> list[str]:
    return page.locator(".tile .name").all_text_contents()


def until(page: Page, condition: str) -> None:
    """Wait until it is true; Playwright's own way needs `eval`, which the policy forbids."""
    begun = time.monotonic()
    while not page.evaluate(condition):
        assert time.monotonic() - begun < 20, condition
        page.wait_for_timeout(15)


def type_words(page: Page, words: str, first: str) -> None:
    """Type into the box, and wait until a hit whose name has `first` in it leads."""
    page.locator("input[type=search]").fill(words)
    leads = f"document.querySelector('.tile .name')?.textContent.includes('{first}')"
    until(page, leads)
