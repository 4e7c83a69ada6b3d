"""The parts of a query as chips, which rewrite what is typed, in a real Chromium."""

from __future__ import annotations

import json
import re

from tests.server.page.browsing import Page, expect, type_words, until


def box(page: Page) -> str:
    return page.locator("input[type=search]").input_value()


def chips(page: Page) -> list[str]:
    return page.locator(".term .body span").all_text_contents()


def wait_for_chips(page: Page, *wanted: str) -> None:
    texts = "[...document.querySelectorAll('.term .body span')].map((each) => each.textContent)"
    until(page, f"JSON.stringify({texts}) === JSON.stringify({json.dumps(wanted)})")


def test_what_is_typed_is_chips_and_the_minus_turns_one(visit):
    page = visit()
    page.locator("input[type=search]").fill("green + red kind:image")
    wait_for_chips(page, "green", "red", "Pictures")
    page.get_by_role("button", name="Not “red”").click()
    expect(page.locator("input[type=search]")).to_have_value("green -red kind:image")
    page.locator(".term.less", has_text="red").wait_for()
    until(page, "document.querySelector('.tile .name')?.textContent.includes('green')")
    expect(page).to_have_url(re.compile(re.escape("q=green+-red")))
    assert page.evaluate("document.activeElement.closest('.term').textContent").startswith(
        "\u2212red"
    )
    page.go_back()
    wait_for_chips(page, "green", "red", "Pictures")


def test_the_last_thing_that_is_wanted_cannot_be_turned(visit):
    page = visit("/?q=green+kind%3Aimage")
    wait_for_chips(page, "green", "Pictures")
    expect(page.get_by_role("button", name="Not “green”")).to_be_disabled()
    page.get_by_role("button", name="Not “Pictures”").click()
    expect(page.locator("input[type=search]")).to_have_value("green -kind:image")


def test_a_weight_is_set_by_a_slider_and_by_keys(visit):
    page = visit("/?q=green+%2B+red")
    page.get_by_role("button", name="Weight of “red”").click()
    slider = page.get_by_label("How much “red” counts")
    assert slider.evaluate("(each) => each === document.activeElement")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".pop output")).to_have_text("\u00d72")
    expect(page.locator("input[type=search]")).to_have_value("green + 2: red")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("input[type=search]")).to_have_value("green + red")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("input[type=search]")).to_have_value("green + 0.75: red")
    page.keyboard.press("Escape")
    until(page, "!document.querySelector('.pop')")
    page.locator(".term b", has_text="\u00d70.75").wait_for()
    expect(page).to_have_url(re.compile(re.escape("q=green+%2B+0.75")))


def test_a_chip_is_taken_out_and_the_focus_stays_among_them(visit):
    page = visit("/?q=green+kind%3Avideo+red")
    wait_for_chips(page, "green", "Videos", "red")
    page.get_by_role("button", name="Leave “Videos” out").click()
    expect(page.locator("input[type=search]"), "these stay two parts").to_have_value("green + red")
    wait_for_chips(page, "green", "red")
    until(page, "document.activeElement.closest('.term')?.textContent.includes('red')")


def test_a_filter_is_added_from_what_there_is(visit, served):
    assets = [hit["asset_id"] for hit in served.search("blue kind:image", top=2)]
    served.http.post("/api/tags", json={"assets": assets, "add": ["deep sea", "album:Water, deep"]})
    try:
        page = visit("/?q=blue")
        page.get_by_role("button", name="Add a filter").click()
        page.get_by_label("Filter by").select_option("tags")
        page.locator(".choices button", has_text="deep sea").click()
        expect(page.locator("input[type=search]")).to_have_value('blue tag:"deep sea"')
        until(page, "document.querySelectorAll('.tile').length === 2")
        page.get_by_role("button", name="Change “Tag: deep sea”").click()
        page.get_by_label("Filter by").select_option("album")
        page.locator(".choices button", has_text="Water, deep").click()
        expect(page.locator("input[type=search]")).to_have_value('blue tag:"album:Water, deep"')
        wait_for_chips(page, "blue", "Album: Water, deep")
        until(page, "document.querySelectorAll('.tile').length === 2")
    finally:
        took = {"assets": assets, "remove": ["deep sea", "album:Water, deep"]}
        served.http.post("/api/tags", json=took)


def test_dates_and_lengths_are_given_from_and_to(visit):
    page = visit()
    page.get_by_role("button", name="Add a filter").click()
    page.get_by_label("Date, From").fill("2001-02-03")
    page.get_by_label("Date, To").fill("2002-01-01")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("input[type=search]")).to_have_value("date:2001-02-03..2002-01-01")
    wait_for_chips(page, "Date: 2001-02-03 \u2013 2002-01-01")
    page.get_by_role("button", name="Add a filter").click()
    page.get_by_label("Filter by").select_option("duration")
    page.get_by_label("Minutes, From").fill("1.5")
    page.keyboard.press("Enter")
    assert box(page).endswith(" duration:>=90")
    expect(page.locator(".mistake")).to_be_hidden()


def test_folders_and_kinds_are_filters(visit):
    page = visit("/?q=red")
    page.get_by_role("button", name="Add a filter").click()
    page.get_by_label("Filter by").select_option("path")
    page.locator(".choices button", has_text="media").click()
    assert box(page).startswith('red path:"/') and box(page).endswith('media"')
    wait_for_chips(page, "red", "Folder: media")
    until(page, "document.querySelectorAll('.tile').length > 20")


def test_the_chips_move_nothing(visit):
    page = visit()
    page.evaluate(
        """() => {
        window.shifts = [];
        new PerformanceObserver((list) => {
          for (const each of list.getEntries()) window.shifts.push(each.value);
        }).observe({ type: "layout-shift", buffered: false });
        }"""
    )
    before = page.locator("header").bounding_box()
    type_words(page, "green kind:image,video -yellow date:>=1999", "green")
    wait_for_chips(page, "green", "Pictures, Videos", "yellow", "Date: ≥ 1999")
    assert page.locator("header").bounding_box() == before
    page.locator("input[type=search]").fill("green kind:vdeo")
    page.locator(".mistake mark").wait_for()
    assert page.locator("header").bounding_box() == before
    until(page, "window.shifts.reduce((sum, each) => sum + each, 0) === 0")


def test_the_chips_fit_a_phone(visit):
    address = "/?q=green+%2B+red+%2B+blue+kind%3Aimage+date%3A%3E%3D1999"
    page = visit(address, viewport={"width": 360, "height": 740})
    page.locator(".term").nth(4).wait_for()
    until(page, "document.documentElement.scrollWidth <= innerWidth")
    page.locator(".term").nth(4).locator(".leave").click()
    expect(page.locator("input[type=search]")).to_have_value("green + red + blue kind:image")
