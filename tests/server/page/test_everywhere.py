"""The page by keyboard, on a phone, in another language, and where the server is away."""

from __future__ import annotations

import posixpath
import re
from importlib.resources import files
from pathlib import Path

import pytest

from engine.server.access.tokens import BearerToken
from engine.server.options import ServerOptions
from tests.server.conftest import serving
from tests.server.page.browsing import (
    HOSTILE,
    SECRET,
    broken_rules,
    close_hit,
    expect,
    rules_broken_in_any_colours,
    until,
)


def test_all_of_it_by_keyboard(visit):
    page = visit()
    page.keyboard.press("Escape")
    page.locator("h1 a").focus()
    page.keyboard.press("?")
    page.locator("dialog.help[open]").wait_for()
    close_hit(page)
    page.keyboard.press("/")
    page.keyboard.type("green")
    until(page, "document.querySelector('.tile .name')?.textContent.includes('green')")
    page.keyboard.press("ArrowDown")
    until(page, "document.activeElement.closest('.tile')")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.locator("dialog.viewer[open]").wait_for()
    page.keyboard.press("m")
    page.locator(".example").wait_for()


def test_names_are_text_whatever_they_are(visit):
    page = visit("/?q=red")
    page.get_by_text(HOSTILE, exact=True).first.wait_for()
    page.get_by_text(HOSTILE, exact=True).first.click(force=True)
    page.locator(".viewer h2").wait_for()
    expect(page.locator(".viewer h2")).to_have_text(HOSTILE)
    expect(page).to_have_title("Sensorium")


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (1280, "dark"), (3840, "light")])
def test_nothing_is_wider_than_the_window(visit, width, scheme):
    page = visit("/?q=red", viewport={"width": width, "height": 800}, color_scheme=scheme)
    until(page, "document.documentElement.scrollWidth <= innerWidth")
    tiles = [tile.bounding_box() for tile in page.locator(".tile").all()[:12]]
    assert all(tile["x"] >= 0 and tile["x"] + tile["width"] <= width for tile in tiles)
    page.locator(".tile a").first.click()
    page.locator(".side").wait_for()
    until(page, "document.documentElement.scrollWidth <= innerWidth")


def test_no_rule_of_accessibility_is_broken(visit):
    page = visit("/?q=violin", bypass_csp=True)  # for the rules' own script
    assert rules_broken_in_any_colours(page) == []
    page.locator(".tile a").first.click()
    page.locator(".said").wait_for()
    assert rules_broken_in_any_colours(page) == []
    close_hit(page)
    page.locator("input[type=search]").fill("red kind:vdeo")
    page.locator(".mistake mark").wait_for()
    assert rules_broken_in_any_colours(page) == []


def test_another_language_is_another_file(visit):
    page = visit("/?q=red", locale="de-DE")
    assert page.evaluate("document.documentElement.lang") == "de"
    expect(page.get_by_role("button", name="Bilder", exact=True)).to_have_count(1)
    expect(page.locator(".line")).to_have_text("Ab hier weniger wahrscheinlich")


def test_what_is_typed_stays_where_the_server_is_away(visit):
    page = visit("/?q=red")
    page.route("**/api/**", lambda route: route.abort())
    page.locator("input[type=search]").fill("green")
    until(page, "document.querySelector('.status').textContent.includes('does not answer')")
    page.unroute("**/api/**")
    expect(page.locator("input[type=search]")).to_have_value("green")
    page.keyboard.press("Enter")
    until(page, "document.querySelector('.tile .name')?.textContent.includes('green')")


def test_a_token_is_asked_for_once_and_pictures_come_with_it(visit, library, settings):
    options = ServerOptions(port=0, tokens=(BearerToken.make(SECRET),))
    with serving([library], settings, library.parent / "media", options) as locked:
        page = visit("/?q=red", locked)
        page.get_by_label("Token").fill("wrong" * 8)
        page.get_by_role("button", name="Enter").click()
        page.get_by_text("not known here").wait_for()
        page.get_by_label("Token").fill(SECRET)
        page.get_by_role("button", name="Enter").click()
        page.locator(".tile img").first.wait_for()
        until(page, "document.querySelector('.tile img').naturalWidth > 0")
        assert page.evaluate("document.cookie") == ""
        page.goto(locked.url + "/?q=green")
        until(page, "document.querySelector('.tile .name')?.textContent.includes('green')")


def test_the_page_is_small_and_kept(served):
    page = served.http.get("/", headers={"Accept": "text/html"})
    assert "default-src 'none'" in page.headers["content-security-policy"]
    again = served.http.get(
        "/page/main.js", headers={"If-None-Match": served.http.get("/page/main.js").headers["etag"]}
    )
    assert again.status_code == 304
    assert served.http.get("/page/nothing.js").status_code == 404
    assert served.http.get("/page/views").status_code == 404
    assert served.http.get("/page/..%2Fguard.py").status_code == 404
    assert served.http.get("/page/views/..%2F..%2Frun.py").status_code == 404


def test_each_module_is_served_and_comes_by_an_import(served):
    page = files("engine.server") / "page"
    modules = {str(file.relative_to(page)) for file in Path(str(page)).rglob("*.js")}
    reached, left = set(), ["main.js"]
    while left:
        name = left.pop()
        if name in reached:
            continue
        reached.add(name)
        answer = served.http.get(f"/page/{name}")
        assert answer.status_code == 200 and "javascript" in answer.headers["content-type"], name
        imported = re.findall(r'(?:from|import) "(\.[^"]+)"', answer.text)
        left += [
            posixpath.normpath(posixpath.join(posixpath.dirname(name), each)) for each in imported
        ]
        if name == "views/views.js":
            left += [each for each in modules if each.startswith("views/view_")]
    assert reached == modules


@pytest.mark.parametrize("view", ["library", "indexing"])
@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (1280, "dark"), (3840, "light")])
def test_views_of_libraries_keep_the_rules_at_every_width(visit, view, width, scheme):
    page = visit(
        f"/?view={view}", viewport={"width": width, "height": 800}, color_scheme=scheme,
        bypass_csp=True,
    )  # fmt: skip
    page.locator(".card").first.wait_for()
    for details in page.locator("details").all():
        details.evaluate("(each) => { each.open = true; }")
    assert broken_rules(page) == []
    until(page, "document.documentElement.scrollWidth <= innerWidth")
    small = "[...document.querySelectorAll('.view button, .view a, .view summary, .view select')]"
    heights = f"{small}.map((each) => each.getBoundingClientRect().height)"
    assert page.evaluate(f"Math.min(...{heights}.filter((each) => each))") >= 24
