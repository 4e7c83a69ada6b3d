"""Tags by hand: all or nothing, by number or path, and taken back with what came between."""

from __future__ import annotations

import pytest

from engine.curate.actions.tagging import TagChange
from engine.errors import LibraryBusy, PathNotFound, UsageError
from engine.store import Store
from tests.curate.conftest import ids_of


def test_files_are_named_by_number_path_and_folder(library, media):
    ids = ids_of(library.store)
    change = library.curate.tag([ids["media/0.png"], media / "more"], add="odd")
    assert change == TagChange(change.run_id, given=2, taken=0)
    assert set(library.store.tags(ids.values())) == {ids["media/0.png"], ids["more/0.png"]}
    run = library.curate.run(change.run_id)
    assert run.kind == "tags" and "add='odd'" in run.command and len(run) == 2


def test_what_is_so_already_is_no_run(library, media):
    library.curate.tag(media, add=["a", "b"])
    assert library.curate.tag(media, add="a", remove="never given") == TagChange(None, 0, 0)
    assert len(library.curate.runs()) == 1


def test_tags_that_were_taken_come_back_to_files_that_are_there(library, media):
    ids = ids_of(library.store)
    library.curate.tag(media, add="old")
    change = library.curate.tag(media, remove="old", add="new")
    library.remove(media / "0.png")
    library.curate.tag(media / "1.png", add="old")  # given again meanwhile
    library.curate.undo(change.run_id)
    tags = library.store.tags(ids.values())
    there = {number for name, number in ids.items() if name != "media/0.png"}
    assert tags == dict.fromkeys(there, ("old",))
    assert not library.verify(deep=True).problems


def test_nothing_is_done_where_a_part_cannot_be(library, media):
    ids = ids_of(library.store)
    for assets, add, error in (
        ([ids["media/0.png"], 999], "x", UsageError),
        ([media / "0.png", "/elsewhere"], "x", PathNotFound),
        (media, ["x", ""], UsageError),
        (media, "x" * 201, UsageError),
        (media, (), UsageError),
    ):
        with pytest.raises(error):
            library.curate.tag(assets, add=add)
    with Store.open(library.path) as other, other.writer(), pytest.raises(LibraryBusy):
        library.curate.tag(media, add="x")
    assert library.store.tag_counts() == {} and library.curate.runs() == []
