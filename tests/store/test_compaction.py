"""Compaction: dead rows go, small segments merge, and a crash loses nothing."""

from __future__ import annotations

import signal
from collections.abc import Callable

import numpy as np
import pytest

from engine.common.progress import CancelToken, cancellable
from engine.errors import Cancelled, LibraryReadOnly, SegmentGone
from engine.store import Store, failpoints
from engine.store.compaction import TARGET_ROWS, Compaction, Weighed, loose, runs, target_rows
from engine.store.failpoints import COMPACTION, FailPoint, Injected
from engine.store.records import SegmentInfo
from engine.types import Space
from engine.types.arrays import MomentIds
from tests.store import invariants
from tests.store.forks import forked
from tests.store.make import picture

pytestmark = pytest.mark.slow

_COMPACT = """
import sys
import numpy as np
from engine.store import Store
with Store.open(sys.argv[1]) as store, store.writer() as writer:
    writer.compact(lambda ids: np.zeros(len(ids), bool))
"""
LEFT = {"/0.jpg": "new", "/2.jpg": "2", "/3.jpg": "3"}


class CancelsAfter:
    """A ``Progress`` whose user cancels when the first segments have been merged."""

    def __init__(self, token: CancelToken) -> None:
        self._token = token

    def start(self, task: str, total: int | None = None, unit: str = "files") -> None: ...
    def message(self, text: str) -> None: ...

    def advance(self, items: int = 1, *, moments: int = 0) -> None:
        self._token.cancel()


def none_held(ids: MomentIds) -> np.ndarray:
    return np.zeros(len(ids), np.bool_)


def compact(store: Store, target: int = 100) -> Compaction:
    with store.writer() as writer:
        return writer.compact(none_held, target)


@pytest.fixture
def worn(store: Store, commit: Callable[..., int]) -> Store:
    """Four commits, one asset of them replaced by a fifth and one removed."""
    for i in range(4):
        commit(picture(f"/{i}.jpg", f"{i}"))
    commit(picture("/0.jpg", "new"))
    with store.writer() as writer:
        writer.remove([2])
    return store


def weighed(*rows_and_dead: tuple[int, int]) -> list[Weighed]:
    return [
        Weighed(SegmentInfo(i, "s", f"{i}", rows, 0, ""), dead)
        for i, (rows, dead) in enumerate(rows_and_dead)
    ]


@pytest.mark.parametrize(
    ("segments", "merged"),
    [
        ([], []),
        ([(10, 0)], []),
        ([(10, 1)], [[0]]),
        ([(10, 10)], [[0]]),
        ([(10, 0), (10, 0)], [[0, 1]]),
        ([(60, 0), (10, 0), (10, 0)], [[1, 2]]),
        ([(10, 0), (60, 0), (10, 0)], []),
        ([(40, 0), (40, 0), (40, 0)], [[0, 1]]),
        ([(90, 40), (40, 0), (80, 1)], [[0, 1], [2]]),
    ],
)
def test_which_segments_are_merged(segments, merged):
    found = [[info.segment_id for info in run] for run in runs(weighed(*segments), target=100)]
    assert found == merged


def test_a_merged_segment_is_bounded_in_bytes_as_in_rows():
    """Parquet takes a multiple of a segment's vectors to write it."""
    for dim, rows in ((8, TARGET_ROWS), (384, 10_922), (1408, 2_978), (10**8, 1)):
        assert target_rows(Space("looks", "some", "1", dim, "float16")) == rows
    assert target_rows(Space("looks", "some", "1", 384, "float32")) == 5_461


