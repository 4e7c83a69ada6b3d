"""The log and its snapshots: folding in is invisible but for the time that it saves."""

from __future__ import annotations

import shutil
import signal

import pytest

from engine.errors import Cancelled, LibraryBusy, LibraryReadOnly
from engine.index import disk
from engine.index.build import BuildOptions
from engine.index.refresh import refresh
from engine.index.space import SpaceIndex
from engine.index.verify import verify_indexes
from engine.store import Store, failpoints
from engine.store.failpoints import REFRESH
from engine.types import Modality
from tests.store.forks import forked
from tests.store.make import LOOKS, TEXT, picture, sound, vector

pytestmark = pytest.mark.slow


@pytest.fixture
def store(tmp_path):
    with Store.create(tmp_path / "library", "fake") as made, made.writer() as writer:
        writer.ensure_space(TEXT)
        writer.ensure_space(LOOKS)
        for i in range(6):
            writer.commit([picture(f"/{i}.jpg"), sound(f"/{i}.wav", f"one {i}", f"two {i}")])
    with Store.open(tmp_path / "library") as opened:
        yield opened


def fold(store, space=TEXT, **options):
    with disk.refreshing(store.path):
        return refresh(store, space, None, BuildOptions(threads=1), **options)


def followed(store) -> SpaceIndex:
    index = SpaceIndex(TEXT)
    index.follow(store)
    return index


def contents(index: SpaceIndex) -> dict[Modality, dict[int, list[float]]]:
    return {
        m: dict(zip(held.ids().tolist(), held.vectors(held.ids()).tolist(), strict=True))
        for m, held in index.indexes.items()
    }


def test_what_is_folded_in_is_what_the_log_says(store):
    before = contents(followed(store))
    made = {one.modality: one for one in fold(store)}
    assert set(made) == {Modality.IMAGE, Modality.SPEECH}
    index = followed(store)
    assert contents(index) == before
    assert {m: (len(i.snapshot), len(i.tail)) for m, i in index.indexes.items()} == {
        Modality.IMAGE: (6, 0),
        Modality.SPEECH: (12, 0),
    }


def test_an_open_index_takes_up_what_was_folded_in_elsewhere(store):
    index = followed(store)
    assert index.is_level(store, store.generation())
    fold(store)
    assert not index.is_level(store, store.generation())
    index.follow(store)
    assert len(index.indexes[Modality.IMAGE].tail) == 0
    assert index.is_level(store, store.generation())


def test_news_changes_and_deaths_after_the_snapshot(store):
    fold(store)
    index = followed(store)
    known = {asset.path: asset.asset_id for asset in store.assets()}
    with store.writer() as writer:
        writer.commit([picture("/new.jpg"), picture("/0.jpg", "other")])
        writer.remove([known["/1.jpg"]])
    index.follow(store)
    late = followed(store)
    assert contents(index) == contents(late)
    images = index.indexes[Modality.IMAGE]
    assert (len(images), len(images.tail), images.dead) == (6, 2, 2)
    ids, scores = images.search(vector("/1.jpgtext", 8), 10)
    assert len(ids) == 6
    assert scores[0] < 0.999
    ids, scores = images.search(vector("othertext", 8), 1)
    assert store.records(ids)[int(ids[0])].path == "/0.jpg"


def test_a_second_fold_grows_the_first_and_drops_its_files(store):
    fold(store)
    with store.writer() as writer:
        writer.commit([picture("/new.jpg")])
    before = contents(followed(store))
    made = {one.modality: one for one in fold(store)}
    assert made[Modality.SPEECH].grown
    assert contents(followed(store)) == before
    assert len(followed(store).indexes[Modality.IMAGE].tail) == 0
    assert sorted(f.name for f in disk.folder_of(store.path, TEXT.name).iterdir()) == ["2"]


