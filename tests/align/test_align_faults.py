"""Aligning that is cut off or cannot be: the library is as before, or done."""

from __future__ import annotations

import dataclasses
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from engine import Library
from engine.align.aligner import AlignOptions
from engine.encoders import projection
from engine.encoders.projection import Kept, Projection
from engine.errors import EncoderUnavailable, SpaceMismatch, UsageError
from engine.query.library_towers import head_file
from engine.store import failpoints
from engine.store.failpoints import REALIGNMENT, Injected
from engine.testing.fake_encoder import FakeEncoder
from tests.align.aligned import (
    SHARED_SOUND,
    another_share,
    is_learned,
    moved,
    vectors,
)
from tests.store.forks import forked

_PLACE = """
import sys
from pathlib import Path
from engine import Library
from engine.encoders import projection
with Library.open(sys.argv[1]) as library:
    library.align.aligner.place(projection.load(Path(sys.argv[2])))
"""


@pytest.mark.parametrize("point", REALIGNMENT)
def test_killed_at_any_point_it_is_as_before_or_done(path, learned, settings, tmp_path, point):
    head = tmp_path / "head.safetensors"
    projection.save(learned.head, Kept.nothing(64), head)
    with Library.open(path, settings=settings) as library:
        before = vectors(library)
    assert forked(_PLACE, str(path), str(head), failpoints=f"{point}=kill") == -signal.SIGKILL
    with Library.open(path, settings=settings) as library:
        assert library.store.warnings == []
        done = point == "commit.done"
        assert moved(before, vectors(library)) == (SHARED_SOUND if done else set())
        assert (library.towers.head is not None) == done
        assert library.verify(deep=True).problems == ()
        assert is_learned(library) == done
        library.align.aligner.place(learned.head)
        assert library.towers.head is not None
        library.align.aligner.undo()
        assert vectors(library) == before
        library.align.aligner.place(another_share(learned.head))
        assert len(list((path / "heads").iterdir())) == 1


@pytest.mark.parametrize("point", REALIGNMENT[:-1])
def test_failing_at_any_point_it_is_as_before(library, learned, point):
    before = vectors(library)
    with failpoints.armed(point), pytest.raises(Injected):
        library.align.aligner.place(learned.head)
    assert vectors(library) == before
    assert library.towers.head is None
    with failpoints.armed(point, "enospc"), pytest.raises(Exception, match="full"):
        library.align.aligner.place(learned.head)
    assert vectors(library) == before


def lost(file: Path) -> None:
    file.unlink()


def damaged(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


def another(file: Path) -> None:
    head = projection.load(file)
    projection.save(another_share(head), projection.load_kept(file), file)


@pytest.mark.parametrize("damage", [lost, damaged, another])
def test_a_head_that_is_lost_is_one_clear_line_with_a_way_out(
    path, settings, learned, damage: Callable[[Path], None]
):
    with Library.open(path, settings=settings) as library:
        before = vectors(library)
        library.align.aligner.place(learned.head)
    damage(head_file(path, learned.head.revision))
    with Library.open(path, settings=settings) as library:
        with pytest.raises(EncoderUnavailable, match="sensorium align --undo") as caught:
            library.search("red")
        assert "\n" not in str(caught.value)
        library.align.aligner.undo()
        # The words are heard again from the features, where nothing says what they were.
        assert moved(before, vectors(library)) == (set() if damage is another else SHARED_SOUND)
        assert library.search("red").hits


def test_a_library_of_other_weights_is_refused(library, learned, monkeypatch):
    monkeypatch.setattr(
        FakeEncoder, "shared", dataclasses.replace(FakeEncoder.shared, revision="2")
    )
    fresh = Library(library.store, library.settings)
    with pytest.raises(SpaceMismatch, match="made by revision"):
        fresh.align.aligner.learn(AlignOptions())


def test_a_library_without_sounds_is_one_clear_line(tmp_path, settings):
    made = Library.open(tmp_path / "new", create=True, encoder="fake", settings=settings)
    with made as library, pytest.raises(UsageError, match="holds no sounds"):
        library.align.aligner.learn(AlignOptions())


def test_a_head_comes_back_as_it_was_saved(tmp_path, learned):
    file = tmp_path / "head.safetensors"
    kept = Kept(np.array([3, 5]), np.ones((2, 64), np.float16))
    projection.save(learned.head, kept, file)
    loaded: Projection = projection.load(file)
    assert loaded.revision == learned.head.revision
    assert loaded.about["pairs"] == 120
    found = projection.load_kept(file)
    assert found.ids.tolist() == [3, 5]
    assert found.vectors.dtype == np.float16
