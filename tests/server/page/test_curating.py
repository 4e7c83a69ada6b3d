"""What is double, odd or bad: found, decided by key, and taken back, in a real Chromium."""

from __future__ import annotations

import re

import pytest

from tests.server.page.browsing import expect, find_copies, first_caught, tags_of, until

pytestmark = pytest.mark.usefixtures("untagged")


def test_every_method_says_what_it_does(visit, workshop):
    page = visit("/?view=curate", workshop)
    described = workshop.http.get("/api/openapi.json").json()["components"]["schemas"]
    tasks = {
        each["properties"]["task"]["const"]
        for each in described.values()
        if "const" in each.get("properties", {}).get("task", {})
    }
    methods = page.locator(".method").all()
    assert {method.locator("input").get_attribute("value") for method in methods} == tasks
    for method in methods:
        assert len(method.locator("small").text_content()) > 20
    page.get_by_role("radio", name=re.compile("^Selection")).check()
    expect(page.get_by_label("How many")).to_have_value("20")
    page.get_by_label("How many").fill("3")
    page.get_by_role("button", name="Look", exact=True).click()
    page.locator(".found").nth(2).wait_for()
    expect(page.locator(".found")).to_have_count(3)


def test_copies_lie_side_by_side_with_their_facts(visit, workshop):
    page = visit("/?view=curate", workshop)
    find_copies(page)
    expect(page.locator(".left")).to_contain_text("Group 1 of 4 · 4 are left")
    copies = page.locator(".copy").all()
    tops = "new Set([...document.querySelectorAll('.copy')].map((each) => each.offsetTop)).size"
    assert len(copies) == 3 and page.evaluate(tops) == 1
    until(page, "[...document.querySelectorAll('.copy img')].every((each) => each.naturalWidth)")
    facts = copies[0].locator("dl").text_content()
    assert "60 \u00d7 40" in facts and re.search(r"\d k?B", facts) and "blue-0" in facts
    expect(copies[0].locator(".keep")).to_have_text("1 is kept")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.locator(".copy audio").first.wait_for()
    expect(page.locator(".copy audio")).to_have_count(2)


def test_copies_are_decided_by_keys_alone_and_taken_back(visit, workshop):
    page = visit("/?view=curate", workshop)
    find_copies(page)
    page.get_by_label("The others get the tag").fill("twice")
    page.keyboard.press("Tab")
    page.locator("section.findings").focus()
    page.keyboard.press("2")
    kept = page.locator(".copy.kept dl").text_content()
    number, name = page.locator(".copy.kept .keep").get_attribute("aria-label").split(": ")
    assert number == "Keep 2"
    page.keyboard.press("Enter")
    page.get_by_text("2 files have the tag “twice”.").wait_for()
    until(page, "document.querySelector('.left').textContent.startsWith('Group 2 of 4 · 3 are')")
    assert tags_of(workshop) == {"twice": 2}
    tagged = workshop.http.get("/api/assets", params={"where": "tags has twice"}).json()["assets"]
    assert len(tagged) == 2 and not any(each["path"].endswith(name) for each in tagged)
    page.keyboard.press("Enter")
    until(page, "document.querySelector('.left').textContent.includes('2 are left')")
    page.keyboard.press("u")
    until(page, "document.querySelector('.left').textContent.startsWith('Group 2 of 4 · 3 are')")
    page.keyboard.press("u")
    until(page, "document.querySelector('.left').textContent.startsWith('Group 1 of 4 · 4 are')")
    assert tags_of(workshop) == {}
    expect(page.locator(".copy.kept dl")).to_have_text(kept)
    page.keyboard.press("u")
    page.get_by_text("There is nothing to undo here.").wait_for()


def test_a_group_is_decided_once_it_is_known_what_has_the_tag_that_was_typed(visit, workshop):
    page = visit("/?view=curate", workshop)
    find_copies(page)
    looked, given = [], []
    page.route("**/api/assets?*twice*", lambda route: looked.append(route))
    page.route("**/api/tags", lambda route: (given.append(route), route.continue_()))
    page.get_by_label("The others get the tag").fill("twice")
    page.locator("section.findings").focus()
    page.keyboard.press("Enter")
    answer = first_caught(page, looked).fetch()
    assert given == []  # What was decided before the answer came would be forgotten.
    looked[0].fulfill(response=answer)
    until(page, "document.querySelector('.left').textContent.startsWith('Group 2 of 4 · 3 are')")
    assert tags_of(workshop) == {"twice": 2}


def test_what_is_decided_is_known_again_and_the_rest_is_accepted(visit, workshop):
    page = visit("/?view=curate", workshop)
    find_copies(page)
    page.get_by_role("button", name="Accept Enter").click()
    until(page, "document.querySelector('.left').textContent.includes('3 are left')")
    page.reload()
    page.locator(".copy").first.wait_for()
    expect(page.locator(".left")).to_contain_text("Group 2 of 4 · 3 are left")
    page.get_by_role("button", name="Accept all that is left: 3 files").click()
    until(page, "document.querySelector('.left').textContent.includes('all are decided')")
    assert tags_of(workshop) == {"duplicate": 5}
    page.get_by_role("button", name="Undo u").click()
    until(page, "document.querySelector('.left').textContent.includes('3 are left')")
    undo = page.locator(".runs tbody tr", has_text="Tags by hand").get_by_role("button")
    undo.get_by_text("Undo").first.click()
    until(page, "document.querySelector('.runs .deed').textContent.includes('taken back')")
    until(page, "document.querySelector('.left').textContent.startsWith('Group 1 of 4 · 4 are')")
    assert tags_of(workshop) == {}


