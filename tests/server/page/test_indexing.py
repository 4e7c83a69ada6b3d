"""Adding files on the page: folders, progress, cancelling, failures, in a real Chromium."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from engine import Library
from engine.server.access.tokens import BearerToken
from engine.server.options import ServerOptions
from indexers.file_hash import stat_file
from tests import media_files as make
from tests.server.conftest import Served, serving
from tests.server.page.browsing import SECRET, Page, broken_rules, expect, until

INDEXING = "/?view=indexing"


@dataclass
class Own:
    """A library of the test's own, which it may change, and the server that it has."""

    media: Path
    library: Path
    settings: object
    running: ExitStack
    served: Served | None = None

    def serve(self, port: int = 0, **options: object) -> Served:
        """Serve it, in place of the server of before."""
        self.running.close()
        options.setdefault("roots", (self.media,))
        chosen = ServerOptions(port=port, **options)
        self.served = self.running.enter_context(
            serving([self.library], self.settings, self.media, chosen)
        )
        return self.served

    def again(self, **options: object) -> Served:
        """Serve it at the same address."""
        return self.serve(int(self.served.url.rpartition(":")[2]), **options)


@pytest.fixture
def own(tmp_path, settings) -> Iterator[Own]:
    media = (tmp_path / "media").resolve()
    media.mkdir()
    for number, colour in enumerate(("red", "green", "blue")):
        make.picture(media / "first" / f"{colour}.png", colour, (40 + number, 30))
    with Library.open(tmp_path / "mine", create=True, encoder="fake", settings=settings) as made:
        made.index([media / "first"])
    with ExitStack() as running:
        yield Own(media, tmp_path / "mine", settings, running)


@pytest.fixture
def gate(monkeypatch) -> Iterator[Callable[[int], None]]:
    """Let files be read one by one: `gate(3)` lets three more in."""
    tickets, opened = threading.Semaphore(0), threading.Event()

    def wait(path: Path) -> object:
        while not opened.is_set() and not tickets.acquire(timeout=0.05):
            pass
        return stat_file(path)

    monkeypatch.setattr("indexers.pipeline.stat_file", wait)

    def let_in(files: int | None = None) -> None:
        if files is None:
            opened.set()
        else:
            tickets.release(files)

    yield let_in
    opened.set()


def folder(own: Own, name: str, count: int) -> Path:
    for at in range(count):
        make.picture(own.media / name / f"{at:02}.png", "yellow", (50 + at, 33))
    return own.media / name


def index(page: Page, path: Path) -> None:
    page.get_by_label("Folder or file on the server").fill(str(path))
    page.get_by_role("button", name="Index", exact=True).click()


def test_a_folder_that_is_typed_is_indexed_and_found(visit, own):
    page = visit("/", own.serve())
    page.get_by_role("link", name="Add files").click()
    index(page, folder(own, "new", 3))
    ended = page.locator("li.ended.done")
    ended.wait_for()
    expect(ended).to_contain_text("3 added")
    expect(ended).to_contain_text(str(own.media / "new"))
    expect(page.get_by_label("Folder or file on the server")).to_have_value("")
    page.get_by_role("link", name="Search").click()
    until(page, "document.querySelectorAll('.tile').length === 6")
    page.locator("input[type=search]").fill("yellow")
    until(page, "document.querySelector('.tile .name')?.textContent === '00.png'")


def test_a_known_folder_is_chosen_by_pressing_it_and_by_all_at_once(visit, own):
    page = visit(INDEXING, own.serve(roots=()))
    make.picture(own.media / "first" / "later.png", "white")
    page.get_by_role("button", name=str(own.media / "first"), exact=True).click()
    expect(page.get_by_label("Folder or file")).to_have_value(str(own.media / "first"))
    page.keyboard.press("Enter")
    page.locator("li.ended.done", has_text="1 added").wait_for()
    make.picture(own.media / "first" / "latest.png", "black")
    page.get_by_role("button", name="Look through all indexed folders again").click()
    until(page, "document.querySelectorAll('li.ended.done').length === 2")


def test_a_folder_that_may_not_be_indexed_is_refused_with_what_may(visit, own):
    page = visit(INDEXING, own.serve())
    index(page, Path("/etc"))
    page.get_by_text("may not be indexed here").wait_for()
    typed = page.get_by_label("Folder or file on the server")
    expect(typed).to_have_value("/etc")
    expect(typed).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_role("button", name=str(own.media), exact=True)).to_be_visible()
    typed.fill("photos")
    page.keyboard.press("Enter")
    page.get_by_text("absolute paths").wait_for()