def test_what_is_mostly_dead_is_made_anew(store):
    fold(store)
    with store.writer() as writer:
        writer.remove([a.asset_id for a in store.assets() if a.path in ("/0.jpg", "/1.jpg")])
    fold(store)
    images = followed(store).indexes[Modality.IMAGE]
    assert (len(images.snapshot), images.dead) == (4, 0)


def test_compaction_leaves_the_tombstones_that_a_snapshot_holds(store):
    fold(store)
    index = followed(store)
    doomed = [a.asset_id for a in store.assets() if a.path == "/0.jpg"]
    with store.writer() as writer:
        writer.commit([picture("/new.jpg")])
        writer.remove(doomed)
        tail = [a.asset_id for a in store.assets() if a.path == "/new.jpg"]
    index.follow(store)
    with store.writer() as writer:
        writer.remove(tail)
        writer.compact(lambda ids: disk.holding(store.path, ids))
    assert len(store.tombstones()) == 1
    index.follow(store)
    assert contents(index) == contents(followed(store))
    assert len(index.indexes[Modality.IMAGE]) == 5


def test_a_merged_segment_is_not_taken_in_twice(store):
    """An index that is level with the first half of what is merged later."""
    index = SpaceIndex(TEXT)
    index.follow(store)
    with store.writer() as writer:
        writer.commit([picture("/new.jpg")])
        writer.compact(lambda ids: disk.holding(store.path, ids))
    index.follow(store)
    assert contents(index) == contents(followed(store))
    assert len(index.indexes[Modality.IMAGE]) == 7


