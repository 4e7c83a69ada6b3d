"""Searches that are saved under a name, and the last ones, in a real Chromium."""

from __future__ import annotations

import pytest

from engine.query.saved_searches import FILE
from engine.server.options import ServerOptions
from tests.server.conftest import serving
from tests.server.page.browsing import (
    Page,
    broken_rules,
    close_hit,
    expect,
    first_caught,
    type_words,
    until,
)


@pytest.fixture(autouse=True)
def none_saved(library):
    yield
    (library / FILE).unlink(missing_ok=True)


def search(page: Page, words: str) -> None:
    page.locator("input[type=search]").fill(words)
    page.keyboard.press("Enter")
    until(page, f"location.search.includes('q={words.replace(' ', '+')}')")


def kept(page: Page) -> list[str]:
    return page.locator(".chip.kept span:last-child").all_text_contents()


def wait_for_kept(page: Page, count: int) -> None:
    until(page, f"document.querySelectorAll('.chip.kept').length === {count}")


def test_a_search_is_saved_and_another_device_finds_it(visit):
    page = visit("/?q=green&kind=image&sort=date")
    page.get_by_role("button", name="Saved and recent searches").click()
    page.locator(".saving input").fill("Green things")
    page.keyboard.press("Enter")
    page.locator(".toast", has_text="other devices find it too").wait_for()
    other = visit()
    wait_for_kept(other, 1)
    other.get_by_role("button", name="Saved search Green things").click()
    until(other, "document.querySelector('.status').textContent.includes('hits')")
    expect(other.locator("input[type=search]")).to_have_value("green")
    assert "kind=image" in other.url and "sort=date" in other.url


def test_a_name_that_is_typed_before_the_saved_searches_have_come_stays(visit, served):
    page, caught = visit("/?q=green"), []
    page.route("**/api/searches", lambda route: caught.append(route))
    page.get_by_role("button", name="Saved and recent searches").click()
    page.locator(".saving input").fill("Green things")
    first_caught(page, caught)
    page.route("**/api/searches", lambda route: route.continue_())
    for route in caught:
        route.continue_()
    page.get_by_text("None yet.").wait_for()
    expect(page.locator(".saving input")).to_be_focused()
    page.keyboard.press("Enter")
    page.locator(".toast", has_text="other devices find it too").wait_for()
    (saved,) = served.http.get("/api/searches").json()["searches"]
    assert saved["name"] == "Green things"


def test_a_saved_search_is_removed_and_that_is_undone(visit, served):
    served.http.post("/api/searches", json={"name": "Reds", "address": "q=red"})
    page = visit()
    wait_for_kept(page, 1)
    page.get_by_role("button", name="Saved and recent searches").click()
    page.get_by_role("button", name="Remove the saved search Reds").click()
    page.locator(".toast", has_text="is saved no more").wait_for()
    assert served.http.get("/api/searches").json() == {"searches": []}
    wait_for_kept(page, 0)
    page.get_by_role("button", name="Undo").click()
    wait_for_kept(page, 1)
    assert kept(page) == ["Reds"]


def test_the_last_searches_are_there_again_the_newest_first(visit):
    page = visit()
    search(page, "red")
    search(page, "blue")
    page.locator("input[type=search]").fill("")
    wait_for_kept(page, 2)
    assert kept(page) == ["blue", "red"]
    page.get_by_role("button", name="Recent search red").click()
    until(page, "document.querySelector('.tile .name')?.textContent.includes('red')")
    page.locator("input[type=search]").fill("")
    until(page, "document.querySelector('.chip.kept')?.textContent.includes('red')")


def test_a_search_on_the_way_to_another_is_not_kept(visit):
    page = visit()
    search(page, "gre")
    search(page, "green")
    page.locator("input[type=search]").fill("")
    wait_for_kept(page, 1)
    assert kept(page) == ["green"]


def test_a_search_whose_hit_was_opened_is_kept(visit):
    page = visit()
    type_words(page, "yellow", "yellow")
    page.locator(".tile a").first.click()
    page.locator("dialog.viewer[open]").wait_for()
    close_hit(page)
    page.locator("input[type=search]").fill("")
    wait_for_kept(page, 1)
    assert kept(page) == ["yellow"]


def test_a_hit_that_is_opened_by_no_press_in_the_window_keeps_the_search(visit):
    page = visit()
    type_words(page, "blue", "blue")
    page.evaluate("document.querySelector('.tile a').click()")  # as a screen reader does
    page.locator("dialog.viewer[open]").wait_for()
    assert page.evaluate("localStorage.getItem('sensorium.recent')") == '["?q=blue"]'


def test_the_last_searches_are_forgotten_and_kept_no_more(visit):
    page = visit()
    search(page, "red")
    page.get_by_role("button", name="Saved and recent searches").click()
    page.get_by_role("button", name="Forget all recent searches").click()
    page.locator(".searches .quiet", has_text="None.").wait_for()
    page.get_by_label("Keep recent searches").uncheck()
    page.keyboard.press("Escape")
    search(page, "blue")
    page.locator("input[type=search]").fill("")
    until(page, "location.search === ''")
    page.get_by_role("button", name="Saved and recent searches").click()
    page.locator(".searches .quiet", has_text="None.").wait_for()
    assert "blue" not in page.evaluate("JSON.stringify(localStorage)")


def test_where_nothing_may_be_changed_this_browser_keeps_it_and_says_so(visit, library, settings):
    options = ServerOptions(port=0, read_only=True)
    with serving([library], settings, library.parent / "media", options) as reading:
        page = visit("/?q=green", reading)
        page.get_by_role("button", name="Saved and recent searches").click()
        page.locator(".saving input").fill("Mine")
        page.keyboard.press("Enter")
        page.locator(".toast", has_text="in this browser alone").wait_for()
        page.goto(reading.url + "/")
        page.get_by_role("button", name="Saved search Mine").click()
        until(page, "document.querySelector('.tile .name')?.textContent.includes('green')")


def test_the_panel_breaks_no_rule_of_accessibility_and_fits_a_phone(visit, served):
    served.http.post("/api/searches", json={"name": "Reds, all of them", "address": "q=red"})
    page = visit("/?q=green", viewport={"width": 360, "height": 740}, bypass_csp=True)
    page.get_by_role("button", name="Saved and recent searches").click()
    page.get_by_role("button", name="Remove the saved search Reds, all of them").wait_for()
    until(page, "document.documentElement.scrollWidth <= innerWidth")
    assert broken_rules(page) == []
    page.keyboard.press("Escape")
    page.locator("input[type=search]").fill("")
    wait_for_kept(page, 1)
    assert broken_rules(page) == []