def test_progress_is_seen_and_a_reload_goes_on_with_it(visit, own, gate):
    page = visit(INDEXING, own.serve())
    index(page, folder(own, "many", 12))
    card = page.locator("article.job")
    card.get_by_text("of 12 files").wait_for()
    page.reload()
    page.wait_for_selector("html[data-ready]")
    card.wait_for()
    expect(card).to_contain_text(str(own.media / "many"))
    gate()
    page.locator("li.ended.done", has_text="12 added").wait_for()
    expect(card).to_have_count(0)


def test_the_rate_and_the_time_that_is_left_are_told(visit, own, gate):
    page = visit(INDEXING, own.serve())
    index(page, folder(own, "timed", 40))
    page.locator("article.job").get_by_text("of 40 files").wait_for()
    while page.locator("article.job", has_text="left").count() == 0:
        gate(1)
        page.wait_for_timeout(60)
    shown = page.locator(".figures-line").text_content()
    assert "files a second" in shown and "left" in shown
    gate()
    page.locator("li.ended.done").wait_for()


def test_a_job_is_cancelled_and_goes_on_later(visit, own, gate):
    page = visit(INDEXING, own.serve())
    index(page, folder(own, "long", 30))
    page.locator("article.job").get_by_text("of 30 files").wait_for()
    page.get_by_role("button", name="Cancel", exact=True).click()
    page.get_by_text("It ends after this file").wait_for()
    gate()
    row = page.locator("li.ended", has_text=str(own.media / "long"))
    row.get_by_text("cancelled", exact=True).wait_for()
    row.get_by_role("button", name="Go on").click()
    row.get_by_text("done", exact=True).wait_for()
    expect(row).to_contain_text("30 added")


def test_a_second_job_waits_for_the_first_and_can_be_taken_back(visit, own, gate):
    page = visit(INDEXING, own.serve())
    index(page, folder(own, "one", 2))
    page.locator("article.job").get_by_text("of 2 files").wait_for()
    index(page, folder(own, "two", 2))
    waiting = page.locator("article.job", has_text=str(own.media / "two"))
    waiting.get_by_text("Waits for the one before").first.wait_for()
    waiting.get_by_role("button", name="Cancel", exact=True).click()
    page.locator("li.ended.cancelled", has_text=str(own.media / "two")).wait_for()
    gate()
    page.locator("li.ended.done", has_text=str(own.media / "one")).wait_for()


def test_the_server_is_begun_again_under_a_job_which_then_goes_on(visit, own, gate):
    page = visit(INDEXING, own.serve())
    index(page, folder(own, "cut", 20))
    page.locator("article.job").get_by_text("of 20 files").wait_for()
    page.get_by_label("Folder or file on the server").fill(str(own.media / "typed"))
    runner = own.served.jobs

    def let_in_at_the_end() -> None:
        while not runner.stopping:
            time.sleep(0.005)
        gate()

    threading.Thread(target=let_in_at_the_end).start()
    own.again()
    row = page.locator("li.ended", has_text=str(own.media / "cut"))
    row.get_by_text("interrupted", exact=True).wait_for()
    assert page.get_by_label("Folder or file on the server").input_value().endswith("typed")
    row.get_by_role("button", name="Go on").click()
    row.get_by_text("done", exact=True).wait_for()
    expect(row).to_contain_text("20 added")


def test_failures_are_grouped_by_reason_and_tried_again(visit, own):
    broken = folder(own, "broken", 4)
    whole = (broken / "00.png").read_bytes()
    for at in (1, 2):
        (broken / f"{at:02}.png").write_bytes(whole[: 60 + at])
    (broken / "03.png").write_text("words")
    page = visit(INDEXING, own.serve())
    index(page, broken)
    page.get_by_role("heading", name="Could not be read: 3").wait_for()
    group = page.locator(".groups details", has_text="truncated")
    group.locator("summary").click()
    group.locator(".path").first.wait_for()
    assert [Path(each).name[:6] for each in group.locator(".path").all_text_contents()] == [
        "01.png", "02.png",
    ]  # fmt: skip
    for at in (1, 2):
        make.picture(broken / f"{at:02}.png", "blue", (60 + at, 44))
    page.get_by_role("button", name="Try all again").click()
    page.get_by_role("heading", name="Could not be read: 1").wait_for()
    expect(page.locator(".groups").first).to_contain_text("holds text")


