"""Selected files are moved into a folder or linked from it, and that is taken back, by a person."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import Library
from engine.server.options import ServerOptions
from tests import media_files as make
from tests.server.conftest import Served, serving
from tests.server.page.browsing import Page, expect, until


@pytest.fixture
def desk(tmp_path, settings) -> Iterator[Served]:
    """A server over three pictures, which may put files below their own folder."""
    media = (tmp_path / "media").resolve()
    for colour in ("red", "green", "blue"):
        make.picture(media / f"{colour}.png", colour, (60, 40))
    with Library.open(tmp_path / "home", create=True, encoder="fake", settings=settings) as library:
        library.index([media])
    options = ServerOptions(port=0, roots=(media,))
    with serving([tmp_path / "home"], settings, media, options) as running:
        yield running


def ask_for(page: Page, count: int) -> None:
    for place in range(count):
        page.locator(".tile").nth(place).hover()
        page.locator(".tile").nth(place).locator(".check").click()
    page.get_by_role("button", name="Move or link").click()
    page.locator("dialog.ask").wait_for()


def names_in(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()} if folder.is_dir() else set()


def test_files_are_moved_into_a_new_folder_and_come_back(visit, desk):
    page = visit("/", desk)
    ask_for(page, 2)
    page.get_by_label("Move them into the folder").check()
    page.get_by_text("Undo moves them back").wait_for()
    page.get_by_label("Folder on the server").fill(str(desk.media / "sorted"))
    page.keyboard.press("Enter")
    page.locator(".toast", has_text="Moved to").wait_for()
    moved = names_in(desk.media / "sorted")
    assert len(moved) == 2 and not moved & names_in(desk.media)
    paths = [each["path"] for each in desk.http.get("/api/assets").json()["assets"]]
    assert sum("/sorted/" in path for path in paths) == 2
    page.get_by_role("button", name="Undo", exact=True).click()
    page.locator(".toast", has_text="Taken back.").wait_for()
    assert moved <= names_in(desk.media) and not names_in(desk.media / "sorted")


def test_files_are_linked_unless_one_says_otherwise_and_a_folder_elsewhere_is_refused(visit, desk):
    page = visit("/", desk)
    ask_for(page, 1)
    expect(page.get_by_label("Link to them from the folder")).to_be_checked()
    page.get_by_label("Folder on the server").fill("/somewhere/else")
    page.keyboard.press("Enter")
    until(page, "document.querySelector('.ask .wrong').textContent.length > 10")
    page.get_by_label("Folder on the server").fill(str(desk.media / "linked"))
    page.keyboard.press("Enter")
    page.locator(".toast", has_text="Linked from").wait_for()
    (name,) = names_in(desk.media / "linked")
    assert (desk.media / "linked" / name).is_symlink() and name in names_in(desk.media)
    page.keyboard.press("Control+z")
    page.locator(".toast", has_text="Taken back.").wait_for()
    assert not names_in(desk.media / "linked")


def test_where_no_folder_is_allowed_nothing_is_offered(visit, served):
    page = visit("/?q=red", served)
    page.locator(".tile").first.hover()
    page.locator(".tile .check").first.click()
    page.get_by_role("button", name="Download").first.wait_for()
    expect(page.get_by_role("button", name="Move or link")).to_be_hidden()
