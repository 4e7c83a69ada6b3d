"""The overview of libraries on the page: what is in them, and what to do next, in a Chromium."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine import Library
from engine.index.snapshot import Manifest, Tuning
from engine.library.views import IndexSummary
from engine.server.options import ServerOptions
from engine.types import Modality
from tests import media_files as make
from tests.server.conftest import Served, serving
from tests.server.page.browsing import expect

LIBRARY = "/?view=library"


@pytest.fixture
def shelf(tmp_path, settings) -> Callable[..., Path]:
    """Make a library of some pictures, of which the last are broken."""

    def begin(name: str, pictures: int, broken: int = 0) -> Path:
        media = tmp_path / f"media of {name}"
        media.mkdir()
        for at in range(pictures):
            make.picture(media / f"{at}.png", "red", (30 + at, 20))
        for at in range(broken):
            (media / f"broken-{at}.png").write_text("words")
        with Library.open(tmp_path / name, create=True, encoder="fake", settings=settings) as own:
            own.index([media])
        return tmp_path / name

    return begin


@pytest.fixture
def serve(settings, tmp_path):
    @contextmanager
    def begin(*libraries: Path) -> Served:
        with serving([*libraries], settings, tmp_path, ServerOptions(port=0)) as served:
            yield served

    return begin


def figures(card) -> dict[str, str]:
    names = card.locator(".figures dt").all_text_contents()
    return dict(zip(names, card.locator(".figures dd").all_text_contents(), strict=True))


def test_a_library_is_told_in_figures(visit):
    page = visit("/")
    page.get_by_role("link", name="Library", exact=True).click()
    card = page.locator(".card")
    card.get_by_text("All is well.", exact=True).wait_for()
    assert figures(card) == {"Files": "43", "Pictures": "41", "Videos": "1", "Sounds": "1"}
    told = card.text_content()
    assert re.search(r"On disk: [\d.]+ [kM]B, [\d.]+ [MGT]B free", told)
    assert "pictures: all 41" in told and "everything: it is searched exactly" in told
    expect(page).to_have_title("Library · Sensorium")


def test_several_libraries_each_have_their_own_part(visit, shelf, serve):
    with serve(shelf("photos", 3), shelf("films", 2, broken=1)) as served:
        page = visit(LIBRARY, served)
        cards = page.locator(".card")
        cards.last.get_by_text("Files that could not be read: 1").wait_for()
        expect(page.locator(".card h3")).to_have_text(["photos", "films"])
        assert [figures(card)["Files"] for card in cards.all()] == ["3", "2"]
        cards.last.get_by_role("link", name="See why").click()
        page.get_by_role("heading", name="Could not be read: 1").wait_for()
        expect(page.get_by_label("Library", exact=True)).to_have_value("films")
        page.get_by_label("Library", exact=True).select_option("photos")
        page.get_by_role("heading", name="Could not be read").wait_for(state="hidden")
        expect(page).to_have_url(re.compile(re.escape("library=photos")))


def test_what_is_damaged_is_said_with_the_way_out(visit, shelf, serve):
    library = shelf("photos", 3)
    with serve(library) as served:
        lost = next((library / "segments").glob("*.parquet"))
        kept = lost.read_bytes()
        lost.unlink()
        page = visit(LIBRARY, served)
        page.get_by_text("Something is wrong").wait_for()
        expect(page.locator(".notes")).to_contain_text(lost.name)
        page.get_by_text(f"sensorium rebuild --forget-lost --library {library}").wait_for()
        lost.write_bytes(kept)
        page.reload()
        page.get_by_text("All is well.", exact=True).wait_for()


def test_an_index_that_finds_too_little_and_a_space_that_is_filling_are_noted(
    visit, shelf, serve, monkeypatch
):
    usual = Library.overview

    def overview(self):
        from dataclasses import replace

        found = usual(self)
        tuning = Tuning(4, 10, {"stored": 0.97, "text": 0.912})
        manifest = Manifest(
            dim=64, count=30000, key="IVF64,SQfp16", trained_on=30000, target_recall=0.95,
            tuning=tuning, seconds=1.0, faiss="1",
        )  # fmt: skip
        index = IndexSummary(found.spaces[0].name, Modality.IMAGE, manifest)
        further = replace(
            found.spaces[0], name="scenes", role="further", state="filling", default=False,
            vectors={Modality.IMAGE: 1},
        )  # fmt: skip
        return replace(found, indexes=(index,), spaces=(*found.spaces, further))

    monkeypatch.setattr(Library, "overview", overview)
    with serve(shelf("photos", 4)) as served:
        page = visit(LIBRARY, served)
        page.get_by_text("It can be searched; this is left to do:").wait_for()
        told = page.locator(".card").text_content()
        assert "91.2% of the ten nearest pictures (target 95%)" in told
        assert "pictures: 1 of 4 (25%)" in told
        assert "The next index fills what is searched besides: scenes." in told
        assert "sensorium rebuild --library" in told


def test_files_that_were_not_read_are_not_called_well(visit, shelf, serve):
    with serve(shelf("photos", 2, broken=3)) as served:
        page = visit(LIBRARY, served)
        page.locator(".verdict.unread").wait_for()
        told = page.locator(".health").text_content()
        assert "some files were not" in told and "could not be read: 3" in told
        expect(page.locator(".verdict.fine")).to_have_count(0)
        assert "All is well" not in told


def test_what_the_server_finds_wrong_is_told_in_german(visit, shelf, serve):
    library = shelf("photos", 2, broken=1)
    with serve(library) as served:
        lost = next((library / "segments").glob("*.parquet"))
        lost.unlink()
        page = visit(LIBRARY, served, locale="de-DE")
        note = page.locator(".notes ul li", has_text="fehlt oder ist unvollständig")
        note.wait_for()
        expect(note.locator("small [lang=en]")).to_have_text(f"segment {lost.name} is missing")
        page.goto(served.url + "/?view=indexing")
        page.locator(".group summary", has_text="Dieses Format wird nicht gelesen.").wait_for()


def test_an_empty_library_leads_to_adding_files(visit, shelf, serve):
    with serve(shelf("nothing", 0)) as served:
        page = visit(LIBRARY, served)
        page.get_by_text("Nothing is in it yet.").wait_for()
        page.locator(".notes").get_by_role("link", name="Add files").click()
        page.get_by_label("Folder or file on the server").wait_for()


def test_a_run_that_was_cut_off_leads_to_going_on(visit, shelf, serve):
    library = shelf("photos", 2)
    with Library.open(library) as opened:
        owner = opened.jobs.hold()
        opened.jobs.create("index", {"paths": opened.roots()}, owner.name)
        owner.close()
    with serve(library) as served:
        page = visit(LIBRARY, served)
        page.get_by_text("The last indexing was cut off").wait_for()
        page.get_by_role("link", name="Go on with it").click()
        page.get_by_role("button", name="Go on", exact=True).click()
        page.locator("li.ended.done").wait_for()
