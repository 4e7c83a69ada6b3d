"""A hit that is opened, in a real Chromium."""

from __future__ import annotations

import re

from tests.server.page.browsing import expect, keep_places, tags_of, until


def test_a_hit_opens_with_its_reasons_and_its_facts(visit):
    page = visit("/?q=green")
    page.locator(".tile a").first.click()
    page.locator(".viewer .why li").first.wait_for()
    side = page.locator(".side").text_content()
    assert "% sure" in side and re.search(r"\d k?B", side) and "green.png" in side
    page.keyboard.press("Escape")
    until(page, "!document.querySelector('dialog[open]')")
    until(page, "document.activeElement.closest('.tile') !== null")


def test_the_words_of_a_video_are_read_followed_and_jumped_to(visit):
    page = visit("/?q=violin")
    expect(page.locator(".tile .name").first).to_contain_text("film.mp4")
    expect(page.locator(".tile q").first).to_contain_text("violin")
    page.locator(".tile a").first.click()
    page.locator(".said").wait_for()
    expect(page.locator(".said q")).to_have_text("the violin plays")
    expect(page.locator(".why")).to_contain_text("what it says is about that")
    page.locator(".time .mark").first.wait_for()
    expect(page.locator(".shots img")).to_have_count(2)
    keep_places(page)
    page.locator(".shots button").first.click()
    until(page, "places.some((place) => place < 1.9)")
    page.locator(".said").click()
    until(page, "places.at(-1) >= 1.9")


def test_a_shot_that_is_clicked_before_the_video_has_come_is_shown(visit):
    page, held = visit("/?q=violin"), []
    page.route("**/api/media/*", lambda route: held.append(route))
    expect(page.locator(".tile .name").first).to_contain_text("film.mp4")
    page.locator(".tile a").first.click()
    keep_places(page)
    page.locator(".shots button").first.click()
    assert page.evaluate("document.querySelector('.stage video').readyState") == 0
    page.route("**/api/media/*", lambda route: route.continue_())
    for asked in held:  # by the tile, too, over which the pointer is
        asked.continue_()
    until(page, "places.length")
    assert page.evaluate("places.every((place) => place < 1.9)")


def test_a_sound_is_drawn_and_plays(visit):
    page = visit("/?kind=audio")
    page.locator(".tile a").first.click()
    page.locator(".stage audio").wait_for()
    until(page, "document.querySelector('.time canvas').width > 300")


def test_an_opened_hit_has_an_address_and_its_neighbours(visit):
    page = visit("/?q=blue")
    page.locator(".tile a").first.click()
    page.locator(".viewer h2").wait_for()
    first = page.locator(".viewer h2").text_content()
    page.keyboard.press("ArrowRight")
    until(page, f"document.querySelector('.viewer h2').textContent !== '{first}'")
    address = "/" + page.url.partition("127.0.0.1")[2].partition("/")[2]
    again = visit(address)
    again.locator(".viewer h2").wait_for()
    expect(again.locator(".viewer h2")).to_have_text(page.locator(".viewer h2").text_content())


def test_tags_are_given_and_taken_away(visit):
    page = visit("/?q=yellow")
    page.locator(".tile a").first.click()
    page.get_by_label("Add a tag").fill("sunny")
    page.keyboard.press("Enter")
    page.locator(".tag", has_text="sunny").wait_for()
    page.get_by_role("button", name="Remove the tag sunny").click()
    until(page, "!document.querySelector('.tag')")


def test_a_tag_of_an_opened_hit_is_taken_back_by_a_button_and_by_key(visit, served):
    page = visit("/?q=blue")
    page.locator(".tile a").first.click()
    page.get_by_label("Add a tag").fill("by mistake")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Undo", exact=True).click()
    until(page, "!document.querySelector('.tag')")
    page.locator(".toast", has_text="Taken back.").wait_for()
    page.get_by_label("Add a tag").fill("meant")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Remove the tag meant").click()
    until(page, "!document.querySelector('.tag')")
    page.locator(".viewer h2").click()
    page.keyboard.press("Control+z")
    page.locator(".tag", has_text="meant").wait_for()
    page.get_by_role("button", name="Remove the tag meant").click()
    until(page, "!document.querySelector('.tag')")
    assert not {"meant", "by mistake"} & set(tags_of(served))


def test_a_picture_found_by_its_name_says_which_words_of_it_were_asked_for(visit):
    page = visit("/?q=12-red")
    page.locator(".tile a").first.click()
    expect(page.locator(".why")).to_contain_text("its words: \u201c12-red\u201d")
