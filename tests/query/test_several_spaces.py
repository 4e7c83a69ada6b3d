"""What several spaces do to a whole library: all are filled, counted, compacted and dropped."""

from __future__ import annotations

import signal
from dataclasses import replace
from pathlib import Path

import pytest

from engine import Library
from engine.errors import SpaceMismatch, UsageError
from engine.index import disk, inventory
from engine.store import Store
from engine.store.failpoints import DROPPING
from engine.testing.fake_encoder import FakeEncoder, OtherFake
from engine.types import Modality
from tests import media_files as make
from tests.store.forks import forked

pytestmark = pytest.mark.slow


def media_of(library) -> Path:
    return library.path.parent / "media"


_DROP = """
import sys
from engine import Library
with Library.open(sys.argv[1]) as library:
    library.spaces.drop("fake2")
"""


def hits(result) -> list[tuple[str, float]]:
    return [(Path(hit.path).name, round(hit.score, 3)) for hit in result.hits]


def test_what_is_indexed_later_goes_into_every_space(full):
    make.picture(media_of(full) / "late.png", "yellow")
    make.sound(media_of(full) / "late.wav", (3000, 3.0))
    assert full.index([media_of(full)]).added == 2
    for name in ("fake", "fake2"):
        assert hits(full.search("yellow", space=name))[0][0] == "late.png"
    found = {Path(h.path).name for h in full.search("high tone", space="fake-hearing").hits}
    assert "late.wav" in found
    assert full.verify(deep=True).problems == ()
    assert full.store.calibrated()


def test_a_failed_file_that_is_mended_goes_into_every_space(full, tmp_path):
    bad = media_of(full) / "bad.png"
    bad.write_bytes(make.picture(tmp_path / "good.png", "white").read_bytes()[:60])
    assert full.index([media_of(full)]).failed == 1
    make.picture(bad, "white")
    assert full.retry().added == 1
    assert hits(full.search("white", space="fake2"))[0][0] == "bad.png"


def test_a_library_of_several_spaces_is_compacted_and_rebuilt(full):
    (media_of(full) / "two.png").unlink()
    full.index([media_of(full)])
    before = {name: hits(full.search("red", space=name)) for name in ("fake", "fake2")}
    full.compact()
    full.rebuild()
    assert {name: hits(full.search("red", space=name)) for name in before} == before
    assert full.verify(deep=True).problems == ()
    assert {b.space for b in full.store.backgrounds()} == set(full.store.spaces())


def test_what_a_space_holds_is_counted(full):
    counted = {one.name: one for one in full.spaces.list()}
    assert next(iter(counted)) == "fake"
    assert list(counted) == [
        "fake", "fake-hearing", "fake2", "fake-hearing-sounds", "fake-looks", "fake-sounds",
    ]  # fmt: skip
    one = counted["fake2"]
    assert (one.encoder, one.dim, one.role, one.default, one.state) == (
        "fake2", 64, "text", False, "ready",
    )  # fmt: skip
    assert one.vectors == {Modality.IMAGE: 3, Modality.KEYFRAME: 1, Modality.SOUND: 3}
    assert counted["fake-hearing"].vectors == {Modality.SOUND: 3}
    assert one.bytes == sum(info.bytes for info in full.store.segments("fake2"))
    assert counted["fake-looks"].role == "likeness"


def test_a_space_that_is_dropped_is_gone_from_all(full, settings, monkeypatch):
    monkeypatch.setattr(inventory, "EXACT_ROWS", 1)
    full.refresh(always=True)
    assert disk.newest(full.store.path, full.store.spaces()["fake2"])
    with Library.open(full.store.path, settings=settings) as reader:
        reader.search("red", space="fake2")
        with pytest.raises(UsageError, match="default space"):
            full.spaces.drop("fake")
        full.search("red", space="fake2")
        assert full.spaces.drop("fake2") == ["fake2"]
        assert "fake2" not in full.searcher.indexes
        with pytest.raises(UsageError, match="called 'fake2'"):
            reader.search("red", space="fake2")
        assert hits(reader.search("red"))[0][0] in ("one.png", "two.png")
    assert not disk.folder_of(full.store.path, "fake2").exists()
    assert full.verify(deep=True).problems == ()
    make.picture(media_of(full) / "late.png", "yellow")
    assert full.index([media_of(full)]).added == 1
    assert {b.space for b in full.store.backgrounds()} == set(full.store.spaces())
    full.spaces.add("fake2")
    assert hits(full.search("yellow", space="fake2"))[0][0] == "late.png"


