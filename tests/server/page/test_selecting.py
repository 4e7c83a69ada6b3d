"""Hits are selected, and what is selected is tagged and downloaded, in a real Chromium."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from tests.server.page.browsing import Page, expect, names, until

SELECTED = "document.querySelectorAll('.tile.selected').length"


def count(page: Page) -> str:
    return page.locator("selection-bar .count").text_content()


def check(page: Page, place: int, **options: object) -> None:
    """Click the check mark of a tile."""
    page.locator(".tile").nth(place).hover()
    page.locator(".tile").nth(place).locator(".check").click(**options)


def tags(served) -> dict[str, int]:
    return {each["tag"]: each["files"] for each in served.http.get("/api/tags").json()["tags"]}


def test_check_marks_select_and_the_bar_counts_without_moving_anything(visit):
    page = visit("/?q=green")
    bar = page.locator("selection-bar")
    expect(bar).to_be_hidden()
    before = page.locator(".tile").nth(3).bounding_box()
    check(page, 0)
    check(page, 2)
    expect(bar).to_be_visible()
    assert count(page) == "2 selected"
    assert page.locator(".tile").nth(3).bounding_box() == before
    expect(page.get_by_role("checkbox", checked=True)).to_have_count(2)
    check(page, 0)
    assert count(page) == "1 selected"
    page.get_by_role("button", name="Select nothing").click()
    expect(bar).to_be_hidden()
    until(page, f"{SELECTED} === 0")


def test_shift_takes_a_stretch_and_control_one_more(visit):
    page = visit("/?q=green")
    check(page, 1)
    page.locator(".tile a").nth(4).click(modifiers=["Shift"])
    until(page, f"{SELECTED} === 4")
    page.locator(".tile a").nth(2).click(modifiers=["Shift"])  # the stretch gets shorter again
    until(page, f"{SELECTED} === 2")
    page.locator(".tile a").nth(6).click(modifiers=["ControlOrMeta"])
    assert count(page) == "3 selected"
    page.locator(".tile a").nth(8).click(modifiers=["Shift"])
    assert count(page) == "5 selected", "what was selected before the stretch stays"
    expect(page.locator("dialog[open]"), "a click that selects opens nothing").to_have_count(0)


def test_all_of_it_is_selected_by_keyboard(visit):
    page = visit("/?q=green")
    page.locator(".tile a").first.focus()
    page.keyboard.press("Space")
    assert count(page) == "1 selected"
    assert "selected" in page.evaluate("document.activeElement.getAttribute('aria-label')")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    assert count(page) == "3 selected"
    page.keyboard.press("Shift+ArrowLeft")
    assert count(page) == "2 selected"
    page.keyboard.press("Control+a")
    loaded = page.evaluate("document.querySelector('moment-grid').hits.length")
    assert count(page).startswith(f"{loaded} selected")
    page.keyboard.press("Escape")
    expect(page.locator("selection-bar")).to_be_hidden()
    until(page, "document.activeElement.closest('.tile') !== null")


def test_all_that_are_loaded_are_selected_and_it_says_so(visit):
    page = visit("/?q=green")
    check(page, 0)
    loaded = page.evaluate("document.querySelector('moment-grid').hits.length")
    page.get_by_role("button", name=f"All {loaded} that are loaded").click()
    assert count(page).startswith(f"{loaded} selected")


def test_a_selection_outlives_a_search_and_says_what_is_not_shown(visit):
    page = visit("/?q=green")
    check(page, 0)
    page.locator("input[type=search]").fill("kind:audio")
    until(page, "document.querySelectorAll('.tile').length === 1")
    assert count(page) == "1 selected, 1 of them not among these hits"


def test_files_are_tagged_and_that_is_undone(visit, served):
    page = visit("/?q=green")
    check(page, 0)
    check(page, 1)
    page.get_by_role("button", name="Tag", exact=True).click()
    page.locator(".ask input").fill("leafy")
    page.keyboard.press("Enter")
    toast = page.locator(".toast", has_text="Tagged “leafy”: 2")
    toast.wait_for()
    assert tags(served)["leafy"] == 2
    toast.get_by_role("button", name="Undo").click()
    page.locator(".toast", has_text="Taken back").wait_for()
    assert "leafy" not in tags(served)


def test_a_tag_is_taken_from_files_and_comes_back_by_key(visit, served):
    assets = [hit["asset_id"] for hit in served.search("yellow kind:image", top=3)]
    served.http.post("/api/tags", json={"assets": assets, "add": ["mellow"]})
    page = visit("/?q=tag:mellow")
    check(page, 0)
    page.locator(".tile a").nth(1).click(modifiers=["Shift"])
    page.get_by_role("button", name="Tag", exact=True).click()
    had = page.locator(".had li", has_text="mellow")
    expect(had).to_contain_text("mellow 2")
    had.get_by_role("button", name="Remove the tag mellow").click()
    page.locator(".toast", has_text="is gone from 2").wait_for()
    assert tags(served)["mellow"] == 1
    page.keyboard.press("Control+z")
    page.locator(".toast", has_text="Taken back").wait_for()
    assert tags(served)["mellow"] == 3
    served.http.post("/api/tags", json={"assets": assets, "remove": ["mellow"]})


def test_what_the_server_refuses_is_said_and_what_was_typed_stays(visit):
    page = visit("/?q=green")
    check(page, 0)
    page.get_by_role("button", name="Tag", exact=True).click()
    page.route("**/api/tags", lambda route: route.abort())
    page.locator(".ask input").fill("leafy")
    page.keyboard.press("Enter")
    until(page, "document.querySelector('.ask .wrong').textContent !== ''")
    expect(page.locator(".ask input")).to_have_value("leafy")


@pytest.mark.parametrize("files", [1, 3])
def test_files_are_downloaded(visit, files):
    page = visit("/?q=green&kind=image")
    for place in range(files):
        check(page, place)
    wanted = set(names(page)[:files])
    with page.expect_download() as begun:
        page.get_by_role("button", name="Download").click()
    content = Path(begun.value.path()).read_bytes()
    if files == 1:
        assert begun.value.suggested_filename in wanted and content.startswith(b"\x89PNG")
        return
    assert begun.value.suggested_filename == "home.zip"
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert set(archive.namelist()) == wanted and archive.testzip() is None
