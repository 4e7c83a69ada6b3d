"""The page in a real Chromium: what a person types, presses, drops and sees."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from engine import Library
from engine.server.options import ServerOptions
from engine.server.tokens import BearerToken
from tests import media_files as make
from tests.server.conftest import Served, serving

playwright = pytest.importorskip("playwright.sync_api")
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")
if BROWSER is None:
    pytest.skip("there is no Chromium", allow_module_level=True)

HOSTILE = "<img src=x onerror=document.title='owned'>.png"
COLOURS = ("red", "green", "blue", "yellow")
_SECRET = "0123456789abcdef0123456789abcdef"
Page = playwright.Page


@pytest.fixture(scope="module")
def library(tmp_path_factory, settings) -> Library:
    """Pictures of four colours, a film of two, and a tone; one picture has markup for a name."""
    place = tmp_path_factory.mktemp("page")
    media = place / "media"
    media.mkdir()
    for number in range(40):
        make.picture(
            media / f"{number:02}-{COLOURS[number % 4]}.png", COLOURS[number % 4], (60, 40)
        )
    make.picture(media / HOSTILE, "red")
    make.video(media / "film.mp4", ("red", "blue"))
    (media / "film.srt").write_text("1\n00:00:02,000 --> 00:00:03,000\nthe <b>violin</b> plays\n")
    make.sound(media / "tone.wav", (200, 2.0))
    with Library.open(place / "home", create=True, encoder="fake", settings=settings) as made:
        made.index([media])
    return place / "home"


@pytest.fixture(scope="module")
def served(library: Path, settings) -> Iterator[Served]:
    with serving([library], settings, library.parent / "media", ServerOptions(port=0)) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[playwright.Browser]:
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def visit(browser, served) -> Iterator[Callable[..., Page]]:
    """Open the page at an address; what a policy refuses, or a script throws, fails the test."""
    faults: list[str] = []
    contexts = []

    def begin(address: str = "/", server: Served = served, **options: object) -> Page:
        options.setdefault("viewport", {"width": 1280, "height": 800})
        context = browser.new_context(locale=options.pop("locale", "en-GB"), **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda told: "Policy" in told.text and faults.append(told.text))
        page.goto(server.url + address)
        page.wait_for_selector("html[data-ready]")
        return page

    yield begin
    for context in contexts:
        context.close()
    assert faults == []


def names(page: Page) -> list[str]:
    return page.locator(".tile .name").all_text_contents()


def until(page: Page, condition: str) -> None:
    """Wait until it is true; Playwright's own way needs `eval`, which the policy forbids."""
    begun = time.monotonic()
    while not page.evaluate(condition):
        assert time.monotonic() - begun < 20, condition
        page.wait_for_timeout(15)


def type_words(page: Page, words: str, first: str) -> None:
    """Type into the box, and wait until a hit whose name has `first` in it leads."""
    page.locator("input[type=search]").fill(words)
    leads = f"document.querySelector('.tile .name')?.textContent.includes('{first}')"
    until(page, leads)


# --- types, and sees ------------------------------------------------------------------------


def test_without_a_search_all_files_are_there_the_newest_first(visit):
    page = visit()
    assert "43 files" in page.locator(".status").text_content()
    assert page.locator(".tile").count() > 20


def test_hits_come_while_one_types_and_the_address_holds_the_search(visit):
    page = visit()
    type_words(page, "green", "green")
    assert re.search(r"\d+ hits in \d+ ms|and more", page.locator(".status").text_content())
    assert page.url.endswith("?q=green")
    again = visit(page.url.partition("127.0.0.1")[2].partition("/")[2].join(("/", "")))
    assert "green" in names(again)[0]