def test_other_findings_have_their_reason_and_are_tagged(visit, workshop):
    page = visit("/?view=curate&method=quality", workshop)
    page.get_by_role("button", name="Look", exact=True).click()
    page.locator(".found").first.wait_for()
    verdict = page.locator(".found-as").first.text_content()
    expect(page.locator(".found p").first).to_contain_text(verdict)
    found = page.locator(".found").count()
    page.locator("form.applying input").fill("poor")
    expect(page.locator(".applying .outlook")).to_contain_text(f"gives {found} files the tag: poor")
    page.get_by_role("button", name="Apply as tags").click()
    page.locator(".deed", has_text="given").wait_for()
    assert set(tags_of(workshop)) == {"poor"}
    page.locator(".findings .deed").get_by_role("button", name="Undo").click()
    page.locator(".deed", has_text="taken back").first.wait_for()
    assert tags_of(workshop) == {}


def test_earlier_runs_are_opened_again(visit, workshop):
    page = visit("/?view=curate", workshop)
    find_copies(page)
    page.reload()
    page.locator(".copy").first.wait_for()
    page.goto(workshop.url + "/?view=curate")
    page.locator(".runs tbody tr", has_text="Duplicates").first.get_by_role("button").click()
    page.locator(".copy").first.wait_for()
    assert re.search(r"run=\d+", page.url)


def test_files_that_are_alike_are_named_group_by_group(visit, workshop):
    page = visit("/?view=curate&method=clusters", workshop)
    page.get_by_label("How many groups").fill("2")
    page.get_by_role("button", name="Look", exact=True).click()
    page.locator(".found").first.wait_for()
    chip = page.locator(".findings .chips button").first
    count = int(chip.locator("b").text_content())
    expect(page.get_by_text("Name a tag.")).to_be_visible()
    chip.click()
    until(page, f"document.querySelectorAll('.found').length === {count}")
    page.locator("form.applying input").fill("a kind")
    page.get_by_role("button", name="Apply as tags").click()
    page.locator(".findings .deed", has_text=f"{count} files have the tag “a kind”.").wait_for()
    assert tags_of(workshop) == {"a kind": count}
    page.locator(".findings .deed").get_by_role("button", name="Undo").click()
    page.get_by_text("That is taken back.").wait_for()
    assert tags_of(workshop) == {}


def test_each_step_is_taken_back_by_ctrl_z_and_a_toast_says_so(visit, workshop):
    page = visit("/?view=curate", workshop)
    find_copies(page)
    page.locator("section.findings").focus()
    for left in (3, 2):
        page.keyboard.press("Enter")
        until(page, f"document.querySelector('.left').textContent.includes('{left} are left')")
    assert sum(tags_of(workshop).values()) == 3
    page.locator("h2").click()
    for left in (3, 4):
        page.keyboard.press("Control+z")
        until(page, f"document.querySelector('.left').textContent.includes('{left} are left')")
        page.locator(".toast", has_text="That is taken back.").wait_for()
    assert tags_of(workshop) == {}
    page.keyboard.press("Control+z")
    expect(page.locator(".toast.wrong")).to_have_count(0)


def test_what_was_found_to_be_bad_is_named_in_german(visit, workshop):
    page = visit("/?view=curate&method=quality", workshop, locale="de-DE")
    page.locator("form.task .go").click()
    page.locator(".found").first.wait_for()
    verdicts = set(page.locator(".found-as").all_text_contents())
    assert verdicts and verdicts <= {"winzig", "kontrastarm", "unscharf", "still", "Standbild"}
    why = page.locator(".found p").first.locator("span").last
    expect(why, "a screen reader says it as what it is").to_have_attribute("lang", "en")
    page.locator("form.applying .go").click()
    page.locator(".findings .deed button").wait_for()
    page.locator("h2").click()
    page.keyboard.press("Control+z")
    page.locator(".toast").wait_for()
    assert tags_of(workshop) == {}


def test_what_was_found_comes_page_by_page_and_no_group_is_cut(visit, workshop):
    page = visit("/?view=curate", workshop)
    asked = []

    def two_at_a_time(route) -> None:
        asked.append(route.request.url)
        route.continue_(url=re.sub(r"limit=\d+", "limit=2", route.request.url))

    page.route("**/api/runs/*?*limit=500*", two_at_a_time)
    find_copies(page)
    until(page, "/^Group 1 of 4 · 4 are left/.test(document.querySelector('.left').textContent)")
    assert len(asked) == 5  # Nine files in groups of three and of two.
    sizes = []
    for group in range(1, 5):
        page.locator(f".copies[aria-label='Group {group} of 4']").wait_for()
        sizes.append(page.locator(".copy").count())
        page.keyboard.press("ArrowRight")
    assert sorted(sizes) == [2, 2, 2, 3]