def test_what_is_loose_does_not_grow_with_the_library():
    spaces = {"looks": Space("looks", "some", "1", 1280, "float16")}
    full = target_rows(spaces["looks"])
    whole = [SegmentInfo(n, "looks", f"{n}", full, 1, "") for n in range(100)]
    small = [SegmentInfo(n, "looks", f"{n}", full // 2 - 1, 1, "") for n in range(100, 103)]
    assert loose(whole, spaces) == 0
    assert loose([*whole, *small], spaces) == 3
    assert loose([SegmentInfo(1, "gone", "1", full, 1, "")], spaces) == 1


def test_dead_rows_go_and_small_segments_merge(worn):
    done = compact(worn)
    assert (done.segments_before, done.segments_after, done.dropped) == (10, 2, 4)
    assert done.bytes_after < done.bytes_before
    assert worn.tombstones().tolist() == []
    assert len(list((worn.path / "segments").iterdir())) == 2
    invariants.check(worn, LEFT)


def test_compacting_again_does_nothing(worn):
    compact(worn)
    generation = worn.generation()
    done = compact(worn)
    assert (done.segments_before, done.segments_after, done.dropped) == (2, 2, 0)
    assert worn.generation() == generation


def test_a_cancelled_compaction_keeps_what_it_merged_and_goes_on_later(worn):
    token = CancelToken()
    progress = cancellable(CancelsAfter(token), token)
    with worn.writer() as writer, pytest.raises(Cancelled):
        writer.compact(none_held, progress=progress)
    assert 2 < len(worn.all_segments()) < 10
    invariants.check(worn, LEFT)
    compact(worn)
    assert len(list((worn.path / "segments").iterdir())) == 2
    invariants.check(worn, LEFT)


def test_no_segment_is_larger_than_the_target(worn):
    with worn.writer() as writer:
        writer.commit([picture("/4.jpg", "4")])
    compact(worn, target=3)
    assert [info.rows for info in worn.segments("text")] == [3, 1]
    invariants.check(worn, LEFT | {"/4.jpg": "4"})


def test_a_library_of_which_all_is_deleted_has_no_segment(worn):
    with worn.writer() as writer:
        writer.remove([asset.asset_id for asset in worn.assets()])
    assert compact(worn).segments_after == 0
    assert list((worn.path / "segments").iterdir()) == []
    invariants.check(worn, {})


def test_what_an_index_holds_stays_a_tombstone(worn):
    first, second = worn.tombstones().tolist()
    with worn.writer() as writer:
        writer.compact(lambda ids: ids == first)
    assert worn.tombstones().tolist() == [first]
    assert second != first


def test_the_log_keeps_its_order(worn):
    last = {space: worn.segments(space)[-1].segment_id for space in worn.spaces()}
    compact(worn)
    for space in worn.spaces():
        assert [info.segment_id for info in worn.segments(space)] == [last[space]]


@pytest.mark.parametrize("point", COMPACTION)
def test_a_compaction_killed_at_any_point(worn, point):
    assert forked(_COMPACT, str(worn.path), failpoints=f"{point}=kill") == -signal.SIGKILL
    with Store.open(worn.path) as reopened:
        assert reopened.warnings == []
        invariants.check(reopened, LEFT)
        compact(reopened)
        assert reopened.tombstones().tolist() == []
        invariants.check(reopened, LEFT)


@pytest.mark.parametrize("point", COMPACTION)
def test_a_compaction_that_fails_at_any_point(worn, point):
    with worn.writer() as writer, failpoints.armed(point), pytest.raises(Injected):
        writer.compact(none_held)
    with Store.open(worn.path) as reopened:
        invariants.check(reopened, LEFT)
        compact(reopened)
        invariants.check(reopened, LEFT)


def test_a_full_disk_leaves_the_library_as_it_was(worn):
    full = pytest.raises(LibraryReadOnly, match=r"disk of .* is full; the library is as it was")
    with failpoints.armed(FailPoint.SEGMENT_WRITING, "enospc"), full:
        compact(worn)
    invariants.check(worn, LEFT)


def test_a_damaged_segment_is_forgotten_and_named(worn):
    damaged = worn.segments("text")[2]
    (worn.path / "segments" / damaged.file).write_bytes(bytes(damaged.bytes))
    done = compact(worn)
    assert len(done.warnings) == 1
    assert damaged.file in done.warnings[0]
    assert done.warnings[0].endswith("they are pending: /2.jpg")
    assert [a.state for a in worn.assets() if a.path != "/2.jpg"] == ["indexed", "indexed"]


def test_a_reader_of_the_old_list_is_told_to_list_again(worn):
    """It must not take the missing file for damage and send the assets back."""
    with worn.snapshot():
        old = worn.segments("text")
        with Store.open(worn.path) as other:
            compact(other)
        for info in old:
            with pytest.raises(SegmentGone):
                worn.read_segment(info)
    assert worn.warnings == []
    assert worn.stats().pending == 0


def test_opening_beside_a_compaction_takes_nothing_for_lost(worn, monkeypatch):
    """The rows are read, a compaction ends, and only then the folder is listed."""
    from engine.store import recovery

    look, done = recovery.find_damage, []

    def late(library, known):
        rows = list(known)
        if not done:
            done.append(True)
            compact(worn)
        return look(library, rows)

    monkeypatch.setattr(recovery, "find_damage", late)
    with Store.open(worn.path) as reopened:
        assert reopened.warnings == []
        assert len(reopened.segments("text")) == 1
        invariants.check(reopened, LEFT)
