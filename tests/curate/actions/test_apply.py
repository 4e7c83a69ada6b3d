"""Acts on what was found, and their undoing: whole, cut off, and with others in the way."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from engine.curate.actions import apply, safe_move
from engine.curate.actions.undo import undo
from engine.errors import UsageError
from engine.store import Store
from engine.store.curation_records import ActKind, ActState
from engine.store.failpoints import APPLYING
from engine.store.verify import verify
from engine.types import Condition
from tests.curate.conftest import ids_of, new_run
from tests.store.forks import forked


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, with its content."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def passing(store: Store, word: str) -> list[str]:
    moments = store.passing(Condition("tags", "=", word))
    return sorted(Path(record.path).name for record in store.records(moments).values())


def found_by_words(store: Store, word: str) -> set[str]:
    records = store.records([moment for moment, _ in store.words(f'"{word}"', (), 9)])
    return {Path(record.path).name for record in records.values()}


# --- tags ---------------------------------------------------------------------------


def test_a_tag_is_found_by_filter_and_words_and_undone(store):
    ids, before = ids_of(store), store.generation()
    run = new_run(store)
    done = apply.tag(
        store, run.run_id, [(ids["media/0.png"], "Spare"), (ids["media/1.png"], "Spare")]
    )
    assert done.done == 2
    assert passing(store, "spare") == ["0.png", "1.png"]
    assert found_by_words(store, "spare") == {"0.png", "1.png"}
    assert store.tags(ids.values()) == {
        ids["media/0.png"]: ("Spare",),
        ids["media/1.png"]: ("Spare",),
    }
    assert store.stats().tags == {"Spare": 2}
    assert store.generation() > before
    assert store.calibrated(), "a tag changes no vector"
    assert undo(store).run_id == run.run_id
    assert passing(store, "spare") == []
    assert found_by_words(store, "spare") == set()
    assert found_by_words(store, "red") == {"0.png"}, "what the bridge saw stays"
    assert verify(store, deep=True).problems == ()


def test_undo_takes_back_no_more_than_the_run_gave(store):
    one = ids_of(store)["media/0.png"]
    first, second = new_run(store), new_run(store)
    apply.tag(store, first.run_id, [(one, "spare")])
    assert apply.tag(store, second.run_id, [(one, "spare"), (one, "odd")]).done == 1
    undo(store, second.run_id)
    assert store.tags([one]) == {one: ("spare",)}
    with pytest.raises(UsageError, match="did nothing that is left to undo"):
        undo(store, second.run_id)


def test_tags_outlive_a_rebuild_and_new_content_and_go_with_the_asset(library, media):
    store = library.store
    one = ids_of(store)["media/0.png"]
    apply.tag(store, new_run(store).run_id, [(one, "spare")])
    library.rebuild()
    assert found_by_words(store, "spare") == {"0.png"}
    (media / "0.png").write_bytes((media / "1.png").read_bytes())
    os.utime(media / "0.png", ns=(1, 1))
    assert library.index([media]).changed == 1
    assert found_by_words(store, "spare") == {"0.png"}
    (media / "0.png").rename(media / "new.png")
    library.index([media])
    assert found_by_words(store, "spare") == {"new.png"}
    library.remove(media / "new.png")
    assert store.stats().tags == {}
    assert verify(store, deep=True).problems == ()


def test_an_empty_tag_is_refused(store):
    with pytest.raises(UsageError, match="a tag is empty"):
        apply.tag(store, new_run(store).run_id, [(1, " ")])


# --- files --------------------------------------------------------------------------


def test_files_move_without_clashes_and_come_back(library, media, tmp_path):
    store, ids, before = library.store, ids_of(library.store), tree(media)
    there = tmp_path / "new" / "spare"
    there.mkdir(parents=True)
    (there / "1.png").write_bytes(b"someone else's")
    chosen = [ids["media/0.png"], ids["more/0.png"], ids["media/1.png"]]
    run = new_run(store)
    assert apply.move(store, run.run_id, chosen, there).done == 3
    assert sorted(tree(there)) == ["0-2.png", "0.png", "1-2.png", "1.png"]
    assert sorted(tree(media)) == ["2.png"]
    assert store.get(there / "0-2.png").asset_id == ids["more/0.png"]
    assert verify(store, deep=True).problems == ()
    report = library.index([media, there])
    assert (report.unchanged, report.failed, report.removed) == (4, 1, 0)
    wanted = undo(store, dry_run=True)
    assert sorted(tree(media)) == ["2.png"], "a dry run does nothing"
    done = undo(store)
    assert (done.lines, done.problems) == (wanted.lines, ())
    assert tree(media) == before
    assert tree(there) == {"1.png": b"someone else's"}
    assert ids_of(store) == ids
    assert verify(store, deep=True).problems == ()


def test_a_file_that_is_not_as_it_was_judged_stays(store, media, tmp_path):
    ids = ids_of(store)
    (media / "0.png").write_bytes(b"something else")
    (media / "1.png").unlink()
    done = apply.move(store, new_run(store).run_id, list(ids.values()), media / "more")
    assert done.done == 1
    assert [line.partition(": ")[2] for line in done.passed] == [
        "it has changed since it was indexed",
        "no such file or directory",
        "it lies in that folder already",
    ]
    assert (media / "0.png").read_bytes() == b"something else"


def test_the_folder_that_was_made_goes_when_it_is_empty(store, tmp_path):
    there = tmp_path / "a" / "b"
    one = ids_of(store)["media/0.png"]
    apply.move(store, new_run(store).run_id, [one], there)
    undo(store)
    assert not (tmp_path / "a").exists()
    apply.move(store, new_run(store).run_id, [one], there)
    (there / "note.txt").write_text("mine")
    undo(store)
    assert tree(tmp_path / "a") == {"b/note.txt": b"mine"}


def test_what_is_in_the_way_stays(store, media, tmp_path):
    one = ids_of(store)["media/0.png"]
    apply.move(store, new_run(store).run_id, [one], tmp_path / "spare")
    (media / "0.png").write_bytes(b"new here")
    done = undo(store)
    assert "something else is at" in done.problems[0]
    assert (media / "0.png").read_bytes() == b"new here"
    assert list(tree(tmp_path / "spare")) == ["0.png"]
    (media / "0.png").unlink()
    assert undo(store).problems == (), "and is tried again"
    assert list(tree(media)) and not tree(media)["0.png"].startswith(b"new")


@pytest.mark.parametrize("symbolic", [True, False])
def test_links(store, media, tmp_path, symbolic):
    ids = ids_of(store)
    there = tmp_path / "links"
    run = new_run(store)
    chosen = [ids["media/0.png"], ids["more/0.png"]]
    assert apply.link(store, run.run_id, chosen, there, symbolic=symbolic).done == 2
    assert (there / "0.png").samefile(media / "0.png")
    assert (there / "0-2.png").is_symlink() == symbolic
    assert ids_of(store) == ids
    undo(store)
    assert not there.exists()
    assert (media / "0.png").exists()


def test_a_link_that_has_become_the_last_name_of_a_file_stays(store, media, tmp_path):
    one = ids_of(store)["media/0.png"]
    apply.link(store, new_run(store).run_id, [one], tmp_path / "links", symbolic=False)
    content = (media / "0.png").read_bytes()
    (media / "0.png").unlink()
    assert "it stays" in undo(store).problems[0]
    assert (tmp_path / "links" / "0.png").read_bytes() == content


def test_a_folder_that_cannot_be_made_is_one_line(store, media, tmp_path):
    one = ids_of(store)["media/0.png"]
    run = new_run(store)
    for folder in (media / "1.png" / "x", store.path / "x"):
        with pytest.raises(UsageError, match="x"):
            apply.move(store, run.run_id, [one], folder)
    with pytest.raises(UsageError, match="nothing to undo"):
        undo(store)


def test_to_another_disk_a_file_is_copied(store, media, tmp_path, monkeypatch):
    """The system's answer for two disks, of which a test may have only one."""
    before = tree(media)
    link = os.link

    def refuse(*args, **options):
        raise OSError(safe_move.errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    stat = (media / "0.png").stat()
    apply.move(store, new_run(store).run_id, [ids_of(store)["media/0.png"]], tmp_path / "spare")
    moved = tmp_path / "spare" / "0.png"
    assert (moved.stat().st_mtime_ns, moved.stat().st_size) == (stat.st_mtime_ns, stat.st_size)
    assert list(tree(tmp_path / "spare")) == ["0.png"]
    monkeypatch.setattr(os, "link", link)
    undo(store)
    assert tree(media) == before


# --- crashes ------------------------------------------------------------------------

_MOVE = """
import sys
from pathlib import Path
from engine.curate.actions import apply
from engine.store import Store
with Store.open(sys.argv[1]) as store:
    apply.move(store, 1, [a.asset_id for a in store.assets()], Path(sys.argv[2]))
"""


@pytest.mark.parametrize("point", [*APPLYING, "commit.rows", "commit.done"])
def test_a_move_that_was_killed_is_taken_back(library, media, tmp_path, point):
    store, before, ids = library.store, tree(media), ids_of(library.store)
    new_run(store)
    there = tmp_path / "spare"
    killed = forked(_MOVE, str(store.path), str(there), failpoints=f"{point}=kill")
    assert killed == -signal.SIGKILL
    if point == "commit.rows":  # before anything was written down
        assert store.curation.acts(1) == []
    else:
        assert any("cut off" in line for line in verify(store).problems)
        assert undo(store).problems == ()
    assert tree(media) == before
    assert not there.exists()
    assert ids_of(store) == ids
    assert {act.state for act in store.curation.acts(1)} <= {ActState.UNDONE}
    assert verify(store, deep=True).problems == ()


def test_the_journal_says_what_was_done(store, media, tmp_path):
    one = ids_of(store)["media/0.png"]
    run = new_run(store)
    apply.tag(store, run.run_id, [(one, "spare")])
    apply.move(store, run.run_id, [one], tmp_path / "spare")
    acts = store.curation.acts(run.run_id)
    assert [act.kind for act in acts] == [ActKind.TAG, ActKind.FOLDER, ActKind.MOVE]
    assert [act.ordinal for act in acts] == [1, 2, 3]
    assert (acts[2].source, acts[2].target) == (
        str(media / "0.png"),
        str(tmp_path / "spare" / "0.png"),
    )
    assert {act.state for act in acts} == {ActState.DONE}
    assert store.curation.runs()[0].acts == {ActState.DONE: 3}
    undo(store, run.run_id)
    assert store.curation.runs()[0].acts == {ActState.UNDONE: 3}
    assert store.tags([one]) == {}


@pytest.mark.parametrize("older", [False, True])
def test_what_never_happened_is_not_taken_back(store, media, tmp_path, monkeypatch, older):
    """Older libraries call such acts undone."""

    def refuse(*args, **options):
        raise OSError(safe_move.errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "link", refuse)
    run, to = new_run(store), tmp_path / "spare"
    to.mkdir()
    done = apply.move(store, run.run_id, [ids_of(store)["media/0.png"]], to)
    assert done.done == 0 and done.passed == (f"{media / '0.png'}: input/output error",)
    (act,) = store.curation.acts(run.run_id)
    assert act.state is ActState.FAILED
    if older:
        with store.writer() as writer:
            writer.curation.mark(run.run_id, [act], ActState.UNDONE)
    for number in (None, run.run_id):
        with pytest.raises(UsageError, match="nothing"):
            undo(store, number)
    assert verify(store).problems == ()
