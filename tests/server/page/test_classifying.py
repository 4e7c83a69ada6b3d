"""Labels that are typed, a threshold that is moved, and their tags, in a real Chromium."""

from __future__ import annotations

import re

import pytest

from engine.server.options import ServerOptions
from tests.server.conftest import serving
from tests.server.page.browsing import classify, expect, shown, tags_of, until

pytestmark = pytest.mark.usefixtures("untagged")


def test_labels_that_are_typed_come_back_as_a_table_with_counts(visit, workshop):
    page = visit("/?view=classify", workshop)
    classify(page, "red, green\nblue")
    expect(page.get_by_role("heading", name="25 files")).to_be_visible()
    counts = shown(page, ".results .chips button")
    assert counts[0] == "All 25" and [c.split()[0] for c in counts[1:4]] == ["blue", "green", "red"]
    row = page.locator("tr", has_text="green-3.png")
    expect(row.locator(".given")).to_have_text("green")
    assert re.fullmatch(r"\d+ %", row.locator(".sure").text_content())
    row.scroll_into_view_if_needed()
    until(page, "document.querySelector('.thumb img').naturalWidth > 0")
    again = visit("/" + page.url.rpartition("/")[2], workshop)
    again.locator(".labels tbody tr").first.wait_for()
    assert shown(again, ".results .chips button") == counts
    expect(again.get_by_label("Labels").first).to_have_value("red, green\nblue")


def test_kinds_and_filters_narrow_what_is_classified(visit, workshop):
    page = visit("/?view=classify", workshop)
    page.get_by_role("button", name="Pictures", exact=True).click()
    page.get_by_label("Only files that").fill("path:red-*.png -path:*copy*")
    classify(page, "red, blue")
    expect(page.get_by_role("heading", name="6 files")).to_be_visible()
    assert set(shown(page, ".labels .given")) == {"red"}
    page.get_by_label("Only files that").fill("a nice day")
    page.get_by_role("button", name="Classify", exact=True).click()
    until(page, "document.querySelector('.beside input').validationMessage.includes('no filter')")


def test_a_threshold_acts_at_once_and_a_label_is_looked_at_alone(visit, workshop):
    page = visit("/?view=classify", workshop)
    classify(page, "red, green, blue")
    page.locator(".results .chips button", has_text="blue").click()
    until(page, "document.querySelectorAll('.labels tbody tr').length < 12")
    rows = page.locator(".labels tbody tr").count()
    assert set(shown(page, ".labels .given")) == {"blue"}
    slider = page.get_by_role("slider", name="At least so probable")
    slider.focus()
    page.keyboard.press("End")
    expect(page.locator("output")).to_have_text("100 %")
    expect(page.locator(".labels tbody tr")).to_have_count(rows)
    assert set(shown(page, ".labels .given")) == {"unknown, else blue"}
    expect(page.get_by_text("No file is so probable.")).to_be_visible()
    expect(page.get_by_role("button", name="Apply as tags")).to_be_disabled()
    page.locator(".results .chips button", has_text="unknown").click()
    until(page, "document.querySelectorAll('.labels tbody tr').length === 25")


def test_rows_come_as_far_as_one_scrolls_and_none_twice(visit, workshop):
    page = visit("/?view=classify", workshop, viewport={"width": 1280, "height": 400})
    asked = []

    def few(route):
        asked.append(route.request.url)
        route.continue_(url=route.request.url.replace("limit=60", "limit=4"))

    page.route("**/api/classify/*?*limit=60*", few)
    classify(page, "red, green, blue")
    rows = "document.querySelectorAll('.labels tbody tr').length"
    until(page, rows + " >= 4")
    begun = page.evaluate(rows)
    assert begun < 25, "what is far below the window was not asked for"
    for _ in range(20):
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
        if page.evaluate(rows) < 25:
            until(page, f"{rows} > {begun} || {rows} === 25")
            begun = page.evaluate(rows)
    until(page, f"({rows}) === 25")
    files = page.locator(".file-name").evaluate_all("(all) => all.map((each) => each.title)")
    assert len(set(files)) == 25
    sure = [int(each.split()[0]) for each in shown(page, ".sure") if each]
    assert sure == sorted(sure, reverse=True)
    page.locator(".view select.chip").select_option("file")
    until(page, rows + " < 25")
    until(page, "document.querySelector('.file-name').title.endsWith('blue-0 copy a.png')")


