"""Albums, names that are taught, and data sets of what is selected, in a real Chromium."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from tests.server.page.browsing import Page, expect, rules_broken_in_any_colours, until
from tests.server.page.test_selecting import check, tags


@pytest.fixture
def unchanged(served):
    """Take away what a test has collected and taught."""
    yield
    known = [tag for tag in tags(served) if tag.startswith("album:")]
    if known:
        listed = served.http.get("/api/assets", params={"limit": 500}).json()["assets"]
        assets = [each["asset_id"] for each in listed]
        served.http.post("/api/tags", json={"assets": assets, "remove": known})
    for each in served.http.get("/api/concepts").json()["concepts"]:
        served.http.delete(f"/api/concepts/{each['name']}")


def collect(page: Page, album: str, *places: int) -> None:
    for place in places:
        check(page, place)
    page.get_by_role("button", name="Add to album").click()
    page.locator(".ask input").fill(album)
    page.keyboard.press("Enter")
    page.locator(".toast", has_text=f"Added to the album “{album}”").wait_for()


def test_pictures_are_collected_into_an_album_that_is_gone_to(visit, served, unchanged):
    page = visit("/?q=green")
    collect(page, "Holiday, 2024", 0, 1, 2)
    assert tags(served)["album:Holiday, 2024"] == 3
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Albums").click()
    album = page.locator(".album", has_text="Holiday, 2024")
    expect(album).to_contain_text("3 files")
    until(page, "document.querySelectorAll('.album img').length === 3")
    album.get_by_role("link").click()
    until(page, "document.querySelectorAll('.tile').length === 3")
    expect(page.locator("input[type=search]")).to_have_value('tag:"album:Holiday, 2024"')
    expect(page.locator(".term .body")).to_have_text("Album: Holiday, 2024")


def test_an_album_is_renamed_and_removed_and_both_are_undone(visit, served, unchanged):
    page = visit("/?q=blue")
    collect(page, "Sea", 0, 1)
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Albums").click()
    page.get_by_role("button", name="Rename the album Sea").click()
    page.locator(".ask input").fill("Ocean")
    page.keyboard.press("Enter")
    page.locator(".album", has_text="Ocean").wait_for()
    assert "album:Sea" not in tags(served) and tags(served)["album:Ocean"] == 2
    page.get_by_role("button", name="Undo").click()
    page.locator(".album", has_text="Sea").wait_for()
    page.get_by_role("button", name="Remove the album Sea").click()
    page.get_by_text("There is no album yet").wait_for()
    assert not [tag for tag in tags(served) if tag.startswith("album:")]
    page.keyboard.press("Control+z")
    page.locator(".album", has_text="Sea").wait_for()
    assert tags(served)["album:Sea"] == 2


def test_a_name_is_taught_from_a_selection_searched_for_and_forgotten(visit, served, unchanged):
    page = visit("/?q=green&kind=image")
    for place in range(4):
        check(page, place)
    page.get_by_role("button", name="Teach a name").click()
    page.locator(".ask input").fill("Zorblax")
    page.locator(".taught button").nth(3).click()
    expect(page.locator(".taught [aria-pressed=true]")).to_have_count(1)
    page.get_by_role("button", name="Teach a name").last.click()
    page.get_by_role("button", name="Search for Zorblax").click()
    until(page, "document.querySelector('.tile .name')?.textContent.includes('green')")
    expect(page.locator("input[type=search]")).to_have_value("Zorblax")
    (taught,) = served.http.get("/api/concepts").json()["concepts"]
    assert (taught["name"], taught["examples"], taught["against"]) == ("Zorblax", 3, 1)
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Albums").click()
    page.locator(".names li", has_text="3 examples").wait_for()
    page.get_by_role("button", name="Forget the name Zorblax").click()
    page.get_by_text("None yet").wait_for()
    page.get_by_role("button", name="Undo").click()
    page.locator(".names li", has_text="Zorblax").wait_for()
    assert served.search("zorblax", kinds=["image"])


def test_too_few_examples_are_refused_and_the_name_stays(visit, unchanged):
    page = visit("/?q=green&kind=image")
    check(page, 0)
    page.get_by_role("button", name="Teach a name").click()
    page.locator(".ask input").fill("Zorblax")
    page.keyboard.press("Enter")
    until(page, "document.querySelector('.ask .wrong').textContent.includes('3 to 30')")
    expect(page.locator(".ask input")).to_have_value("Zorblax")
    page.keyboard.press("Escape")
    until(page, "!document.querySelector('.ask')")
    expect(page.locator("selection-bar .count"), "it is as it was").to_have_text("1 selected")


def test_a_selection_is_exported_as_a_data_set_of_the_chosen_format(visit):
    page = visit("/?q=green&kind=image")
    check(page, 0)
    check(page, 1)
    page.get_by_role("button", name="Export", exact=True).click()
    page.get_by_label("Format").select_option("jsonl")
    page.locator(".ask .quiet", has_text="A line of JSON").wait_for()
    with page.expect_download() as begun:
        page.locator(".ask .main").click()
    with zipfile.ZipFile(io.BytesIO(Path(begun.value.path()).read_bytes())) as archive:
        lines = archive.read("files.jsonl").decode().splitlines()
    assert len(lines) == 2
    page.locator(".toast", has_text="The data set is downloaded").wait_for()


def test_nothing_of_it_breaks_a_rule_of_accessibility(visit, served, unchanged):
    page = visit("/?q=green+-red", bypass_csp=True)
    page.locator(".term").nth(1).wait_for()
    check(page, 0)
    check(page, 1)
    check(page, 2)
    assert rules_broken_in_any_colours(page) == []
    page.get_by_role("button", name="Teach a name").click()
    page.locator(".taught").wait_for()
    page.locator(".taught button").first.click()
    assert rules_broken_in_any_colours(page) == []
    page.locator(".ask input").fill("Zorblax")
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Add a filter").click()
    page.locator(".choices button").first.wait_for()
    assert rules_broken_in_any_colours(page) == []
    page.keyboard.press("Escape")
    collect(page, "Sea")
    assert rules_broken_in_any_colours(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Albums").click()
    page.locator(".album").wait_for()
    assert rules_broken_in_any_colours(page) == []
