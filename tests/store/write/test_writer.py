"""Every change: what it leaves, and what it makes of the generation."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from engine.errors import SpaceMismatch, StoreError
from engine.store import Background, Store, match_any
from engine.types import Embedding, Failure, IndexedAsset, Modality, Moment, Space
from tests.store import invariants
from tests.store.make import LOOKS, TEXT, asset, embedding, picture, sound, stat, vector


def found(store: Store, text: str) -> list[int]:
    match = match_any(text)
    assert match is not None
    return sorted(moment_id for moment_id, _ in store.words(match, (), 50))


def test_a_changed_file_is_replaced_and_keeps_its_asset_id(
    store: Store, commit: Callable[..., int]
) -> None:
    commit(picture("/a.jpg", "old", "dog"), picture("/b.jpg", "b"))
    commit(picture("/a.jpg", "new", "cat"))
    known = store.get("/a.jpg")
    assert known is not None
    assert known.asset_id == 1
    assert [record.moment_id for record in store.moments_of(1)] == [3]
    assert store.tombstones().tolist() == [1]
    assert (found(store, "dog"), found(store, "cat")) == ([], [3])
    invariants.check(store, {"/a.jpg": "new", "/b.jpg": "b"})


def test_of_one_path_twice_in_a_batch_the_later_stays(
    store: Store, commit: Callable[..., int]
) -> None:
    assert commit(picture("/a.jpg", "old"), picture("/a.jpg", "new")) == 1
    invariants.check(store, {"/a.jpg": "new"})


def test_ids_are_never_used_again(store: Store, commit: Callable[..., int]) -> None:
    commit(picture("/a.jpg"))
    with store.writer() as writer:
        assert writer.remove([1]) == 1
    commit(picture("/a.jpg"))
    known = store.get("/a.jpg")
    assert known is not None
    assert (known.asset_id, store.moment_ids().tolist()) == (2, [2])


def test_a_moved_file_keeps_its_moments_and_changes_its_name(
    store: Store, commit: Callable[..., int]
) -> None:
    commit(picture("/pics/beach.jpg", "a", "dog"))
    generation = store.generation()
    with store.writer() as writer:
        writer.move(1, stat("/pics/forest.jpg"))
    assert store.generation() == generation + 1
    assert store.get("/pics/beach.jpg") is None
    known = store.get("/pics/forest.jpg")
    assert known is not None
    assert (known.asset_id, known.size, known.mtime_ns) == (1, 5, 2_000)
    assert (found(store, "beach"), found(store, "forest"), found(store, "dog")) == ([], [1], [1])
    invariants.check(store, {"/pics/forest.jpg": "a"})


def test_files_may_trade_places(store: Store, commit: Callable[..., int]) -> None:
    commit(picture("/a.jpg", "a"), picture("/b.jpg", "b"), picture("/c.jpg", "c"))
    with store.writer() as writer:
        writer.move_all([(1, stat("/b.jpg")), (2, stat("/a.jpg"))])
    invariants.check(store, {"/b.jpg": "a", "/a.jpg": "b", "/c.jpg": "c"})


def test_a_file_moved_over_another_takes_its_place(
    store: Store, commit: Callable[..., int]
) -> None:
    commit(picture("/a.jpg", "a"), picture("/b.jpg", "b"))
    with store.writer() as writer:
        writer.move(1, stat("/b.jpg"))
    invariants.check(store, {"/b.jpg": "a"})
    assert store.tombstones().tolist() == [2]


def test_moving_what_is_not_there_is_an_error(store: Store) -> None:
    with store.writer() as writer, pytest.raises(StoreError, match="no asset 7"):
        writer.move(7, stat("/a.jpg"))


def test_a_touched_file_is_the_same_generation(store: Store, commit: Callable[..., int]) -> None:
    commit(picture("/a.jpg"), picture("/b.jpg"))
    generation = store.generation()
    with store.writer() as writer:
        writer.touch(1, stat("/a.jpg", size=9, mtime_ns=9_999))
        with pytest.raises(StoreError, match=r"not at /b\.jpg"):
            writer.touch(1, stat("/b.jpg"))
    known = store.get("/a.jpg")
    assert known is not None
    assert (known.size, known.mtime_ns, store.generation()) == (9, 9_999, generation)


def test_removed_moments_are_tombstones_while_their_vectors_lie_in_a_segment(
    store: Store, commit: Callable[..., int]
) -> None:
    bare = IndexedAsset(asset("/bare.jpg", "bare"), (Embedding(Moment(Modality.IMAGE), {}),))
    commit(picture("/a.jpg"), bare, sound("/b.wav", "hello"))
    with store.writer() as writer:
        assert writer.remove([1, 2, 3, 99]) == 3
        assert writer.remove([]) == 0
    assert store.moment_ids().tolist() == []
    assert store.tombstones().tolist() == [1, 3]
    assert found(store, "hello") == []
    assert store.records([1, 2, 3]) == {}


def test_removing_nothing_is_no_new_generation(store: Store) -> None:
    generation = store.generation()
    with store.writer() as writer:
        writer.remove([5])
        writer.commit([])
        writer.fail([])
        writer.move_all([])
    assert store.generation() == generation


def test_a_failure_replaces_the_last_one_and_what_was_indexed(
    store: Store, commit: Callable[..., int]
) -> None:
    commit(picture("/a.jpg", "a"), picture("/b.jpg", "b"))
    with store.writer() as writer:
        writer.fail([Failure("/a.jpg", "empty", 0, 1)])
        writer.fail(
            [Failure("/a.jpg", "cut short", 7, 2, "corrupt_media"), Failure("/c.jpg", "no frames")]
        )
    assert store.failures() == [
        Failure("/a.jpg", "cut short", 7, 2, "corrupt_media", False),
        Failure("/c.jpg", "no frames"),
    ]
    invariants.check(store, {"/b.jpg": "b"})
    with store.writer() as writer:
        writer.fail([Failure("/b.jpg", "unreadable")], drop_assets=False)
        writer.clear_failures(["/c.jpg"])
    assert [failure.path for failure in store.failures()] == ["/a.jpg", "/b.jpg"]
    invariants.check(store, {"/b.jpg": "b"})


def test_a_commit_clears_the_failures_of_its_paths(
    store: Store, commit: Callable[..., int]
) -> None:
    with store.writer() as writer:
        writer.fail([Failure("/a.jpg", "empty"), Failure("/b.jpg", "empty")])
    commit(picture("/a.jpg"))
    assert [failure.path for failure in store.failures()] == ["/b.jpg"]


def test_backgrounds_are_replaced_as_a_whole(store: Store) -> None:
    rows = [
        Background("text", "text", Modality.IMAGE, 0.1, 0.05, 1000),
        Background("looks", "image", Modality.KEYFRAME, 0.2, 0.1, 500, bytes(range(256))),
    ]
    with store.writer() as writer:
        writer.set_backgrounds(rows, 1)
    assert sorted(store.backgrounds(), key=lambda row: row.mean) == rows
    with store.writer() as writer:
        writer.set_backgrounds(rows[:1], 2)
    assert store.backgrounds() == rows[:1]


@pytest.mark.parametrize(
    "other",
    [Space("text", "clip", "1", 8), Space("text", "fake", "2", 8), Space("text", "fake", "1", 9)],
)
def test_a_space_of_the_same_name_must_be_the_same(store: Store, other: Space) -> None:
    with store.writer() as writer:
        writer.ensure_space(TEXT)
        with pytest.raises(SpaceMismatch, match="'text'"):
            writer.ensure_space(other)
    assert store.spaces() == {"text": TEXT, "looks": LOOKS}


@pytest.mark.parametrize(
    ("space", "bad", "error", "line"),
    [
        ("text", vector("x", 7), SpaceMismatch, r"a\.jpg has shape \(7,\)"),
        ("text", vector("x", 8) * 1.01, StoreError, r"a\.jpg .* not of unit length"),
        ("text", np.full(8, np.nan, np.float32), StoreError, r"a\.jpg .* not finite"),
        ("text", np.full(8, np.inf, np.float32), StoreError, "not finite"),
        ("clap", vector("x", 8), SpaceMismatch, "no space 'clap'; it has looks, text"),
    ],
)
def test_a_wrong_vector_is_refused_and_leaves_the_library_as_it_was(
    store: Store,
    commit: Callable[..., int],
    space: str,
    bad: np.ndarray,
    error: type[StoreError],
    line: str,
) -> None:
    commit(picture("/b.jpg", "b"))
    generation = store.generation()
    wrong = IndexedAsset(asset("/a.jpg", "a"), (Embedding(Moment(Modality.IMAGE), {space: bad}),))
    with pytest.raises(error, match=line):
        commit(picture("/c.jpg"), wrong)
    assert store.generation() == generation
    invariants.check(store, {"/b.jpg": "b"})


def test_changes_inside_a_transaction_are_one_generation(
    store: Store, commit: Callable[..., int]
) -> None:
    commit(picture("/a.jpg", "a"), picture("/b.jpg", "b"))
    generation = store.generation()
    with store.writer() as writer, writer.transaction():
        writer.remove([1])
        writer.move(2, stat("/d.jpg"))
        writer.commit([picture("/c.jpg", "c")])
        writer.fail([Failure("/e.jpg", "empty")])
        assert store.generation() == generation
    assert store.generation() == generation + 1
    invariants.check(store, {"/c.jpg": "c", "/d.jpg": "b"})


def test_a_transaction_that_fails_changes_nothing(store: Store, commit: Callable[..., int]) -> None:
    commit(picture("/a.jpg", "a"))
    with store.writer() as writer:
        with pytest.raises(KeyboardInterrupt), writer.transaction():
            writer.commit([picture("/c.jpg", "c")])
            writer.remove([1])
            raise KeyboardInterrupt
        invariants.check(store, {"/a.jpg": "a"})
        writer.commit([picture("/c.jpg", "c")])
    invariants.check(store, {"/a.jpg": "a", "/c.jpg": "c"})


def test_a_swallowed_error_inside_does_not_commit_half_a_change(
    store: Store, commit: Callable[..., int]
) -> None:
    commit(picture("/a.jpg", "a"))
    with store.writer() as writer:
        with pytest.raises(StoreError, match="as it was before"), writer.transaction():
            writer.remove([1])
            with pytest.raises(StoreError):
                writer.move(7, stat("/x.jpg"))
        writer.ensure_space(Space("more", "fake", "1", 2))
    invariants.assets_are(store, {"/a.jpg": "a"})
    assert "more" in store.spaces()


def test_a_space_of_a_failed_transaction_is_not_remembered(store: Store) -> None:
    space = Space("more", "fake", "1", 2)
    one = IndexedAsset(asset("/a.jpg", "a"), (embedding(Moment(Modality.IMAGE), "a", (space,)),))
    with store.writer() as writer:
        with pytest.raises(KeyboardInterrupt), writer.transaction():
            writer.ensure_space(space)
            raise KeyboardInterrupt
        with pytest.raises(SpaceMismatch, match="no space 'more'"):
            writer.commit([one])
        writer.ensure_space(space)
        assert writer.commit([one]) == 1


def test_rebuilt_words_equal_those_that_grew(store: Store, commit: Callable[..., int]) -> None:
    commit(
        picture("/pics/beach.jpg", "a", "dog", "sea"),
        sound("/talk.wav", "one two", "two", caption="Aunt\u0301 Ada speaks"),
    )
    commit(picture("/pics/beach.jpg", "b", "cat"), sound("/silence.wav"))
    with store.writer() as writer:
        writer.move(2, stat("/Moved Speech.wav"))
    columns = "words, length, body" if store.catalog else "text, tags, caption, name"
    read = f"SELECT rowid, {columns} FROM moments_fts ORDER BY rowid"
    grown = store.connections.reader.connection.execute(read).fetchall()
    with store.writer() as writer:
        assert writer.rebuild_words() == len(grown) == 3
    assert store.connections.reader.connection.execute(read).fetchall() == grown
