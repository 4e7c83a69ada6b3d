"""The page where its server is slow, away, begun again, or asks for another token."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from engine.server.access.tokens import BearerToken
from engine.server.options import ServerOptions
from tests.server.conftest import Served, serving
from tests.server.page.browsing import SECRET, expect, first_caught, until, wait_until

OTHER = SECRET[::-1]
LEADS = "document.querySelector('.tile .name')?.textContent.includes('{}')"
SAYS = "document.querySelector('.status').textContent.includes('{}')"


@pytest.fixture
def start(library: Path, settings) -> Iterator[Callable[..., Served]]:
    """Serve the library; the server of before ends, and the next one has its address."""
    with ExitStack() as running:
        at = [0]

        def begin(**options: object) -> Served:
            running.close()
            chosen = ServerOptions(port=at[0], **options)
            served = running.enter_context(
                serving([library], settings, library.parent / "media", chosen)
            )
            at[0] = int(served.url.rpartition(":")[2])
            return served

        begin.stop = running.close
        yield begin


def test_a_slow_server_is_said_to_be_slow_and_the_hits_of_before_stay(visit):
    page = visit("/?q=red")
    held = []
    page.route("**/api/search", lambda route: held.append(route))
    page.locator("input[type=search]").fill("green")
    until(page, SAYS.format("takes its time"))
    expect(page.locator(".tile .name").first).to_contain_text("red")
    page.locator("input[type=search]").press_sequentially(" kind:image")
    first_caught(page, held)
    wait_until(page, lambda: "kind:image" in held[-1].request.post_data, "the last word")
    held[-1].continue_()
    until(page, LEADS.format("green"))
    expect(page.locator(".status")).to_contain_text("hits")
    expect(page.locator("input[type=search]")).to_have_value("green kind:image")


def test_every_answer_is_slow_and_all_of_it_is_used_as_ever(visit):
    page = visit("/?q=red")
    page.route("**/*", lambda route: (page.wait_for_timeout(120), route.continue_()))
    page.locator("input[type=search]").fill("blue")
    until(page, LEADS.format("blue"))
    page.get_by_role("link", name="Library", exact=True).click()
    page.get_by_text("All is well").wait_for()
    page.go_back()
    until(page, LEADS.format("blue"))
    page.locator(".tile a").first.click()
    page.locator(".viewer .why li").first.wait_for()
    page.unroute_all(behavior="ignoreErrors")


def test_a_view_that_is_slow_says_so_and_the_search_is_as_it_was_left(visit):
    page = visit("/?q=red")
    told = page.locator(".status").text_content()
    held = []
    page.route("**/api/overview*", lambda route: held.append(route))
    page.get_by_role("link", name="Library", exact=True).click()
    until(page, SAYS.format("takes its time"))
    first_caught(page, held).continue_()
    page.get_by_text("All is well").wait_for()
    expect(page.locator(".status")).to_have_text("")
    page.route("**/api/search", lambda route: route.abort())  # nothing is asked for again
    page.go_back()
    until(page, "!document.querySelector('moment-grid').hidden")
    expect(page.locator(".status")).to_have_text(told)
    expect(page.locator(".tile .name").first).to_contain_text("red")


def test_the_server_is_begun_again_and_the_page_finds_it_by_itself(visit, start):
    page = visit("/?q=red", start())
    start.stop()
    page.locator("input[type=search]").fill("green")
    until(page, SAYS.format("does not answer"))
    expect(page.locator(".tile .name").first).to_contain_text("red")
    start()
    until(page, LEADS.format("green"))  # without a key or a press
    expect(page.locator("input[type=search]")).to_have_value("green")
    expect(page.locator(".status")).not_to_contain_text("does not answer")


def test_a_view_that_was_never_opened_comes_once_the_server_is_back(visit, start):
    page = visit("/?q=red", start())
    start.stop()
    page.get_by_role("link", name="Library", exact=True).click()
    until(page, SAYS.format("does not answer"))
    start()
    page.get_by_text("All is well").wait_for()
    page.get_by_role("link", name="Search").click()
    until(page, LEADS.format("red"))


def test_it_is_tried_at_once_where_one_presses_try_now(visit):
    page = visit("/?q=red", fresh=True)
    page.clock.install()
    page.reload()
    until(page, LEADS.format("red"))
    page.clock.pause_at("2099-01-01")  # from here on nothing is tried because time passes
    page.route("**/*", lambda route: route.abort())
    page.locator("input[type=search]").fill("blue")
    page.clock.run_for(200)
    now = page.get_by_role("button", name="Try now")
    now.wait_for()
    page.unroute("**/*")
    now.click()
    until(page, LEADS.format("blue"))


def test_offline_and_online_again(visit):
    page = visit("/?q=red")
    page.context.set_offline(True)
    page.locator("input[type=search]").fill("yellow")
    until(page, SAYS.format("does not answer"))
    page.context.set_offline(False)
    until(page, LEADS.format("yellow"))


def test_a_token_expires_in_the_middle_and_what_is_typed_goes_on(visit, start):
    page = visit("/?q=red", start(tokens=(BearerToken.make(SECRET),)))
    page.get_by_label("Token").fill(SECRET)
    page.keyboard.press("Enter")
    until(page, LEADS.format("red"))
    start(tokens=(BearerToken.make(OTHER),))
    page.locator("input[type=search]").fill("")
    page.keyboard.type("gre")
    page.get_by_text("The server asks for a token").wait_for()
    page.keyboard.type("en")  # the field of the token does not take it away
    expect(page.locator("input[type=search]")).to_have_value("green")
    page.get_by_label("Token").fill(OTHER)
    page.keyboard.press("Enter")
    until(page, LEADS.format("green"))
    expect(page.locator("input[type=search]")).to_have_value("green")
    expect(page.get_by_label("Token")).to_have_count(0)


def test_a_token_expires_while_a_hit_is_open_and_a_tag_is_typed(visit, start):
    rights = ("tag",)
    page = visit("/?q=blue", start(tokens=(BearerToken.make(SECRET, *rights),)))
    page.get_by_label("Token").fill(SECRET)
    page.keyboard.press("Enter")
    page.locator(".tile a").first.click()
    page.get_by_label("Add a tag").fill("lake")
    start(tokens=(BearerToken.make(OTHER, *rights),))
    page.keyboard.press("Enter")
    asking = page.locator("dialog[open]", has_text="The server asks for a token")
    asking.get_by_label("Token").fill(OTHER)
    page.keyboard.press("Enter")
    asking.wait_for(state="hidden")
    expect(page.get_by_label("Add a tag")).to_have_value("lake")
    page.get_by_label("Add a tag").press("Enter")
    page.locator(".tag", has_text="lake").wait_for()
    page.get_by_role("button", name="Remove the tag lake").click()
    until(page, "!document.querySelector('.tag')")


def test_a_token_expires_in_a_view_which_goes_on_where_it_was(visit, start, library):
    known = (library.parent / "media").resolve()
    page = visit("/?view=indexing", start(tokens=(BearerToken.make(SECRET, "index"),)))
    page.get_by_label("Token").fill(SECRET)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Index", exact=True).wait_for()
    start(tokens=(BearerToken.make(OTHER, "index"),))
    page.get_by_label("Folder or file on the server").fill(f"{known}")
    page.get_by_role("button", name="Index", exact=True).click()
    page.get_by_text("The server asks for a token").wait_for()
    expect(page.get_by_label("Folder or file on the server")).to_have_value(f"{known}")
    page.get_by_label("Token").fill(OTHER)
    page.keyboard.press("Enter")
    page.locator("li.ended.done", has_text=str(known)).wait_for()


def test_a_process_is_killed_and_a_server_begun_in_its_place(visit, library, tmp_path, settings):
    with process(library, tmp_path) as (served, kill):
        page = visit("/?q=red", served)
        port = int(served.url.rpartition(":")[2])
        kill()
        page.locator("input[type=search]").fill("blue")
        until(page, SAYS.format("does not answer"))
    with serving([library], settings, library.parent / "media", ServerOptions(port=port)):
        until(page, LEADS.format("blue"))


@contextmanager
def process(library: Path, home: Path) -> Iterator[tuple[Served, Callable[[], None]]]:
    """Serve a library by a process of its own, which can be killed."""
    command = [
        sys.executable, "-m", "sensorium", "serve", "--library", str(library), "--port", "0",
    ]  # fmt: skip
    environment = {**os.environ, "HOME": str(home), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as running:
        try:
            line = next(line for line in running.stdout if "serving" in line)
            url = line.split(" at ")[1].split(";")[0]
            yield Served(url, None, library, library), running.kill
        finally:
            running.kill()
