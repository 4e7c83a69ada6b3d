"""What a browser fetches for the page: all at once at first, and nothing twice."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

from engine.server.routes.page_files import FIRST_FILES, first_modules, page_files, version
from tests.server.page.browsing import until

_FETCHED = "performance.getEntriesByType('resource').map((each) => each.name)"


def test_all_that_the_first_page_needs_is_named_by_its_document(visit, served):
    page = visit("/", fresh=True)
    until(page, "document.documentElement.dataset.ready")
    fetched = [name.removeprefix(served.url) for name in page.evaluate(_FETCHED)]
    modules = {name for name in fetched if name.endswith(".js")}
    assert modules == {f"/page/{version()}/{path}" for path in first_modules()}
    assert len(fetched) == len(set(fetched))  # What was named is what was then asked for.
    assert FIRST_FILES in fetched and f"/page/{version()}/texts/en.json" in fetched
    document = served.http.get("/", headers={"Accept": "text/html"}).text
    assert set(re.findall(r'modulepreload" href="([^"]+)"', document)) == modules


def test_a_search_and_another_language_are_not_fetched_for_nothing(served):
    asks = {"Accept": "text/html", "Accept-Language": "fr-FR, de;q=0.8"}
    assert FIRST_FILES not in served.http.get("/?q=green", headers=asks).text
    assert "texts/de.json" in served.http.get("/", headers=asks).text
    assert "texts/en.json" in served.http.get("/?lang=en", headers=asks).text


def test_the_style_sheets_of_all_rooms_are_sent_as_one(served):
    rooms = files("engine.server") / "page"
    sent = served.http.get("/page/style.css").text
    parts = [file for file in Path(str(rooms)).rglob("*.css") if file.name != "style.css"]
    assert len(parts) > 5 and "@import" not in sent
    assert [file.name for file in parts if file.read_text() not in sent] == []


def test_a_picture_that_cannot_be_had_leaves_its_place_empty(visit):
    page = visit("/?view=albums", fresh=True)
    page.route("**/api/thumbnails/**", lambda route: route.fulfill(status=410))
    page.get_by_role("link", name="Search", exact=True).click()
    until(page, "document.querySelector('.tile img.missing')")
    assert page.locator(".tile img.missing").first.is_visible() is False


def test_files_are_kept_by_their_version(served):
    now = served.http.get(f"/page/{version()}/main.js")
    assert "immutable" in now.headers["cache-control"]
    assert now.content == page_files()["main.js"].content
    for path in ("/page/main.js", "/page/0123456789ab/main.js"):  # by name; of a page left open
        answer = served.http.get(path)
        assert answer.status_code == 200 and answer.headers["cache-control"] == "no-cache"


def test_pictures_of_hits_that_stay_are_not_fetched_again(visit):
    page = visit("/", fresh=True)
    box = page.get_by_role("combobox", name="Search")
    box.fill("gree")
    until(page, "document.querySelector('.tile .name')?.textContent.includes('green')")
    page.locator(".tile img").first.evaluate("(img) => { window.kept = img; }")
    source = page.evaluate("kept.src")
    until(page, "kept.complete")
    page.evaluate("performance.clearResourceTimings()")
    with page.expect_response("**/api/search"):
        box.press("n")
    until(page, "kept.isConnected")
    until(
        page,
        "performance.getEntriesByType('resource').some((each) => each.name.includes('/api/parse'))",
    )
    assert source not in page.evaluate(_FETCHED)