def test_indexes_of_spaces_whose_names_no_file_takes_stay_apart(full):
    one, other = (disk.folder_of(full.store.path, f"{'/model' * 20}/{end}") for end in "ab")
    assert one != other
    assert one.parent == other.parent == full.store.path / "indexes"
    assert disk.folder_of(full.store.path, "fake").name == "fake"


def test_indexes_of_spaces_that_are_no_more_go_with_the_next_refresh(full):
    stranger = full.store.path / "indexes" / "gone" / "1"
    stranger.mkdir(parents=True)
    full.refresh(always=True)
    assert not stranger.parent.exists()
    assert disk.newest(full.store.path, full.store.spaces()["fake"])


def test_a_space_that_is_made_again_by_another_revision_is_followed_anew(
    full, settings, monkeypatch
):
    with Library.open(full.store.path, settings=settings) as reader:
        before = hits(reader.search("red", space="fake2", kinds="image"))
        full.spaces.drop("fake2")
        monkeypatch.setattr(OtherFake, "shared", replace(OtherFake.shared, revision="2"))
        monkeypatch.setattr(OtherFake, "embed_texts", FakeEncoder.embed_texts)
        with Library.open(full.store.path, settings=settings) as later:
            later.spaces.add("fake2")
            assert hits(later.search("red", space="fake2", kinds="image")) == before
        reader._towers._plain.clear()  # as if it had been opened by the later version
        reader.searcher._texts.clear()
        assert hits(reader.search("red", space="fake2", kinds="image")) == before
        reader._towers._plain.clear()
        monkeypatch.setattr(OtherFake, "shared", replace(OtherFake.shared, revision="1"))
        with pytest.raises(SpaceMismatch, match="revision"):
            reader.search("red", space="fake2")


@pytest.mark.parametrize("point", DROPPING)
def test_dropping_killed_at_any_point_leaves_a_whole_library(full, settings, point):
    assert forked(_DROP, str(full.store.path), failpoints=f"{point}=kill") == -signal.SIGKILL
    gone = point in ("commit.done", "drop.unlinking")
    with Library.open(full.store.path, settings=settings) as again:
        assert again.store.warnings == []
        assert ("fake2" in again.store.spaces()) is not gone
        assert again.verify(deep=True).problems == ()
        assert hits(again.search("red"))[0][0] in ("one.png", "two.png")
        if not gone:
            assert hits(again.search("red", space="fake2"))[0][0] in ("one.png", "two.png")
            again.spaces.drop("fake2")
        assert again.verify(deep=True).problems == ()


def test_an_encoder_of_some_modalities_makes_no_library(tmp_path, settings):
    with pytest.raises(UsageError, match=r"embeds sound alone; .* library\.spaces\.add\('fake-h"):
        Library.open(tmp_path / "lib", create=True, encoder="fake-hearing", settings=settings)
    assert not (tmp_path / "lib").exists()


def test_a_space_is_added_to_a_library_in_which_nothing_is_indexed_yet(tmp_path, settings):
    with Library.open(tmp_path / "lib", create=True, encoder="fake", settings=settings) as made:
        assert made.spaces.add("fake2").moments == 0
        make.picture(tmp_path / "media" / "a.png", "red")
        made.index([tmp_path / "media"])
        assert hits(made.search("red")) and hits(made.search("red", space="fake2"))
        assert made.store.encoder == "fake"


def test_a_library_that_knows_no_roles_is_searched_as_before(library):
    """Where the migration could not tell, the next run does."""
    with Store.open(library.store.path) as store, store.writer() as writer:
        writer.connection.exec_driver_sql("UPDATE spaces SET towers = NULL")
        writer.connection.commit()
    assert hits(library.search("red"))[0][0] in ("one.png", "two.png")
    library.index([library.store.path.parent / "media"])
    assert library.store.space_infos()["fake"].default
