"""Pages that are made by one click: a report of what is open, a story, a lesson; or cancelled."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from engine import Library
from engine.server.options import ServerOptions
from tests import media_files as make
from tests.server.conftest import Served, serving
from tests.server.page.browsing import broken_rules, close_hit, expect, until

VIOLIN = (
    "The violin has four strings that vibrate when a bow rubs them.",
    "The bow of a violin carries rosin, which grips the strings.",
    "Inside the violin a soundpost carries vibrations to the back plate.",
    "A violin makes sound because its hollow body moves the air.",
)


@pytest.fixture(scope="module")
def lessons(tmp_path_factory, settings) -> Iterator[Served]:
    """A server of a film whose speech teaches, and of two pictures."""
    place = tmp_path_factory.mktemp("making")
    media = place / "media"
    media.mkdir()
    make.video(media / "violin.mp4", ("red", "green"), 8.0, 440.0)
    cues = [
        f"{n}\n00:00:0{2 * n},000 --> 00:00:0{2 * n + 1},500\n{t}\n" for n, t in enumerate(VIOLIN)
    ]
    (media / "violin.srt").write_text("\n".join(cues))
    for colour in ("red", "blue"):
        make.picture(media / f"{colour}.png", colour)
    with Library.open(place / "home", create=True, encoder="fake", settings=settings) as made:
        made.index([media])
    with serving([place / "home"], settings, media, ServerOptions(port=0)) as running:
        yield running


def opened(page, name: str, link: str):
    """Press the button that makes a page, wait until it is there, and open it."""
    page.get_by_role("button", name=name).click()
    made = page.get_by_role("link", name=link)
    made.wait_for()
    expect(page.locator(":focus")).to_have_text(link)
    with page.context.expect_page() as opening:
        made.press("Enter")
    opening.value.wait_for_load_state()
    return opening.value


def test_reports_stories_and_lessons_are_one_click_away(visit, lessons):
    page = visit("/?q=how%20a%20violin%20makes%20sound", lessons, bypass_csp=True)
    lesson = opened(page, "Make a lesson about it", "Open it")
    assert lesson.title() and lesson.locator(".claim").count() >= 4
    assert broken_rules(page) == []
    assert broken_rules(lesson) == []
    close_hit(page)

    page.goto(f"{lessons.url}/?q=kind:image%20red")
    page.get_by_role("checkbox", name="Select red.png").click()
    story = opened(page, "Make a story of the selected", "Open it")
    expect(story.locator("figure")).to_have_count(1)
    assert "red.png" in story.content()
    close_hit(page)
    page.get_by_role("button", name="Select nothing").click()

    page.goto(f"{lessons.url}/?q=kind:video%20violin")
    page.locator(".tile", has_text="violin.mp4").locator("a").first.click()
    report = opened(page, "Make a report of this file", "Open it")
    expect(report.locator("body")).to_contain_text(VIOLIN[0])
    # The page runs nothing and fetches nothing, wherever it is opened.
    assert "sandbox" in lessons.http.get(report.url).headers["content-security-policy"]


def test_what_cannot_be_made_says_so_and_a_page_can_be_cancelled(visit, lessons):
    page = visit("/?q=volcanoes", lessons, locale="de-DE")
    page.get_by_role("button", name="Eine Lektion darüber machen").click()
    page.get_by_text("nicht genug in dieser Bibliothek").wait_for()
    close_hit(page)
    page.route("**/events", lambda route: None)  # It goes on for ever.
    with page.expect_request(lambda asked: asked.url.endswith("/events")):
        page.get_by_role("button", name="Eine Lektion darüber machen").click()
    with page.expect_request(lambda asked: asked.method == "DELETE") as cancelled:
        page.get_by_role("button", name="Abbrechen").click()
    assert "/api/jobs/" in cancelled.value.url
    until(page, "!document.querySelector('dialog[open]')")