def test_the_newest_search_wins_over_a_slow_one(visit):
    page = visit()
    slow = []
    page.route("**/api/search", lambda route: slow.append(route) if not slow else route.continue_())
    page.locator("input[type=search]").fill("red")
    until(page, "performance.now() > 0")
    page.wait_for_timeout(150)
    type_words(page, "blue", "blue")
    assert slow, "the first search was asked"
    with suppress(playwright.Error):  # the page does not wait for it any more
        slow[0].continue_()
    page.wait_for_timeout(400)
    assert "blue" in names(page)[0]


def test_a_mistake_is_underlined_with_the_way_out_and_the_hits_stay(visit):
    page = visit("/?q=red")
    page.locator("input[type=search]").fill("red kind:vdeo")
    mark = page.locator(".mistake mark")
    mark.wait_for()
    assert mark.text_content() == "vdeo"
    assert "video" in page.locator(".mistake").text_content()
    assert "red" in names(page)[0]


def test_filters_are_completed_by_key(visit):
    page = visit()
    page.locator("input[type=search]").press_sequentially("ki")
    page.locator("[role=option]").first.wait_for()
    page.keyboard.press("Tab")
    assert page.locator("input[type=search]").input_value() == "kind:"
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
    assert names(page) == ["tone.wav"]
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
    assert "likely" in page.locator(".status").text_content()


# --- asks by example ------------------------------------------------------------------------


def test_more_like_a_hit_and_back(visit):
    page = visit("/?q=green")
    page.locator(".tile").first.hover()
    page.locator(".tile").first.get_by_role("button", name="More like this").click()
    page.locator(".example img").wait_for()
    assert "like=" in page.url
    until(page, "document.querySelector('.tile .name')?.textContent.includes('green')")
    page.go_back()
    until(page, "!document.querySelector('.example')")
    assert page.locator("input[type=search]").input_value() == "green"


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
    assert "needs words" in page.locator(".status").text_content()


def test_a_file_that_is_chosen_or_dropped_is_searched_by(visit, tmp_path):
    page = visit("/?kind=image")
    example = make.picture(tmp_path / "mine.png", "blue", (60, 40))
    page.locator("input[type=file]").set_input_files(example)
    until(page, "document.querySelector('.tile .name')?.textContent.includes('blue')")
    assert page.locator(".example").text_content().startswith("mine.png")
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
    assert re.search(r"like=\d+%40home%2C0", page.url)


# --- opens ----------------------------------------------------------------------------------


def test_a_hit_opens_with_its_reasons_and_its_facts(visit):
    page = visit("/?q=green")
    page.locator(".tile a").first.click()
    page.locator(".viewer .why li").first.wait_for()
    side = page.locator(".side").text_content()
    assert "% sure" in side and "0.00 MB" in side and "green.png" in side
    page.keyboard.press("Escape")
    until(page, "!document.querySelector('dialog[open]')")
    assert page.evaluate("document.activeElement.closest('.tile') !== null")


def test_the_words_of_a_video_are_read_followed_and_jumped_to(visit):
    page = visit("/?q=violin")
    assert "film.mp4" in names(page)[0]
    assert "violin" in page.locator(".tile q").first.text_content()
    page.locator(".tile a").first.click()
    page.locator(".said").wait_for()
    assert page.locator(".said q").text_content().strip() == "the violin plays"
    assert "what it says is about that" in page.locator(".why").text_content()
    assert page.locator(".time .mark").count() >= 1
    assert page.locator(".shots img").count() == 2
    page.locator(".shots button").first.click()
    until(page, "document.querySelector('.stage video').currentTime < 1.9")
    page.locator(".said").click()
    until(page, "document.querySelector('.stage video').currentTime >= 1.9")


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
    assert again.locator(".viewer h2").text_content() == page.locator(".viewer h2").text_content()


def test_tags_are_given_and_taken_away(visit):
    page = visit("/?q=yellow")
    page.locator(".tile a").first.click()
    page.get_by_label("Add a tag").fill("sunny")
    page.keyboard.press("Enter")
    page.locator(".tag", has_text="sunny").wait_for()
    page.get_by_role("button", name="Remove the tag sunny").click()
    until(page, "!document.querySelector('.tag')")