def test_labels_become_tags_and_go_again(visit, workshop):
    page = visit("/?view=classify", workshop)
    classify(page, "red, green, blue")
    page.locator(".results .chips button", has_text="green").click()
    told = page.locator(".applying .outlook").text_content()
    count = int(re.match(r"gives (\d+) files a tag: green", told)[1])
    page.get_by_role("button", name="Apply as tags").click()
    page.get_by_text(f"{count} tags are given.").wait_for()
    assert tags_of(workshop) == {"green": count}
    page.get_by_role("button", name="Undo").click()
    page.get_by_text(f"{count} tags are taken back.").wait_for()
    assert tags_of(workshop) == {}


def test_tags_of_two_labels_are_taken_back_one_by_one_by_ctrl_z(visit, workshop):
    page = visit("/?view=classify", workshop)
    classify(page, "red, green, blue")
    for label in ("green", "red"):
        page.locator(".results .chips button", has_text=label).click()
        page.get_by_role("button", name="Apply as tags").click()
        page.locator(f".deed a[href*={label}]").wait_for()
    counts = tags_of(workshop)
    assert set(counts) == {"green", "red"}
    page.keyboard.press("Control+z")
    page.locator(".toast", has_text=f"{counts['red']} tags are taken back.").wait_for()
    assert tags_of(workshop) == {"green": counts["green"]}
    page.keyboard.press("Control+z")
    page.locator(".toast", has_text=f"{counts['green']} tags are taken back.").wait_for()
    assert tags_of(workshop) == {}


def test_what_the_server_refuses_is_said_where_one_looks(visit, workshop):
    page = visit("/?view=classify", workshop)
    page.get_by_label("Labels").first.fill("red")
    page.get_by_label("Only files that").fill("date = someday")
    page.get_by_role("button", name="Classify", exact=True).click()
    page.locator(".toast.wrong", has_text="someday").wait_for()
    page.get_by_label("Only files that").fill("path = *red*")
    page.get_by_role("button", name="Classify", exact=True).click()
    page.locator(".labels tbody tr").first.wait_for()


def test_a_job_is_seen_to_go_on_and_is_stopped(visit, workshop):
    page = visit("/?view=classify", workshop)
    page.route(
        "**/api/classify",
        lambda route: route.fulfill(
            status=202,
            json={"job": "0" * 16, "ended": None, "links": {"events": "/api/jobs/none/events"}},
        ),
    )
    running = 'event: progress\ndata: {"task": "classifying", "done": 5, "total": 20}\n\n'
    page.route(
        "**/events",
        lambda route: route.fulfill(body=running, content_type="text/event-stream"),
    )
    asked = []
    page.route("**/api/jobs/" + "0" * 16, lambda route: asked.append(route.request.method))
    page.get_by_label("Labels").first.fill("red")
    page.get_by_role("button", name="Classify", exact=True).click()
    page.get_by_text("classifying: 5 of 20").wait_for()
    assert page.locator(".job-now progress").evaluate("(bar) => bar.value / bar.max") == 0.25
    page.get_by_role("button", name="Stop").click()
    until(page, "document.querySelector('.job-now')")
    assert asked == ["DELETE"]


def test_who_may_only_look_is_told_so(visit, workshop, settings):
    options = ServerOptions(port=0, read_only=True)
    with serving([workshop.library], settings, workshop.media, options) as reading:
        page = visit("/?view=curate", reading)
        page.get_by_text("Here you may look, and change nothing").wait_for()
        expect(page.get_by_role("button", name="Look", exact=True)).to_be_disabled()
        page.goto(reading.url + "/?view=classify")
        page.get_by_text("Here you may look, and change nothing").wait_for()
        expect(page.get_by_role("button", name="Classify", exact=True)).to_be_disabled()
