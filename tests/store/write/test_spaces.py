"""Several spaces that texts query: filled, made the default, dropped, and kept apart."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from textwrap import indent

import numpy as np
import pytest

from engine.errors import SpaceMismatch, StoreError, UsageError
from engine.store import Addition, Background, SpaceRole, Store, failpoints
from engine.store.failpoints import COMMIT, DROPPING, Injected
from engine.store.verify import verify
from engine.types import IndexedAsset, Modality, Space
from tests.store.forks import forked
from tests.store.make import LOOKS, TEXT, names, picture, vector

pytestmark = pytest.mark.slow

OTHER = Space("other", "clip", "1", 8)
OTHER_LOOKS = Space("other-looks", "clip", "1", 4)
FIRST = SpaceRole("fake", "looks", "text")
SECOND = SpaceRole("clip", "other-looks", "text")

_FILL = """
import sys
from engine.store import Store
from tests.store.write.test_spaces import OTHER, OTHER_LOOKS, addition
with Store.open(sys.argv[1]) as store, store.writer() as writer:
    writer.fill([OTHER, OTHER_LOOKS], [addition(1), addition(2)])
"""
_DROP = """
import sys
from engine.store import Store
with Store.open(sys.argv[1]) as store, store.writer() as writer:
    writer.drop_space("other")