# --- for everybody, wherever it is ----------------------------------------------------------


def test_all_of_it_by_keyboard(visit):
    page = visit()
    page.keyboard.press("Escape")
    page.locator("h1 a").focus()
    page.keyboard.press("?")
    page.locator("dialog.help[open]").wait_for()
    page.keyboard.press("Escape")
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
    assert page.locator(".viewer h2").text_content() == HOSTILE
    assert page.title() == "Sensorium"


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (1280, "dark"), (3840, "light")])
def test_nothing_is_wider_than_the_window(visit, width, scheme):
    page = visit("/?q=red", viewport={"width": width, "height": 800}, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    tiles = [tile.bounding_box() for tile in page.locator(".tile").all()[:12]]
    assert all(tile["x"] >= 0 and tile["x"] + tile["width"] <= width for tile in tiles)
    page.locator(".tile a").first.click()
    page.locator(".side").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_rule_of_accessibility_is_broken(visit, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = visit("/?q=violin", color_scheme=scheme, bypass_csp=True)  # for the rules' own script

    def broken() -> list[str]:
        found = axe.run(page).response
        assert len(found["passes"]) > 10
        return [rule["id"] for rule in found["violations"]]

    assert broken() == []
    page.locator(".tile a").first.click()
    page.locator(".said").wait_for()
    assert broken() == []
    page.keyboard.press("Escape")
    page.locator("input[type=search]").fill("red kind:vdeo")
    page.locator(".mistake mark").wait_for()
    assert broken() == []


def test_another_language_is_another_file(visit):
    page = visit("/?q=red", locale="de-DE")
    assert page.evaluate("document.documentElement.lang") == "de"
    assert page.get_by_role("button", name="Bilder", exact=True).count() == 1
    assert page.locator(".line").text_content() == "Ab hier weniger wahrscheinlich"


def test_what_is_typed_stays_where_the_server_is_away(visit):
    page = visit("/?q=red")
    page.route("**/api/**", lambda route: route.abort())
    page.locator("input[type=search]").fill("green")
    until(page, "document.querySelector('.status').textContent.includes('does not answer')")
    page.unroute("**/api/**")
    assert page.locator("input[type=search]").input_value() == "green"
    page.keyboard.press("Enter")
    until(page, "document.querySelector('.tile .name')?.textContent.includes('green')")


def test_a_token_is_asked_for_once_and_pictures_come_with_it(visit, library, settings):
    options = ServerOptions(port=0, tokens=(BearerToken.make(_SECRET),))
    with serving([library], settings, library.parent / "media", options) as locked:
        page = visit("/?q=red", locked)
        page.get_by_label("Token").fill("wrong" * 8)
        page.get_by_role("button", name="Enter").click()
        page.get_by_text("not known here").wait_for()
        page.get_by_label("Token").fill(_SECRET)
        page.get_by_role("button", name="Enter").click()
        page.locator(".tile img").first.wait_for()
        until(page, "document.querySelector('.tile img').naturalWidth > 0")
        assert page.evaluate("document.cookie") == ""
        page.goto(locked.url + "/?q=green")
        until(page, "document.querySelector('.tile .name')?.textContent.includes('green')")


def test_the_page_is_small_and_kept(served):
    page = served.http.get("/", headers={"Accept": "text/html"})
    assert "default-src 'none'" in page.headers["content-security-policy"]
    served_names = re.findall(r'"\./(\w+\.js)"', served.http.get("/page/main.js").text)
    assert set(served_names) >= {"api.js", "grid.js", "viewer.js", "box.js"}
    again = served.http.get(
        "/page/main.js", headers={"If-None-Match": served.http.get("/page/main.js").headers["etag"]}
    )
    assert again.status_code == 304
    assert served.http.get("/page/nothing.js").status_code == 404
    assert served.http.get("/page/..%2Fguard.py").status_code == 404
