"""Every kind of damage is named, and a sound library has none."""

from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq
import pytest

from engine.common.progress import CancelToken, cancellable
from engine.errors import Cancelled
from engine.store import Store, segments
from engine.store.verify import verify
from tests.store.make import TEXT, picture, sound, tamper


@pytest.fixture
def full(store, commit):
    """Some assets, one replaced, one removed, so that there are tombstones."""
    commit(picture("/a.jpg"), picture("/b.jpg"), sound("/c.wav", "one", "two"))
    commit(picture("/a.jpg", "changed"))
    with store.writer() as writer:
        writer.remove([store.get("/b.jpg").asset_id])
    assert len(store.tombstones())
    return store


def problems(store, *, deep=True) -> list[str]:
    return list(verify(store, deep=deep).problems)


@pytest.mark.parametrize("deep", [False, True])
def test_a_sound_library_has_no_problems(full, deep):
    verdict = verify(full, deep=deep)
    assert verdict.problems == ()
    assert (verdict.moments, verdict.segments, verdict.deep) == (3, 4, deep)
    assert verdict.vectors == 3 + 3 + 2  # three pictures in two spaces, two sentences in one


@pytest.mark.parametrize("deep", [False, True])
def test_an_empty_library_has_no_problems(store, deep):
    assert problems(store, deep=deep) == []


def test_a_missing_segment_is_named_at_once(full):
    info = full.all_segments()[0]
    (full.path / "segments" / info.file).unlink()
    assert f"segment {info.file} is missing" in problems(full, deep=False)


def test_a_stray_file_is_named(full):
    (full.path / "segments" / "00000099-text.parquet").write_bytes(b"x")
    assert problems(full, deep=False) == [
        "segment 00000099-text.parquet is not in the catalog, and goes to the quarantine"
        " at the next write"
    ]


def test_a_changed_byte_needs_a_deep_look(full):
    info = full.all_segments()[0]
    file = full.path / "segments" / info.file
    content = bytearray(file.read_bytes())
    _, vectors = segments.read(file.parent, info, full.spaces()[info.space])
    place = bytes(content).index(vectors[0].tobytes())
    content[place] ^= 1
    file.write_bytes(content)
    assert problems(full, deep=False) == []
    assert any("fails its checksum" in problem for problem in problems(full))


def test_a_vector_that_is_not_unit_is_counted(full, monkeypatch):
    read = segments.read

    def doubled(*arguments):
        ids, vectors = read(*arguments)
        return ids, vectors * np.where(np.arange(len(ids)) == 0, np.nan, 1)[:, None]

    monkeypatch.setattr(segments, "read", doubled)
    assert sum("1 vectors are not finite and of unit length" in p for p in problems(full)) == 4


def test_lost_words_are_noticed_and_rebuilt(full):
    tamper(full, "DELETE FROM moments_fts WHERE rowid = ?", int(full.moment_ids()[0]))
    assert problems(full, deep=False) == [
        "full text index: 2 rows for 3 moments; sensorium rebuild"
    ]
    with full.writer() as writer:
        writer.rebuild_words()
    assert problems(full) == []


def test_pending_files_are_counted(full):
    tamper(full, "UPDATE assets SET state = 'pending' WHERE path = '/a.jpg'")
    assert problems(full, deep=False) == ["1 files are pending: index them again"]


def test_moments_and_vectors_are_compared_both_ways(full):
    moment = int(full.moment_ids()[0])
    tamper(full, "UPDATE moments SET vectors = vectors + 1 WHERE moment_id = ?", moment)
    assert problems(full) == ["1 moments lack a vector: index their files again"]
    tamper(full, "UPDATE moments SET vectors = vectors - 2 WHERE moment_id = ?", moment)
    assert problems(full) == ["1 moments have more vectors than the catalog knows"]
    tamper(full, "UPDATE moments SET vectors = vectors + 1 WHERE moment_id = ?", moment)
    tamper(full, "DELETE FROM tombstones")
    assert problems(full) == ["2 vectors belong to no moment, alive or deleted"]


def test_a_moment_twice_in_one_space_is_noticed(full):
    info = next(i for i in full.all_segments() if i.space == TEXT.name)
    copy = info.file.replace("0000000", "0000009", 1)
    table = pq.read_table(full.path / "segments" / info.file)
    assert len(table) == info.rows
    (full.path / "segments" / copy).write_bytes((full.path / "segments" / info.file).read_bytes())
    tamper(
        full,
        "INSERT INTO segments SELECT 99, space, ?, rows, bytes, checksum, first_moment,"
        " last_moment FROM segments WHERE segment_id = ?",
        copy,
        info.segment_id,
    )
    assert f"space {TEXT.name}: a moment has more than one vector" in problems(full)


def test_a_segment_that_cannot_be_read_now_is_all_that_is_said(full, monkeypatch):
    info, read = full.all_segments()[0], segments.read

    def failing(folder, segment, space):
        if segment == info:
            raise segments.Unavailable(segment, "input/output error")
        return read(folder, segment, space)

    monkeypatch.setattr(segments, "read", failing)
    (line,) = problems(full)
    assert info.file in line and "input/output error" in line


def test_every_segment_is_reported_and_a_verification_can_be_cancelled_at_each(full):
    token, counted = CancelToken(), []

    class Counting:
        def start(self, task, total=None, unit="files"):
            counted.append(total)

        def advance(self, items=1, *, moments=0):
            counted.append("segment")
            token.cancel()

        def message(self, text): ...

    number = len(full.all_segments())
    verify(full, deep=True, progress=Counting())
    assert counted == [None, number, *["segment"] * number]
    token, counted = CancelToken(), []
    with pytest.raises(Cancelled):
        verify(full, deep=True, progress=cancellable(Counting(), token))
    assert counted == [None, number, "segment"]
    assert problems(full) == []


def test_verify_writes_nothing(full):
    before = {p: p.stat().st_mtime_ns for p in full.path.rglob("*") if p.is_file()}
    info = full.all_segments()[0]
    (full.path / "segments" / info.file).write_bytes(b"")
    verify(full, deep=True)
    after = {p: p.stat().st_mtime_ns for p in full.path.rglob("*") if p.is_file()}
    assert {p for p in before if before[p] != after[p]} <= {full.path / "segments" / info.file}
    assert isinstance(full, Store)
