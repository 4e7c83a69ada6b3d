"""Files moved and linked by hand: named by number or path, followed by the library, taken back."""

from __future__ import annotations

import pytest

from engine.errors import PathNotFound, UsageError
from tests.curate.conftest import ids_of


def test_files_move_the_library_follows_and_they_come_back(library, media, tmp_path):
    before = ids_of(library.store)
    there = tmp_path / "sorted"
    placed = library.curate.place_files([before["media/0.png"], media / "1.png"], "move", there)
    assert (placed.done, placed.passed) == (2, ())
    assert {file.name for file in there.iterdir()} == {"0.png", "1.png"}
    assert not (media / "0.png").exists()
    assert library.store.assets_numbered([before["media/0.png"]])[
        before["media/0.png"]
    ].path == str(there / "0.png")
    run = library.curate.run(placed.run_id)
    assert run.kind == "files" and "'move'" in run.command and len(run) == 2
    library.curate.undo(placed.run_id)
    assert ids_of(library.store) == before and (media / "0.png").exists()
    assert not library.verify(deep=True).problems


@pytest.mark.parametrize("symbolic", [True, False])
def test_links_are_made_and_removed_and_files_stay(library, media, tmp_path, symbolic):
    there = tmp_path / "linked"
    placed = library.curate.place_files(media / "0.png", "link", there, symbolic=symbolic)
    assert placed.done == 1 and (there / "0.png").is_symlink() is symbolic
    assert (there / "0.png").read_bytes() == (media / "0.png").read_bytes()
    library.curate.undo(placed.run_id)
    assert not (there / "0.png").exists() and (media / "0.png").exists()


def test_a_file_that_is_gone_is_passed_over_and_named(library, media, tmp_path):
    (media / "0.png").unlink()
    placed = library.curate.place_files([media / "0.png", media / "1.png"], "move", tmp_path / "to")
    assert placed.done == 1 and "0.png" in placed.passed[0]


def test_nothing_is_recorded_where_it_cannot_be(library, media, tmp_path):
    for assets, how, error in (
        ([999], "move", UsageError), ("/elsewhere", "move", PathNotFound),
        (media, "burn", UsageError),
    ):  # fmt: skip
        with pytest.raises(error):
            library.curate.place_files(assets, how, tmp_path / "to")
    assert library.curate.runs() == [] and not (tmp_path / "to").exists()
