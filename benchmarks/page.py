"""The page in Chromium on a library of 100,000 moments: how soon it is there, and follows a key.

    python -m benchmarks.page --data DIR [--moments 100000 --keys 120 --browser chromium]

A browser without a window, with an empty cache, on the loopback interface. Each key is pressed
once the hits of the one before are painted; painted is the second frame after they were laid out.
Those that come below them later do not count. The page itself tells when it has painted: whoever
asks it again and again computes on the cores that are measured.
The files of the library are synthetic, so no tile has a picture.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import click
import numpy as np

from benchmarks.common import (
    at_least,
    at_most,
    command,
    conclude,
    data_option,
    machine,
    stop,
    work_option,
)
from benchmarks.serving import many_moments, questions, serving
from benchmarks.synthetic_library import need_real_data

_WATCH = """
window.shifts = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.shifts += entry.value;
}).observe({ type: "layout-shift", buffered: true });
const begin = () => { window.painted = new Promise((resolve) => { window.paint = resolve; }); };
begin();
let pressed = 0;
addEventListener("keydown", () => { pressed = performance.now(); begin(); }, true);
addEventListener("DOMContentLoaded", () => {
  document.querySelector("moment-grid").addEventListener("shown", ({ detail }) => {
    if (detail.further) return;
    const { paint } = window;
    const shown = performance.now() - pressed;
    requestAnimationFrame(() => requestAnimationFrame(() => {
      const fetched = performance.getEntriesByType("resource");
      const asked = fetched.findLast((each) => each.name.endsWith("/api/search"));
      const sent = (asked?.startTime ?? 0) - pressed;
      const answered = (asked?.responseEnd ?? 0) - pressed;
      paint({ sent, answered, shown, painted: performance.now() - pressed });
      performance.clearResourceTimings();
    }));
  });
});
"""
_BETWEEN = 100
"""Milliseconds between what a key found and the next key, for one who types fast."""
_PARTS = {
    "sent": "a key until its search is sent, median",
    "answered": "until it is answered",
    "shown": "until its hits are laid out",
    "painted": "until they are painted",
}
_SCROLL = """async (wanted) => {
  const grid = document.querySelector("moment-grid");
  const frames = [];
  let last = performance.now();
  while (grid.hits.length < wanted && frames.length < 6000) {
    await new Promise(requestAnimationFrame);
    const now = performance.now();
    frames.push(now - last);
    last = now;
    scrollBy(0, 60);
  }
  return { frames, hits: grid.hits.length };
}"""


def _watch(page: Any, url: str, texts: list[str], keys: int, scrolled: int) -> dict[str, Any]:
    """Return what a page did: milliseconds until it was ready and of each key, shifts, frames."""
    page.add_init_script(_WATCH)
    page.goto(url)
    ready = page.evaluate("window.painted")["painted"]  # since the navigation began
    page.wait_for_selector("html[data-ready]")
    page.wait_for_timeout(200)
    typed = iter(texts)
    taken = _typed(page, typed, keys, 0)
    slower = _typed(page, typed, keys // 2, _BETWEEN)
    shifts = page.evaluate("window.shifts")
    scroll = page.evaluate(_SCROLL, scrolled)
    return {"ready": ready, "keys": taken, "slower": slower, "shifts": shifts} | scroll


def _typed(page: Any, texts: Iterator[str], keys: int, pause: int) -> list[dict[str, float]]:
    """Press keys, so many ms after what each of them found is painted; return what each took."""
    taken: list[dict[str, float]] = []
    while len(taken) < keys:
        page.locator("input[type=search]").fill("")
        page.wait_for_timeout(300)
        for letter in next(texts)[: keys - len(taken)]:
            page.wait_for_timeout(pause)
            page.keyboard.press("Space" if letter == " " else letter)
            taken.append(page.evaluate("window.painted"))
    return taken


@command(__doc__)
@data_option
@work_option
@click.option("--moments", default=100_000, show_default=True)
@click.option("--keys", default=120, show_default=True)
@click.option("--scrolled", default=1_000, show_default=True, help="Hits that are scrolled past.")
@click.option("--browser", default="chromium", show_default=True)
def main(data: Path, work: Path, moments: int, keys: int, scrolled: int, browser: str) -> None:
    need_real_data(data)
    program = shutil.which(browser)
    if program is None:
        stop(f"no browser called {browser}")
    from playwright.sync_api import sync_playwright

    texts = list(islice(questions(data), 40))
    with (
        many_moments(data, work, moments) as path,
        serving(path) as server,
        sync_playwright() as driver,
    ):
        started = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
        seen = _watch(
            started.new_page(viewport={"width": 1280, "height": 800}),
            f"http://127.0.0.1:{server.port}/", texts, keys, scrolled,
        )  # fmt: skip
        started.close()
    whole = [key["painted"] for key in seen["keys"]]
    slow = float(np.percentile(whole, 95))
    slower = float(np.percentile([key["painted"] for key in seen["slower"]], 95))
    pace = 1000 / float(np.mean(seen["frames"]))
    conclude(
        f"{keys} keys on {moments:,} moments, {machine()}.",
        ("what", "figure"),
        [
            ("the first hits are painted, cache empty", f"{seen['ready']:.0f} ms",
             at_most(seen["ready"], 1000, "< 1 s")),
            ("a key until its hits are painted, 95 of 100 within", f"{slow:.0f} ms",
             at_most(slow, 120, "<= 120 ms")),
            *((what, f"{np.median([key[part] for key in seen['keys']]):.0f} ms", None)
              for part, what in _PARTS.items()),
            (f"95 of 100 where a key follows {_BETWEEN} ms later", f"{slower:.0f} ms", None),
            ("layout shift", f"{seen['shifts']:.4f}", at_most(seen["shifts"], 0, "0")),
            (f"frames a second while {seen['hits']:,} hits are scrolled past", f"{pace:.0f}",
             at_least(pace, 50, ">= 50")),
        ],
    )  # fmt: skip


if __name__ == "__main__":
    main()
