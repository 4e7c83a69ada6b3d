"""Classifying, curating and the map, as a person does them, in a real Chromium."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator

import pytest

from engine import Library
from engine.server.options import ServerOptions
from tests import media_files as make
from tests.server.conftest import Served, serving
from tests.server.page.browsing import Page, until


@pytest.fixture(scope="module")
def workshop(tmp_path_factory, settings) -> Iterator[Served]:
    """A server of a library that is changed: pictures of three colours, copies, sounds, a film."""
    place = tmp_path_factory.mktemp("workshop")
    media = place / "media"
    for number in range(6):
        for colour in ("red", "green", "blue"):
            make.picture(media / f"{colour}-{number}.png", colour, (60 + number, 40))
    for original, copies in (("blue-0", "ab"), ("green-2", "a"), ("red-1", "a")):
        for copy in copies:
            shutil.copy(media / f"{original}.png", media / f"{original} copy {copy}.png")
    make.sound(media / "tone.wav", (200, 2.0))
    shutil.copy(media / "tone.wav", media / "tone again.wav")
    make.video(media / "film.mp4", ("red", "blue"))
    with Library.open(place / "work", create=True, encoder="fake", settings=settings) as made:
        made.index([media])
    with serving([place / "work"], settings, media, ServerOptions(port=0)) as running:
        yield running


@pytest.fixture(autouse=True)
def untagged(workshop) -> Iterator[None]:
    """Take back what a test that failed has left."""
    yield
    files = [
        each["asset_id"] for each in workshop.http.get("/api/assets?limit=500").json()["assets"]
    ]
    if found := list(tags(workshop)):
        workshop.http.post("/api/tags", json={"assets": files, "remove": found})


def tags(server: Served) -> dict[str, int]:
    found = server.http.get("/api/tags").json()["tags"]
    return {each["tag"]: each["files"] for each in found}


def classify(page: Page, labels: str) -> None:
    page.get_by_label("Labels").first.fill(labels)
    page.get_by_role("button", name="Classify", exact=True).click()
    page.locator(".labels tbody tr").first.wait_for()


def find_copies(page: Page) -> None:
    page.get_by_label("Only the same bytes").check()
    page.get_by_role("button", name="Look", exact=True).click()
    page.locator(".copy").first.wait_for()


def shown(page: Page, selector: str) -> list[str]:
    return [text.strip() for text in page.locator(selector).all_text_contents()]


# --- classify -------------------------------------------------------------------------


def test_labels_that_are_typed_come_back_as_a_table_with_counts(visit, workshop):
    page = visit("/?view=classify", workshop)
    classify(page, "red, green\nblue")
    assert page.get_by_role("heading", name="25 files").is_visible()
    counts = shown(page, ".results .chips button")
    assert counts[0] == "All 25" and [c.split()[0] for c in counts[1:4]] == ["blue", "green", "red"]
    row = page.locator("tr", has_text="green-3.png")
    assert row.locator(".given").text_content() == "green"
    assert re.fullmatch(r"\d+ %", row.locator(".sure").text_content())
    row.scroll_into_view_if_needed()
    until(page, "document.querySelector('.thumb img').naturalWidth > 0")
    again = visit("/" + page.url.rpartition("/")[2], workshop)
    again.locator(".labels tbody tr").first.wait_for()
    assert shown(again, ".results .chips button") == counts
    assert again.get_by_label("Labels").first.input_value() == "red, green\nblue"


def test_kinds_and_filters_narrow_what_is_classified(visit, workshop):
    page = visit("/?view=classify", workshop)
    page.get_by_role("button", name="Pictures", exact=True).click()
    page.get_by_label("Only files that").fill("path:red-*.png -path:*copy*")
    classify(page, "red, blue")
    assert page.get_by_role("heading", name="6 files").is_visible()
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
    assert page.locator("output").text_content() == "100 %"
    assert page.locator(".labels tbody tr").count() == rows
    assert set(shown(page, ".labels .given")) == {"unknown, else blue"}
    assert page.get_by_text("No file is so probable.").is_visible()
    assert page.get_by_role("button", name="Apply as tags").is_disabled()
    page.locator(".results .chips button", has_text="unknown").click()
    assert page.locator(".labels tbody tr").count() == 25


def test_labels_become_tags_and_go_again(visit, workshop):
    page = visit("/?view=classify", workshop)
    classify(page, "red, green, blue")
    page.locator(".results .chips button", has_text="green").click()
    told = page.locator(".applying .outlook").text_content()
    count = int(re.match(r"gives (\d+) files a tag: green", told)[1])
    page.get_by_role("button", name="Apply as tags").click()
    page.get_by_text(f"{count} tags are given.").wait_for()
    assert tags(workshop) == {"green": count}
    page.get_by_role("button", name="Undo").click()
    page.get_by_text(f"{count} tags are taken back.").wait_for()
    assert tags(workshop) == {}


# --- curate ---------------------------------------------------------------------------


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
    assert page.get_by_label("How many").input_value() == "20"
    page.get_by_label("How many").fill("3")
    page.get_by_role("button", name="Look", exact=True).click()
    page.locator(".found").nth(2).wait_for()
    assert page.locator(".found").count() == 3


def test_copies_lie_side_by_side_with_their_facts(visit, workshop):
    page = visit("/?view=curate", workshop)
    find_copies(page)
    assert page.locator(".left").text_content().startswith("Group 1 of 4 · 4 are left")
    copies = page.locator(".copy").all()
    tops = "new Set([...document.querySelectorAll('.copy')].map((each) => each.offsetTop)).size"
    assert len(copies) == 3 and page.evaluate(tops) == 1
    until(page, "[...document.querySelectorAll('.copy img')].every((each) => each.naturalWidth)")
    facts = copies[0].locator("dl").text_content()
    assert "60 \u00d7 40" in facts and "MB" in facts and "blue-0" in facts
    assert copies[0].locator(".keep").text_content().strip() == "1 is kept"
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.locator(".copy audio").first.wait_for()
    assert page.locator(".copy audio").count() == 2


def test_copies_are_decided_by_keys_alone_and_taken_back(visit, workshop):
    page = visit("/?view=curate", workshop)
    find_copies(page)
    page.get_by_label("The others get the tag").fill("twice")
    page.keyboard.press("Tab")
    page.locator("section.findings").focus()
    page.keyboard.press("2")
    kept = page.locator(".copy.kept dl").text_content()
    assert "2" in page.locator(".copy.kept .keep").text_content()
    page.keyboard.press("Enter")
    page.get_by_text("2 files have the tag “twice”.").wait_for()
    until(page, "document.querySelector('.left').textContent.startsWith('Group 2 of 4 · 3 are')")
    assert tags(workshop) == {"twice": 2}
    page.keyboard.press("Enter")
    until(page, "document.querySelector('.left').textContent.includes('2 are left')")
    page.keyboard.press("u")
    until(page, "document.querySelector('.left').textContent.startsWith('Group 2 of 4 · 3 are')")
    page.keyboard.press("u")
    until(page, "document.querySelector('.left').textContent.startsWith('Group 1 of 4 · 4 are')")
    assert tags(workshop) == {}
    assert page.locator(".copy.kept dl").text_content() == kept
    page.keyboard.press("u")
    page.get_by_text("There is nothing to undo here.").wait_for()


def test_what_is_decided_is_known_again_and_the_rest_is_accepted(visit, workshop):
    page = visit("/?view=curate", workshop)
    find_copies(page)
    page.get_by_role("button", name="Accept Enter").click()
    until(page, "document.querySelector('.left').textContent.includes('3 are left')")
    page.reload()
    page.locator(".copy").first.wait_for()
    assert page.locator(".left").text_content().startswith("Group 2 of 4 · 3 are left")
    page.get_by_role("button", name="Accept all that is left: 3 files").click()
    until(page, "document.querySelector('.left').textContent.includes('all are decided')")
    assert tags(workshop) == {"duplicate": 5}
    page.get_by_role("button", name="Undo u").click()
    until(page, "document.querySelector('.left').textContent.includes('3 are left')")
    undo = page.locator(".runs tbody tr", has_text="Tags by hand").get_by_role("button")
    undo.get_by_text("Undo").first.click()
    until(page, "document.querySelector('.runs .deed').textContent.includes('taken back')")
    assert tags(workshop) == {}


def test_other_findings_have_their_reason_and_are_tagged(visit, workshop):
    page = visit("/?view=curate&method=quality", workshop)
    page.get_by_role("button", name="Look", exact=True).click()
    page.locator(".found").first.wait_for()
    verdict = page.locator(".found-as").first.text_content()
    assert page.locator(".found p").first.text_content().startswith(verdict)
    found = page.locator(".found").count()
    page.locator("form.applying input").fill("poor")
    assert f"gives {found} files the tag: poor" in page.locator(".applying .outlook").text_content()
    page.get_by_role("button", name="Apply as tags").click()
    page.locator(".deed", has_text="given").wait_for()
    assert set(tags(workshop)) == {"poor"}
    page.locator(".findings .deed").get_by_role("button", name="Undo").click()
    page.locator(".deed", has_text="taken back").first.wait_for()
    assert tags(workshop) == {}


def test_earlier_runs_are_opened_again(visit, workshop):
    page = visit("/?view=curate", workshop)
    find_copies(page)
    page.reload()
    page.locator(".copy").first.wait_for()
    page.goto(workshop.url + "/?view=curate")
    page.locator(".runs tbody tr", has_text="Duplicates").first.get_by_role("button").click()
    page.locator(".copy").first.wait_for()
    assert re.search(r"run=\d+", page.url)


# --- map ------------------------------------------------------------------------------


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
    before = drawn(page)
    lasso_all(page)
    page.locator(".map-side").get_by_text("23 files").wait_for()
    assert page.locator(".chosen img").count() == 23 and before > 0
    page.get_by_label("Tag for the chosen files").fill("all of it")
    page.get_by_role("button", name="Tag", exact=True).click()
    page.get_by_text("23 files have the tag “all of it”.").wait_for()
    assert tags(workshop) == {"all of it": 23}
    page.locator(".map-side").get_by_role("button", name="Undo").click()
    page.get_by_text("23 tags are taken back.").wait_for()
    assert tags(workshop) == {}


def test_the_map_by_keyboard_leads_to_a_search(visit, workshop):
    page = visit("/?view=map", workshop)
    page.get_by_text("23 files").first.wait_for()
    page.get_by_role("button", name="Choose all that is in sight").focus()
    page.keyboard.press("Tab")
    until(page, "document.activeElement.matches('canvas.point-map')")
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
    assert page.locator(".example").count() == 7 and page.url.count("like=") == 7


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
    assert "tone" in page.locator(".hover-card").text_content()
    page.mouse.wheel(0, -400)
    page.mouse.click(*middle)
    page.locator(".chosen li").first.wait_for()
    page.locator(".leave-out").first.click()
    page.get_by_text("Nothing is chosen yet.").wait_for()


# --- everywhere -----------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("view", ["classify", "curate", "map"])
def test_no_rule_of_accessibility_is_broken(visit, workshop, view, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = visit(f"/?view={view}", workshop, color_scheme=scheme, bypass_csp=True)
    if view == "classify":
        classify(page, "red, green")
    elif view == "curate":
        find_copies(page)
    else:
        page.get_by_role("button", name="Choose all that is in sight").click()
        page.locator(".chosen li").first.wait_for()
    found = axe.run(page).response
    assert len(found["passes"]) > 10
    assert [(rule["id"], rule["nodes"][0]["html"]) for rule in found["violations"]] == []


@pytest.mark.parametrize("width", [360, 3840])
def test_nothing_is_wider_than_the_window(visit, workshop, width):
    page = visit("/?view=classify", workshop, viewport={"width": width, "height": 800})
    classify(page, "red, green")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.goto(workshop.url + "/?view=curate")
    find_copies(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.goto(workshop.url + "/?view=map")
    page.get_by_role("button", name="Choose all that is in sight").click()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_who_may_only_look_is_told_so(visit, workshop, settings):
    options = ServerOptions(port=0, read_only=True)
    with serving([workshop.library], settings, workshop.media, options) as reading:
        page = visit("/?view=curate", reading)
        page.get_by_text("Here you may look, and change nothing").wait_for()
        assert page.get_by_role("button", name="Look", exact=True).is_disabled()
        page.goto(reading.url + "/?view=classify")
        page.get_by_text("Here you may look, and change nothing").wait_for()
        assert page.get_by_role("button", name="Classify", exact=True).is_disabled()


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
