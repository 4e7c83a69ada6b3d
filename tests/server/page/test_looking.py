"""The grid as it is looked at: nothing moves, words are marked, sounds play, many hits scroll."""

from __future__ import annotations

import re

import pytest

from tests.server.page.browsing import expect, first_caught, names, type_words, until, until_rests

_SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const each of list.getEntries()) {
    const named = each.sources.map(({ node, previousRect: a, currentRect: b }) => (
      `${node?.className || node?.nodeName} ${a.y}+${a.height} is at ${b.y}+${b.height}`));
    window.shifts.push([each.value, ...named].join(" "));
  }
}).observe({ type: "layout-shift", buffered: true });
"""
_MANY = """(count) => {
  const grid = document.querySelector("moment-grid");
  const [one] = grid.hits;
  const hits = Array.from({ length: count }, (_, i) => ({
    ...one, moment_id: 1e6 + i, path: `/made/${i}.png`,
    file: { ...one.file, width: 40 + (i % 7) * 20, height: 60 },
  }));
  grid.show(hits);
}"""
_SCROLL = """async (pixels) => {
  let most = 0;
  while (scrollY + innerHeight < Math.min(pixels, document.documentElement.scrollHeight - 2)) {
    scrollBy(0, scrollY < 2400 ? 240 : 2400);  // as one reads, and then as one looks for something
    await new Promise(requestAnimationFrame);
    most = Math.max(most, document.querySelectorAll(".tile").length);
  }
  return { most, scrolled: scrollY };
}"""


_SLOWLY = """() => {
  const { play } = HTMLMediaElement.prototype;
  window.played = 0;
  HTMLMediaElement.prototype.play = function () {
    window.played += 1;
    this.playbackRate = 0.1;
    return play.call(this);
  };
}"""
"""A sound of two seconds lasts for twenty: a slow machine still sees it play."""


def shifts(page) -> list[str]:
    page.wait_for_timeout(150)  # observers are told of a frame after it
    return page.evaluate("window.shifts.splice(0)")


@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_moves_while_it_loads_and_while_one_types(visit, browser, served, width):
    with browser.new_context(viewport={"width": width, "height": 800}, locale="en-GB") as context:
        page = context.new_page()
        page.add_init_script(_SHIFTS)
        page.goto(served.url)
        page.wait_for_selector("html[data-ready]")
        until(page, "document.querySelector('.tile img').naturalWidth > 0")
        assert shifts(page) == []
        for words in ("red kind:vdeo", "no such", "violin", "red"):
            page.locator("input[type=search]").fill("")
            for letter in words:
                page.keyboard.press("Space" if letter == " " else letter)
                page.wait_for_timeout(20)
        until(page, "document.querySelector('.tile .name')?.textContent.includes('red')")
        assert shifts(page) == []
        page.goto(f"{served.url}/?kind=video")
        page.wait_for_selector("html[data-ready]")
        page.locator(".tile a").first.click()
        page.locator(".said").wait_for()
        page.locator(".like a").first.wait_for()
        page.locator(".tags").wait_for()
        found = shifts(page)
        assert found == []


def test_notes_of_a_search_are_behind_a_word_and_move_nothing(visit):
    page = visit()
    top = page.locator("moment-grid").bounding_box()["y"]

    def noted(route) -> None:
        found = route.fetch()
        body = found.json() | {"notes": ["the next index fills <b>scenes</b>"]}
        route.fulfill(response=found, json=body)

    page.route("**/api/search", noted)
    type_words(page, "green", "green")
    page.locator(".notes summary").wait_for()
    assert page.locator("moment-grid").bounding_box()["y"] == top
    page.locator(".notes summary").click()
    expect(page.locator(".notes p")).to_have_text("the next index fills <b>scenes</b>")
    expect(page.locator(".notes p")).to_be_visible()


def test_the_words_that_were_asked_for_are_marked_in_a_sentence(visit):
    page = visit("/?q=violins")
    quoted = page.locator(".tile q").first
    quoted.wait_for()
    expect(quoted).to_contain_text("violin")
    expect(quoted.locator("mark")).to_have_text(["violin"])


def test_words_of_a_sentence_are_marked_where_they_are_whole_and_say_something(visit):
    cases = [
        ["The Doctor said: two tablets.", "tablet doctor", ["Doctor", "tablets"]],
        ["Schöne Grüße", "grusse", []],
        ["Schöne Grüße", "schone", ["Schöne"]],
        ["the cat and the dog", "the and", []],
        ["东京塔的夜景", "东京塔", ["东京塔"]],
        ["a <b>bold</b> move", "bold", ["bold"]],
        ["catalogue of categories", "cat", []],
    ]
    found = visit().evaluate(
        """async (cases) => {
          const { marked } = await import("/page/hits/marking.js");
          return cases.map(([sentence, asked]) => {
            const quoted = document.createElement("q");
            quoted.append(...marked(sentence, asked));
            const marks = [...quoted.querySelectorAll("mark")];
            return [quoted.textContent, asked, marks.map((each) => each.textContent)];
          });
        }""",
        cases,
    )
    assert found == cases


def test_a_sound_plays_from_its_tile_and_stops(visit):
    page = visit("/?kind=audio")
    page.evaluate(_SLOWLY)
    page.locator(".tile").first.hover()
    page.get_by_role("button", name="Play", exact=True).click()
    page.get_by_role("button", name="Stop", exact=True).wait_for()
    canvas = "document.querySelector('.tile canvas').toDataURL()"
    before = page.evaluate(canvas)
    until(page, f"{canvas} !== {before!r}")  # what has been played is drawn
    page.get_by_role("button", name="Stop", exact=True).click()
    page.get_by_role("button", name="Play", exact=True).wait_for()


def test_a_sound_that_is_stopped_before_its_outline_came_does_not_play(visit):
    page, held = visit("/?kind=image"), []
    page.route("**/waveform*", lambda route: held.append(route))
    page.evaluate(_SLOWLY)
    for kind in ("Sounds", "Pictures"):
        page.get_by_role("button", name=kind, exact=True).click()
    page.get_by_role("button", name="Play", exact=True).click()
    page.get_by_role("button", name="Stop", exact=True).click()
    first_caught(page, held).continue_()
    until(page, "document.querySelector('.tile canvas').width > 300")  # It is drawn.
    assert page.evaluate("window.played") == 0


def test_ten_thousand_hits_scroll_and_a_hundred_thousand_are_laid_out(visit):
    page = visit("/?kind=image")
    for count in (100_000, 10_000):
        page.evaluate(_MANY, count)
        seen = page.evaluate(_SCROLL, 60_000)
        # Frames a second are measured by benchmarks.page; what makes them few is held here.
        assert seen["most"] < 150, "those far from the window are not made"
        assert seen["scrolled"] > 50_000
    last = "[...document.querySelectorAll('.tile')].at(-1).getAttribute('aria-posinset')"
    assert int(page.evaluate(last)) > 1000


def test_near_copies_are_unfolded_and_folded_again(visit):
    page = visit("/?q=violin&group=asset")
    tile = page.locator(".tile", has_text="film.mp4").first
    badge = tile.get_by_role("button", name=re.compile("more of it"))
    count = int(badge.text_content().removeprefix("+"))
    hits = "document.querySelector('moment-grid').hits.length"
    before = page.evaluate(hits)
    badge.focus()
    page.keyboard.press("Enter")
    page.locator(".tile.unfolded").first.wait_for()
    expect(page.locator(".tile.unfolded")).to_have_count(count)
    assert set(page.locator(".tile.unfolded .name").all_text_contents()) == {"film.mp4"}
    expect(page.locator(":focus")).to_have_text("\u2212")
    page.locator(".tile.unfolded a").first.click()
    page.locator("dialog.viewer[open]").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("button", name=f"Fold {count} again").click()
    until(page, "!document.querySelector('.tile.unfolded')")
    assert page.evaluate(hits) == before


def test_rows_stay_where_they_are_when_more_hits_come(visit):
    page = visit("/?kind=image")
    laid = page.evaluate(
        """async () => {
          const { layOut } = await import("/page/hits/layout.js");
          const file = (i) => ({ width: 40 + (i % 7) * 20, height: 60 });
          const hits = Array.from({ length: 500 }, (_, i) => ({ kind: "image", file: file(i) }));
          const whole = (line) => JSON.stringify(layOut(hits, 1000, line).tiles);
          const stepwise = (line) => {
            let laid = null;
            for (const count of [1, 3, 60, 61, 200, 500]) {
              laid = layOut(hits.slice(0, count), 1000, line < count ? line : -1, laid);
            }
            return JSON.stringify(laid.tiles);
          };
          return [-1, 60, 61, 63, 200].map((line) => whole(line) === stepwise(line));
        }"""
    )
    assert laid == [True] * 5


def test_the_line_and_the_focus_stay_when_other_hits_come(visit):
    page = visit("/?q=red")
    shown = """(further) => {
      const grid = document.querySelector("moment-grid");
      const hit = (i, confidence) => (
        { ...grid.hits[0], moment_id: 9000 + i, confidence, likely: confidence > 0.5 }
      );
      const first = Array.from({ length: 12 }, (_, i) => hit(i, 0.9 - i / 20));
      grid.show(first);
      // Those of a further page are in an order of their own.
      if (further) grid.show([...first, hit(20, 0.4), hit(21, 0.45)], { further: true });
      return document.querySelectorAll(".line").length;
    }"""
    page.locator(".tile a").first.focus()
    assert page.evaluate(shown, False) == 1
    until(page, "document.activeElement === document.querySelector('.tile a')")
    assert page.evaluate(shown, True) == 1


def test_back_leads_to_where_one_was_in_a_search(visit):
    page = visit("/?q=red", viewport={"width": 700, "height": 500})
    page.mouse.wheel(0, 700)
    before, shown = until_rests(page, 600), names(page)
    page.evaluate("document.querySelector('.tile .acts button').click()")
    page.locator(".example").wait_for()
    until(page, "scrollY === 0")
    page.go_back()
    until(page, "!document.querySelector('.example')")
    assert abs(page.evaluate("scrollY") - before) < 2
    until(page, "document.querySelectorAll('.tile').length > 4")
    assert names(page)[:3] == shown[:3]
    assert re.search("hits", page.locator(".status").text_content())
    page.reload()
    page.wait_for_selector("html[data-ready]")
    assert abs(page.evaluate("scrollY") - before) < 2