"""


def addition(moment: int, *spaces: Space) -> Addition:
    """Vectors of a moment, as a job brings them."""
    rows = {s.name: vector(f"{moment}{s.name}", s.dim) for s in spaces or (OTHER, OTHER_LOOKS)}
    return Addition(moment, f"/{moment}.jpg", rows)


@pytest.fixture
def two(store: Store) -> Iterator[Store]:
    """Three pictures in the default space, and another one that is empty."""
    with store.writer() as writer:
        writer.ensure_space(TEXT, FIRST)
        writer.commit([picture(f"/{n}.jpg") for n in (1, 2, 3)])
        writer.ensure_space(OTHER_LOOKS)
        writer.ensure_space(OTHER, SECOND, ready=False)
    yield store


def fill(store: Store, *moments: int) -> int:
    with store.writer() as writer:
        return writer.fill([OTHER, OTHER_LOOKS], [addition(m) for m in moments])


def held(store: Store, space: str) -> list[int]:
    return store.stored_ids(space).tolist()


def counts(store: Store) -> list[int]:
    return store.moment_vectors()[1].tolist()


def sound_in_itself(store: Store) -> None:
    assert verify(store, deep=True).problems == ()
    with Store.open(store.path) as again:
        assert again.warnings == []
    files = {info.file for info in store.all_segments()}
    assert names(store.path / "segments") == sorted(files)


def test_spaces_know_what_they_are(two: Store) -> None:
    infos = two.space_infos()
    assert {name: (i.default, i.ready, i.role) for name, i in infos.items()} == {
        "text": (True, True, FIRST),
        "looks": (False, True, None),
        "other": (False, False, SECOND),
        "other-looks": (False, True, None),
    }
    assert infos["text"].space == two.spaces()["text"] == TEXT
    assert set(two.serving()) == {"text", "looks"}


def test_a_role_of_some_modalities_comes_back(two: Store) -> None:
    hears = SpaceRole("clap", "ears", "ears", frozenset({Modality.SOUND, Modality.SPEECH}))
    with two.writer() as writer:
        writer.ensure_space(Space("ears", "clap", "1", 8), hears)
    assert two.space_infos()["ears"].role == hears
    assert hears.partial and not FIRST.partial


def test_a_space_is_filled_and_then_ready(two: Store) -> None:
    before = two.generation()
    assert fill(two, 3, 1) == 2
    assert (held(two, "other"), counts(two)) == ([1, 3], [4, 2, 4])
    assert two.generation() == before, "no search reads it yet"
    assert fill(two, 1, 2) == 1, "what is there stays as it is"
    assert held(two, "other") == held(two, "other-looks") == [1, 2, 3]
    with two.writer() as writer:
        writer.set_ready("other")
    assert two.generation() > before
    assert set(two.serving()) == {"text", "looks", "other", "other-looks"}
    sound_in_itself(two)


def test_what_is_filled_into_a_space_that_is_searched_makes_a_generation(two: Store) -> None:
    with two.writer() as writer:
        writer.set_ready("other")
    before = two.generation()
    fill(two, 1)
    assert two.generation() == before + 1


def test_moments_that_died_meanwhile_get_no_vectors(two: Store) -> None:
    with two.writer() as writer:
        writer.remove([2])
    assert fill(two, 1, 2) == 1
    assert held(two, "other") == [1]
    sound_in_itself(two)


@pytest.mark.parametrize("wrong", [np.zeros(8, np.float32), np.ones(7, np.float32)])
def test_vectors_that_cannot_be_are_refused_and_none_is_written(
    two: Store, wrong: np.ndarray
) -> None:
    with two.writer() as writer, pytest.raises(StoreError, match=r"/2\.jpg"):
        writer.fill([OTHER], [addition(1), Addition(2, "/2.jpg", {"other": wrong})])
    assert (held(two, "other"), counts(two)) == ([], [2, 2, 2])
    sound_in_itself(two)


# --- stale jobs -----------------------------------------------------------------------


def test_a_job_of_a_space_that_was_dropped_cannot_write(two: Store) -> None:
    with Store.open(two.path) as other, other.writer() as writer:
        writer.drop_space("other")
    with pytest.raises(SpaceMismatch, match="revision 1 of the space 'other', which is no more"):
        fill(two, 1)
    assert counts(two) == [2, 2, 2]


def test_a_job_of_an_earlier_revision_cannot_write(two: Store) -> None:
    with Store.open(two.path) as other, other.writer() as writer:
        writer.drop_space("other")
        writer.ensure_space(replace(OTHER, revision="2"), SECOND, ready=False)
        writer.ensure_space(OTHER_LOOKS)
    with pytest.raises(SpaceMismatch, match="which has revision 2 now"):
        fill(two, 1)
    assert held(two, "other") == []
    sound_in_itself(two)


def test_a_job_in_another_process_cannot_write_either(two: Store) -> None:
    with two.writer() as writer:
        writer.drop_space("other")
        writer.ensure_space(replace(OTHER, revision="2"), SECOND, ready=False)
    code = f"import pytest\nwith pytest.raises(Exception) as refused:{indent(_FILL, '    ')}"
    says = "SpaceMismatch: these vectors are of revision 1"
    assert forked(f"{code}assert {says!r} in refused.exconly()", str(two.path)) == 0
    assert counts(two) == [2, 2, 2]


def test_new_assets_of_an_earlier_revision_cannot_be_committed(two: Store) -> None:
    known = [TEXT, LOOKS]
    with two.writer() as writer:
        assert writer.commit([picture("/4.jpg")], known) == 1
        with pytest.raises(SpaceMismatch, match="of the space 'text', which has revision 1 now"):
            writer.commit([picture("/5.jpg")], [replace(TEXT, revision="0"), LOOKS])
    assert two.get("/5.jpg") is None


def test_a_space_of_another_revision_says_how_to_be_rid_of_it(two: Store) -> None:
    with two.writer() as writer, pytest.raises(SpaceMismatch, match="sensorium spaces drop other"):
        writer.ensure_space(replace(OTHER, revision="2"), SECOND)


# --- the default, and dropping -----------------------------------------------------------


def test_only_a_space_that_is_filled_can_be_the_default(two: Store) -> None:
    with two.writer() as writer:
        with pytest.raises(UsageError, match=r"still being filled: .* --add-space clip$"):
            writer.set_default("other")
        with pytest.raises(UsageError, match="called 'nothing'; there is other, text"):
            writer.set_default("nothing")
        with pytest.raises(UsageError, match="called 'looks'"):
            writer.set_default("looks")
        hears = SpaceRole("clap", "ears", "ears", frozenset({Modality.SOUND}))
        writer.ensure_space(Space("ears", "clap", "1", 8), hears)
        with pytest.raises(UsageError, match="ears holds sound alone"):
            writer.set_default("ears")
    assert two.encoder == "fake"


def test_the_default_changes_and_the_backgrounds_stay_true(two: Store) -> None:
    known = [Background("text", "text", Modality.IMAGE, 0.1, 0.05, 1000, b"")]
    with two.writer() as writer:
        writer.set_ready("other")
        writer.set_backgrounds(known, two.generation())
        assert two.calibrated()
        before = two.generation()
        writer.set_default("other")
        writer.set_default("other")
    assert (two.encoder, two.generation()) == ("clip", before + 1)
    assert [name for name, info in two.space_infos().items() if info.default] == ["other"]
    assert two.calibrated()


def test_a_space_goes_with_its_vectors_and_what_it_has_to_itself(two: Store) -> None:
    fill(two, 1, 2)
    known = [Background("other", "text", Modality.IMAGE, 0.1, 0.05, 1000, b"")]
    with two.writer() as writer:
        writer.set_backgrounds(known, two.generation())
        with pytest.raises(UsageError, match="text is the default space; make another"):
            writer.drop_space("text")
        assert writer.drop_space("other") == ["other", "other-looks"]
    assert set(two.spaces()) == {"text", "looks"}, "text finds sounds in it as well"
    assert (counts(two), two.backgrounds()) == ([2, 2, 2], [])
    assert two.calibrated()
    sound_in_itself(two)


def test_what_another_space_uses_stays(two: Store) -> None:
    with two.writer() as writer:
        writer.ensure_space(Space("third", "c", "1", 8), SpaceRole("c", "other-looks", "third"))
        assert writer.drop_space("other") == ["other"]
        assert writer.drop_space("third") == ["third", "other-looks"]


def test_the_first_space_goes_when_another_is_the_default(two: Store) -> None:
    fill(two, 1, 2, 3)
    with two.writer() as writer:
        writer.set_ready("other")
        writer.set_default("other")
        assert writer.drop_space("text") == ["text", "looks"]
    assert counts(two) == [2, 2, 2]
    sound_in_itself(two)


def test_dropping_counts_right_where_what_is_dropped_cannot_be_read(two: Store) -> None:
    fill(two, 1, 2)
    for info in two.segments("other"):
        file = two.path / "segments" / info.file
        file.write_bytes(b"\0" * file.stat().st_size)
    with two.writer() as writer:
        writer.drop_space("other")
    sound_in_itself(two)


# --- death and damage ---------------------------------------------------------------------


@pytest.mark.parametrize("point", COMMIT[1:])
def test_a_job_killed_at_any_point(two: Store, point: str) -> None:
    assert forked(_FILL, str(two.path), failpoints=f"{point}=kill") == -signal.SIGKILL
    expected = [1, 2] if point == "commit.done" else []
    with Store.open(two.path) as reopened:
        assert held(reopened, "other") == held(reopened, "other-looks") == expected
        fill(reopened, 1, 2, 3)
        assert counts(reopened) == [4, 4, 4]
        sound_in_itself(reopened)


@pytest.mark.parametrize("point", DROPPING[1:])
def test_dropping_killed_at_any_point(two: Store, point: str) -> None:
    fill(two, 1, 2, 3)
    assert forked(_DROP, str(two.path), failpoints=f"{point}=kill") == -signal.SIGKILL
    with Store.open(two.path) as reopened:
        gone = point != "commit.rows"
        assert ("other" in reopened.spaces()) is not gone
        assert counts(reopened) == ([2, 2, 2] if gone else [4, 4, 4])
        sound_in_itself(reopened)
        with reopened.writer() as writer:
            if not gone:
                writer.drop_space("other")
        assert set(reopened.spaces()) == {"text", "looks"}
        sound_in_itself(reopened)


@pytest.mark.parametrize("point", DROPPING[1:])
def test_dropping_that_fails_at_any_point(two: Store, point: str) -> None:
    fill(two, 1, 2, 3)
    with two.writer() as writer:
        with failpoints.armed(point), pytest.raises(Injected):
            writer.drop_space("other")
        assert ("other" in two.spaces()) is (point == "commit.rows")
        writer.commit([picture("/4.jpg")])
    with two.writer():
        pass  # clears the folder of what was not unlinked
    sound_in_itself(two)


def test_a_lost_segment_of_an_added_space_costs_the_default_nothing(
    two: Store, commit: Callable[..., int]
) -> None:
    fill(two, 1, 2)
    fill(two, 3)
    with two.writer() as writer:
        writer.set_ready("other")
    (two.path / "segments" / two.segments("other")[0].file).unlink()
    with Store.open(two.path, forget_lost=True) as reopened:
        (warning,) = reopened.warnings
        assert warning.endswith("is missing; sensorium index --add-space clip makes it")
        assert {asset.state for asset in reopened.assets()} == {"indexed"}
        assert not reopened.space_infos()["other"].ready
        assert (held(reopened, "other"), counts(reopened)) == ([3], [3, 3, 4])
        sound_in_itself(reopened)
        fill(reopened, 1, 2, 3)
        assert counts(reopened) == [4, 4, 4]


def test_a_lost_segment_of_likeness_alone_is_filled_again_too(two: Store) -> None:
    fill(two, 1, 2, 3)
    (two.path / "segments" / two.segments("other-looks")[0].file).unlink()
    with Store.open(two.path, forget_lost=True) as reopened:
        assert "makes it" in reopened.warnings[0]
        assert held(reopened, "other-looks") == []
        sound_in_itself(reopened)


def test_segments_of_all_spaces_are_compacted(two: Store) -> None:
    for moment in (1, 2, 3):
        fill(two, moment)
    with two.writer() as writer:
        writer.remove([2])
        done = writer.compact(lambda ids: np.zeros(len(ids), bool))
    assert done.segments_after == 4
    assert held(two, "other") == [1, 3]
    sound_in_itself(two)


def test_an_asset_that_is_replaced_leaves_its_vectors_of_every_space(two: Store) -> None:
    fill(two, 1, 2, 3)
    again: IndexedAsset = picture("/1.jpg", "new")
    with two.writer() as writer:
        writer.commit([again])
    assert two.tombstones().tolist() == [1]
    assert held(two, "other") == [1, 2, 3]
    sound_in_itself(two)