def test_a_refresh_that_breaks_off_leaves_the_last_one(store, monkeypatch):
    fold(store)
    with store.writer() as writer:
        writer.commit([picture("/new.jpg")])
    monkeypatch.setattr("engine.index.refresh.build_snapshot", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        fold(store)
    assert sorted(f.name for f in disk.folder_of(store.path, TEXT.name).iterdir()) == ["1"]
    images = followed(store).indexes[Modality.IMAGE]
    assert (len(images.snapshot), len(images.tail)) == (6, 1)


class Steps:
    """A progress that counts its reports, and cancels at one of them."""

    def __init__(self, last: int | None = None) -> None:
        self.reports, self.vectors, self.tasks, self._last = 0, 0, [], last

    def start(self, task: str, total: int | None = None, unit: str = "files") -> None:
        self.tasks.append(task)
        self._report()

    def advance(self, items: int = 1, *, moments: int = 0) -> None:
        self.vectors += items
        self._report()

    def message(self, text: str) -> None: ...

    def _report(self) -> None:
        self.reports += 1
        if self.reports == self._last:
            raise Cancelled("cancelled")


def test_a_refresh_reports_what_it_reads_and_adds(store):
    steps = Steps()
    fold(store, progress=steps)
    assert steps.tasks == [
        "reading new vectors",
        *(f"indexing {m} vectors" for m in ("image", "speech")),
    ]
    assert steps.vectors == len(store.segments(TEXT.name)) + 6 + 12


def test_a_refresh_can_be_cancelled_at_every_report_and_costs_nothing(store, monkeypatch):
    # Lists and codes, as millions of vectors have them, whose training and tuning take longest.
    monkeypatch.setattr("engine.index.build.choose_key", lambda *_: "IVF2,PQ4x4fs")
    monkeypatch.setattr("engine.index.build._ROUNDS", 3)
    with store.writer() as writer:
        writer.commit([picture(f"/more{i}.jpg") for i in range(20)])
        writer.commit([sound(f"/more{i}.wav", f"one {i}") for i in range(20)])
    whole = Steps()
    fold(store, anew=True, progress=whole)
    assert whole.reports > 20
    before, names = (
        contents(followed(store)),
        sorted(disk.folder_of(store.path, TEXT.name).iterdir()),
    )
    for last in range(1, whole.reports + 1):
        with pytest.raises(Cancelled):
            fold(store, anew=True, progress=Steps(last))
        assert sorted(disk.folder_of(store.path, TEXT.name).iterdir()) == names
    assert contents(followed(store)) == before
    assert len(fold(store, anew=True)) == 2
    assert contents(followed(store)) == before


_REFRESH = """
import sys
from engine.index import disk
from engine.index.build import BuildOptions
from engine.index.refresh import refresh
from engine.store import Store
with Store.open(sys.argv[1]) as store, disk.refreshing(store.path):
    refresh(store, store.spaces()["text"], None, BuildOptions(threads=1))
"""


@pytest.mark.parametrize("point", REFRESH)
def test_a_refresh_killed_at_any_point(store, point):
    fold(store)
    with store.writer() as writer:
        writer.commit([picture("/new.jpg")])
    before = contents(followed(store))
    assert forked(_REFRESH, str(store.path), failpoints=f"{point}=kill") == -signal.SIGKILL
    assert contents(followed(store)) == before
    with disk.refreshing(store.path):
        disk.tidy(store.path)  # somebody else is at it: it is theirs
    assert len(list(disk.folder_of(store.path, TEXT.name).iterdir())) == 2
    disk.tidy(store.path)
    (left,) = disk.folder_of(store.path, TEXT.name).iterdir()
    assert left.name == ("2" if point == "refresh.renamed" else "1")
    assert contents(followed(store)) == before
    assert list(verify_indexes(store, deep=True)) == []


@pytest.mark.parametrize("point", REFRESH[:-1])
def test_a_disk_that_is_full_leaves_the_last_one(store, point):
    fold(store)
    with store.writer() as writer:
        writer.commit([picture("/new.jpg")])
    with failpoints.armed(point, "enospc"), pytest.raises(LibraryReadOnly, match="is full"):
        fold(store)
    assert [f.name for f in disk.folder_of(store.path, TEXT.name).iterdir()] == ["1"]
    images = followed(store).indexes[Modality.IMAGE]
    assert (len(images.snapshot), len(images.tail)) == (6, 1)


@pytest.mark.parametrize("damage", ["level.json", "image/index.faiss"])
def test_a_damaged_snapshot_is_passed_over(store, caplog, damage):
    before = contents(followed(store))
    fold(store)
    (disk.folder_of(store.path, TEXT.name) / "1" / damage).write_bytes(b"")
    index = followed(store)
    assert contents(index) == before
    assert "sensorium rebuild" in caplog.text


def test_a_snapshot_of_other_weights_is_passed_over(store):
    fold(store)
    level = disk.folder_of(store.path, TEXT.name) / "1" / "level.json"
    level.write_text(level.read_text().replace('"revision": "1"', '"revision": "0"'))
    assert disk.newest(store.path, TEXT) is None


def test_dropping_all_is_seen_by_who_has_them_open(store):
    fold(store)
    index = followed(store)
    with disk.refreshing(store.path):
        disk.drop(store.path)
    assert not index.is_level(store, store.generation())
    before = contents(index)
    index.follow(store)
    assert contents(index) == before
    assert len(index.indexes[Modality.IMAGE].tail) == 6


def test_only_one_refreshes(store):
    second = disk.refreshing(store.path)
    with disk.refreshing(store.path), pytest.raises(LibraryBusy, match="being written by"), second:
        pass


def test_a_space_of_which_all_has_died_has_an_empty_snapshot(store):
    fold(store)
    with store.writer() as writer:
        writer.remove([asset.asset_id for asset in store.assets()])
    assert fold(store) == []
    assert followed(store).indexes == {}


def test_a_modality_that_comes_later_is_found_in_the_log(store):
    fold(store, LOOKS)
    assert set(disk.newest(store.path, LOOKS).snapshots) == {Modality.IMAGE}
    fold(store)
    shutil.rmtree(disk.folder_of(store.path, TEXT.name) / "1" / "speech")
    # As if there had been no speech then: what is in no snapshot is read from the log.
    with store.writer() as writer:
        writer.commit([sound("/new.wav", "hello")])
    assert {one.modality for one in fold(store)} == {Modality.IMAGE, Modality.SPEECH}