def test_files_that_failed_for_one_reason_are_tried_again_alone(visit, own):
    broken = folder(own, "broken", 3)
    (broken / "00.png").write_bytes((broken / "01.png").read_bytes()[:60])
    (broken / "01.png").write_text("words")
    page = visit(INDEXING, own.serve())
    index(page, broken)
    page.get_by_role("heading", name="Could not be read: 2").wait_for()
    for name in ("00", "01"):
        make.picture(broken / f"{name}.png", "black")
    group = page.locator(".failures .group, .group", has_text="truncated").first
    group.get_by_role("button", name="Try these again").click()
    page.get_by_role("heading", name="Could not be read: 1").wait_for()
    ended = page.locator("li.ended.done", has_text="Try failed files again").first
    expect(ended).to_contain_text("1 added")
    expect(ended).to_contain_text("truncated")
    page.get_by_role("button", name="Try these again").click()
    page.get_by_role("heading", name="Could not be read").wait_for(state="hidden")


def test_files_that_vanished_are_hidden_or_forgotten_by_choice(visit, own):
    served = own.serve()
    page = visit(INDEXING, served)
    for file in (own.media / "first").iterdir():
        file.unlink()
    page.get_by_role("button", name="Look through all indexed folders again").click()
    page.get_by_text("Is the disk of these files connected?").wait_for()
    page.get_by_role("button", name="Forget them").click()
    page.locator("li.ended.done", has_text="3 removed").wait_for()
    assert served.http.get("/api/assets").json()["total"] == 0


def test_a_job_that_was_begun_elsewhere_is_seen_when_one_comes_back(visit, own, gate):
    served = own.serve()
    page = visit(INDEXING, served)
    page.get_by_label("Folder or file on the server").fill("/typed")
    served.http.post("/api/index", json={"paths": [str(folder(own, "elsewhere", 2))]})
    page.evaluate("dispatchEvent(new Event('focus'))")
    page.locator("article.job", has_text="elsewhere").wait_for()
    gate()
    page.locator("li.ended.done", has_text="2 added").wait_for()
    expect(page.get_by_label("Folder or file on the server")).to_have_value("/typed")


def test_a_server_that_only_reads_says_so(visit, own):
    page = visit(INDEXING, own.serve(read_only=True))
    page.get_by_text("This server only reads").wait_for()
    expect(page.get_by_role("button", name="Index", exact=True)).to_have_count(0)


def test_a_token_that_may_not_index_says_so_and_another_may(visit, own):
    other = SECRET[::-1]
    tokens = (BearerToken.make(SECRET), BearerToken.make(other, "index"))
    page = visit(INDEXING, own.serve(tokens=tokens))
    page.get_by_label("Token").fill(SECRET)
    page.get_by_role("button", name="Enter").click()
    page.get_by_text("Your token may look, but not index").wait_for()
    page.evaluate(
        "(secret) => fetch('/page/session', { method: 'POST',"
        " headers: { Authorization: `Bearer ${secret}` } })",
        other,
    )
    page.reload()
    page.get_by_role("button", name="Index", exact=True).wait_for()


def test_files_are_added_by_keyboard_alone_and_no_rule_is_broken(visit, own, gate):
    page = visit(INDEXING, own.serve(), bypass_csp=True)
    added = folder(own, "keys", 6)
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "path":
            break
    page.keyboard.type(str(added))
    page.keyboard.press("Enter")
    page.locator("article.job").get_by_text("of 6 files").wait_for()
    assert broken_rules(page) == []
    while page.evaluate("document.activeElement.textContent") != "Cancel":
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_text("It ends after this file").wait_for()
    gate()
    page.locator("li.ended.cancelled").wait_for()
    assert broken_rules(page) == []


def test_names_of_folders_and_reasons_are_text_whatever_they_are(visit, own):
    hostile = own.media / "<img src=x onerror=document.title='owned'>\u202egpj.exe"
    make.picture(hostile / "<b>x<b>.png", "red", (61, 35))
    (hostile / "<script>owned<script>.png").write_text("<script>document.title='owned'</script>")
    page = visit(INDEXING, own.serve())
    index(page, hostile)
    page.locator("li.ended.done", has_text="<img src=x onerror").wait_for()
    page.locator(".groups summary").first.click()
    page.get_by_text("<script>owned<script>.png").first.wait_for()
    expect(page).to_have_title("Add files · Sensorium")
    expect(page.locator(".view img, .view script, .view b b")).to_have_count(0)
