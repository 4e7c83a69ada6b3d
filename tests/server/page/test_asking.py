"""Questions on the page: asked by keyboard, answered as they come, opened, and asked on."""

from __future__ import annotations

import re

from tests.server.page.browsing import broken_rules, close_hit, expect, until


def test_an_answer_is_asked_for_opened_and_asked_on(visit, talked):
    page = visit("/?q=which%20picture%20shows%20red?", talked, bypass_csp=True)
    page.get_by_role("link", name="Ask it as a question").press("Enter")
    page.locator(".answered .cite").nth(1).wait_for()
    expect(page).to_have_url(re.compile(re.escape("view=ask&q=which+picture")))
    # What comes is told to who does not see it.
    expect(page.get_by_role("log", name="Answers").locator(".answered")).to_have_count(1)
    expect(page.locator(".cited b")).to_have_text(["1 0-red.png", "2 3-red.png"])
    assert broken_rules(page) == []

    page.get_by_role("link", name="Moment 2: 3-red.png").press("Enter")
    page.locator("dialog.viewer[open] h2", has_text="3-red.png").wait_for()
    close_hit(page)
    # The answer is still there, and what is asked next means it.
    page.get_by_label("Question", exact=True).fill("the first one")
    page.keyboard.press("Enter")
    until(page, "document.querySelectorAll('.answered').length == 2")
    page.locator(".answered").first.locator(".cite").wait_for()
    expect(page.locator(".answered").first.locator(".reply")).to_contain_text("0-red.png")

    page.get_by_label("Question", exact=True).fill("What did the lawyer say?")
    page.keyboard.press("Enter")
    page.get_by_text("Nothing in this library answers that. This comes nearest:").wait_for()
    page.locator(".answered").first.locator(".cited a").first.click()
    page.locator("dialog.viewer[open] h2").wait_for()
    close_hit(page)
    page.get_by_role("button", name="New conversation").click()
    page.get_by_role("button", name="which pictures show a dog?").wait_for()
    expect(page.locator(".answered")).to_have_count(0)
    assert "q=" not in page.url


def test_an_opened_file_is_asked_and_plays_what_is_cited(visit, talked):
    page = visit("/?q=kind:video%20doctor", talked, locale="de-DE")
    page.locator(".tile", has_text="visit.mp4").locator("a").first.click()
    page.get_by_label("Frage zu dieser Datei").fill("What did the doctor say?")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Stelle 1: visit.mp4 bei 0:00").click()
    until(page, "document.querySelector('.viewer video').currentTime >= 0.5")
    page.get_by_label("Frage zu dieser Datei").fill("Who swam in the sea?")
    page.keyboard.press("Enter")
    page.get_by_text("Dazu ist nichts in dieser Bibliothek.").wait_for()
    expect(page.locator("dialog.viewer[open] h2")).to_have_text("visit.mp4")


def test_an_answer_that_is_cut_off_says_so_and_keeps_what_came(visit, talked):
    page = visit("/?view=ask", talked)
    sentence = 'event: sentence\ndata: {"text": "Half of it", "cites": [], "citations": []}\n\n'
    page.route(
        "**/api/ask",
        lambda route: route.fulfill(content_type="text/event-stream", body=sentence),
    )
    page.get_by_label("Question", exact=True).fill("which picture shows red?")
    page.keyboard.press("Enter")
    page.get_by_text("The answer was cut off").wait_for()
    expect(page.locator(".reply")).to_have_text("Half of it")
    page.unroute("**/api/ask")
    page.get_by_label("Question", exact=True).fill("which picture shows green?")
    page.keyboard.press("Enter")
    page.locator(".cite").first.wait_for()
