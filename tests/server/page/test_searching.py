"""What is typed, and given as an example, in a real Chromium."""

from __future__ import annotations

import re
from contextlib import suppress

from tests import media_files as make
from tests.server.page.browsing import (
    expect,
    first_caught,
    playwright,
    type_words,
    until,
    wait_until,
)


def test_without_a_search_all_files_are_there_the_newest_first(visit):
    page = visit()
    expect(page.locator(".status")).to_contain_text("43 files")
    until(page, "document.querySelectorAll('.tile').length > 20")


def test_hits_come_while_one_types_and_the_address_holds_the_search(visit):
    page = visit()
    type_words(page, "green", "green")
    assert re.search(r"\d+ hits in \d+ ms|and more", page.locator(".status").text_content())
    until(page, "location.search === '?q=green'")
    again = visit(page.url.partition("127.0.0.1")[2].partition("/")[2].join(("/", "")))
    expect(again.locator(".tile .name").first).to_contain_text("green")
    asked = "performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname)"
    until(again, f"{asked}.includes('/api/parse')")
    assert not again.evaluate(f"{asked}.includes('/api/complete')"), "nobody types"


def test_a_browser_that_knows_no_idle_time_searches_too(visit):
    page = visit("/?view=albums", fresh=True)
    page.add_init_script("delete window.requestIdleCallback; delete window.cancelIdleCallback;")
    page.get_by_role("link", name="Search", exact=True).click()
    page.reload()
    type_words(page, "green", "green")
    until(page, "location.search === '?q=green'")
    until(page, "document.querySelector('.tile img').naturalWidth > 0")


def test_the_newest_search_wins_over_a_slow_one(visit):
    page = visit()
    slow = []
    page.route("**/api/search", lambda route: slow.append(route) if not slow else route.continue_())
    page.locator("input[type=search]").fill("red")
    first = first_caught(page, slow)
    type_words(page, "blue", "blue")
    with suppress(playwright.Error):  # the page does not wait for it any more
        first.continue_()
    asked = first.request
    wait_until(page, lambda: asked.failure or asked.timing["responseEnd"] >= 0, "its end")
    # What came of it would be shown by the time that a later answer has come.
    page.evaluate("fetch('/healthz').then(() => new Promise(requestAnimationFrame))")
    expect(page.locator(".tile .name").first).to_contain_text("blue")


def test_a_mistake_is_underlined_with_the_way_out_and_the_hits_stay(visit):
    page = visit("/?q=red")
    page.locator("input[type=search]").fill("red kind:vdeo")
    mark = page.locator(".mistake mark")
    mark.wait_for()
    expect(mark).to_have_text("vdeo")
    expect(page.locator(".mistake")).to_contain_text("video")
    expect(page.locator(".tile .name").first).to_contain_text("red")


def test_filters_are_completed_by_key(visit):
    page = visit()
    page.locator("input[type=search]").press_sequentially("ki")
    page.locator("[role=option]").first.wait_for()
    page.keyboard.press("Tab")
    expect(page.locator("input[type=search]")).to_have_value("kind:")
    page.locator("input[type=search]").press_sequentially("vid")
    until(
        page, "[...document.querySelectorAll('[role=option]')].map((e) => e.textContent) == 'video'"
    )
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.locator("input[type=search]").input_value().strip() == "kind:video"


def test_chips_choose_kinds_order_and_what_is_likely(visit):
    page = visit("/?q=red")
    page.get_by_role("button", name="Sounds", exact=True).click()
    until(page, "document.querySelectorAll('.tile').length === 1")
    expect(page.locator(".tile .name")).to_have_text(["tone.wav"])
    page.get_by_role("button", name="Sounds", exact=True).click()
    page.get_by_label("Order").select_option("date")
    page.get_by_role("button", name="Only what is likely").click()
    until(page, "!document.querySelector('.unlikely')")
    assert "sort=date" in page.url and "likely=1" in page.url


def test_a_line_parts_what_is_likely_from_what_is_less_so(visit):
    page = visit("/?q=red")
    line = page.locator(".line")
    line.wait_for()
    below = line.bounding_box()["y"]
    for tile in page.locator(".tile.unlikely").all()[:5]:
        assert tile.bounding_box()["y"] > below
    assert all("%" in sure for sure in page.locator(".tile .sure").all_text_contents())


def test_what_nothing_is_like_is_said(visit):
    page = visit("/?q=red&kind=video")
    assert page.locator(".status").text_content()
    page = visit('/?q="no such words anywhere" kind:audio')
    expect(page.locator(".status")).to_contain_text("likely")


def test_more_like_a_hit_and_back(visit):
    page = visit("/?q=green")
    page.locator(".tile").first.hover()
    page.locator(".tile").first.get_by_role("button", name="More like this").click()
    page.locator(".example img").wait_for()
    expect(page).to_have_url(re.compile(re.escape("like=")))
    until(page, "document.querySelector('.tile .name')?.textContent.includes('green')")
    page.go_back()
    until(page, "!document.querySelector('.example')")
    expect(page.locator("input[type=search]")).to_have_value("green")


def test_examples_are_more_or_less_and_are_left_out_again(visit):
    page = visit("/?q=red")
    page.locator(".tile").first.hover()
    page.locator(".tile").first.get_by_role("button", name="More like this").click()
    page.locator(".example").wait_for()
    page.locator(".tile").first.hover()
    page.locator(".tile").first.get_by_role("button", name="Less like this").click()
    page.locator(".example.less").wait_for()
    page.locator(".example").first.get_by_role("button", name="Leave out").click()
    until(page, "document.querySelectorAll('.example').length === 1")
    expect(page.locator(".status")).to_contain_text("needs words")


def test_a_file_that_is_chosen_or_dropped_is_searched_by(visit, tmp_path):
    page = visit("/?kind=image")
    example = make.picture(tmp_path / "mine.png", "blue", (60, 40))
    page.locator("input[type=file]").set_input_files(example)
    until(page, "document.querySelector('.tile .name')?.textContent.includes('blue')")
    expect(page.locator(".example")).to_contain_text("mine.png")
    page.locator(".example").get_by_role("button", name="Leave out").click()
    until(page, "!document.querySelector('.example')")
    page.evaluate(
        """async () => {
        const picture = await (await fetch(document.querySelector('.tile img').src)).blob();
        const given = new DataTransfer();
        given.items.add(new File([picture], 'dropped.jpg', { type: 'image/jpeg' }));
        dispatchEvent(new DragEvent('drop', { dataTransfer: given }));
        }"""
    )
    page.locator(".example", has_text="dropped.jpg").wait_for()


def test_a_part_of_a_picture_is_searched(visit):
    page = visit("/?q=green")
    page.locator(".tile a").first.click()
    page.locator("img.whole").wait_for()
    until(page, "document.querySelector('img.whole').complete")
    page.get_by_role("button", name="Search a part").click()
    box = page.locator("img.whole").bounding_box()
    page.mouse.move(box["x"] + 2, box["y"] + 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + box["height"] * 0.8)
    page.mouse.up()
    page.locator(".example").wait_for()
    sides = re.search(r"like=\d+%40home%2C(.*)", page.url)[1].split("%2C")
    assert len(sides) == 4
    assert all(re.fullmatch(r"0\.\d{1,4}", side) for side in sides)
