"""The map of what is alike, and all three views that work on many files, in a real Chromium."""

from __future__ import annotations

import pytest

from tests.server.page.browsing import (
    Page,
    classify,
    expect,
    find_copies,
    rules_broken_in_any_colours,
    tags_of,
    until,
    wait_until,
)

pytestmark = pytest.mark.usefixtures("untagged")


def drawn(page: Page) -> int:
    """Return how many pixels of the map have been drawn on."""
    return page.evaluate(
        """() => {
        const map = document.querySelector('canvas.point-map');
        const { data } = map.getContext('2d').getImageData(0, 0, map.width, map.height);
        return data.filter((value, place) => place % 4 === 3 && value).length;
        }"""
    )


def lasso_all(page: Page) -> None:
    box = page.locator("canvas.point-map").bounding_box()
    right, bottom = box["width"] - 14, box["height"] - 14
    page.mouse.move(box["x"] + 14, box["y"] + 14)
    page.mouse.down()
    for x, y in ((right, 14), (right, bottom), (14, bottom)):
        page.mouse.move(box["x"] + x, box["y"] + y, steps=4)
    page.mouse.up()


def test_a_lasso_chooses_tags_and_takes_back(visit, workshop):
    page = visit("/?view=map", workshop)
    page.get_by_text("23 files").first.wait_for()
    until(page, "document.querySelector('canvas.point-map').width > 300")
    page.locator("canvas.point-map").scroll_into_view_if_needed()
    wait_until(page, lambda: drawn(page), "points that are drawn")
    lasso_all(page)
    page.locator(".map-side").get_by_text("23 files").wait_for()
    expect(page.locator(".chosen img")).to_have_count(23)
    page.get_by_label("Tag for the chosen files").fill("all of it")
    page.get_by_role("button", name="Tag", exact=True).click()
    page.get_by_text("23 files have the tag “all of it”.").wait_for()
    assert tags_of(workshop) == {"all of it": 23}
    page.locator(".map-side").get_by_role("button", name="Undo").click()
    page.get_by_text("23 tags are taken back.").wait_for()
    assert tags_of(workshop) == {}


def test_the_map_by_keyboard_leads_to_a_search(visit, workshop):
    page = visit("/?view=map", workshop)
    page.get_by_text("23 files").first.wait_for()
    page.get_by_role("button", name="Choose all that is in sight").focus()
    page.keyboard.press("Tab")
    until(page, "document.activeElement.matches('canvas.point-map')")
    page.keyboard.press("Enter")
    expect(page.locator(".map-side")).not_to_contain_text("23 files")
    for _ in range(12):
        page.keyboard.press("-")
    page.keyboard.press("Enter")
    page.locator(".map-side").get_by_text("23 files").wait_for()
    page.keyboard.press("Escape")
    page.get_by_text("Nothing is chosen yet.").wait_for()
    page.keyboard.press("0")
    page.get_by_label("Only files that").fill("path:*red*")
    page.keyboard.press("Enter")
    page.get_by_text("7 files").first.wait_for()
    page.get_by_role("button", name="Choose all that is in sight").press("Enter")
    page.locator(".map-side").get_by_text("7 files").wait_for()
    page.get_by_role("link", name="Search for more like these").press("Enter")
    page.locator(".tile").first.wait_for()
    expect(page.locator(".example")).to_have_count(7)
    assert page.url.count("like=") == 7


def test_the_map_shows_what_the_pointer_is_on_and_zooms(visit, workshop):
    page = visit("/?view=map&of=sounds", workshop)
    page.get_by_text("2 files").first.wait_for()
    until(page, "document.querySelector('canvas.point-map').width > 300")
    canvas = page.locator("canvas.point-map")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.move(*middle)
    page.locator(".hover-card").wait_for()
    expect(page.locator(".hover-card")).to_contain_text("tone")
    page.mouse.wheel(0, -400)
    page.mouse.click(*middle)
    page.locator(".chosen li").first.wait_for()
    page.locator(".leave-out").first.click()
    page.get_by_text("Nothing is chosen yet.").wait_for()


@pytest.mark.parametrize("view", ["classify", "curate", "map"])
def test_no_rule_of_accessibility_is_broken(visit, workshop, view):
    page = visit(f"/?view={view}", workshop, bypass_csp=True)
    if view == "classify":
        classify(page, "red, green")
    elif view == "curate":
        find_copies(page)
    else:
        page.get_by_role("button", name="Choose all that is in sight").click()
        page.locator(".chosen li").first.wait_for()
    assert rules_broken_in_any_colours(page) == []


@pytest.mark.parametrize("width", [360, 3840])
def test_nothing_is_wider_than_the_window(visit, workshop, width):
    page = visit("/?view=classify", workshop, viewport={"width": width, "height": 800})
    classify(page, "red, green")
    until(page, "document.documentElement.scrollWidth <= innerWidth")
    page.goto(workshop.url + "/?view=curate")
    find_copies(page)
    until(page, "document.documentElement.scrollWidth <= innerWidth")
    page.goto(workshop.url + "/?view=map")
    page.get_by_role("button", name="Choose all that is in sight").click()
    until(page, "document.documentElement.scrollWidth <= innerWidth")
