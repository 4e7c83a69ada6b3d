"""`library.align.learn_captions`: learn, use where it gains, and forget."""

from __future__ import annotations

import signal

import numpy as np
import pytest

from engine import Library
from engine.align.captions import FEWEST_PICTURES
from engine.common.progress import CancelToken
from engine.encoders import caption_head
from engine.errors import Cancelled, EncoderUnavailable, SpaceMismatch, UsageError
from engine.query.library_towers import captions_file
from engine.store import failpoints
from engine.store.failpoints import COMMIT, Injected
from indexers import pipeline
from tests.align.aligned import vectors
from tests.align.captioned import SPACE, draw, table, unrelated, words
from tests.store.forks import forked

PICTURES = 120
_ORDER = np.random.default_rng(9).permutation(144).tolist()
KNOWN, NEW = _ORDER[:PICTURES], _ORDER[PICTURES:140]
SOME = KNOWN[:30]
EVERYTHING = {"words": 0.0}


@pytest.fixture(scope="module")
def filled(tmp_path_factory, settings):
    folder = tmp_path_factory.mktemp("captions")
    drawn = draw(folder / "pictures", KNOWN)
    table(folder / "captions.jsonl", drawn)
    with Library.open(folder / "library", create=True, encoder="fake", settings=settings) as made:
        made.index(folder / "pictures")
    return folder


@pytest.fixture
def folder(filled, tmp_path):
    import shutil

    shutil.copytree(filled / "library", tmp_path / "library")
    return tmp_path


@pytest.fixture
def library(folder, settings):
    with Library.open(folder / "library", settings=settings) as opened:
        yield opened


@pytest.fixture
def captions(filled):
    return filled / "captions.jsonl"


@pytest.fixture(scope="module")
def head(filled, settings):
    """What is learned of these captions, and kept in no library."""
    with Library.open(filled / "library", settings=settings) as opened:
        return opened.align.learn_captions(filled / "captions.jsonl", dry_run=True).learned.head


def found_first(library: Library, numbers: list[int]) -> int:
    """Of how many pictures their words find them first."""
    hits = [library.search(words(n % 12, n // 12), weights=EVERYTHING).hits for n in numbers]
    firsts = [found[0].path if found else "" for found in hits]
    return sum(p.endswith(f"{n:03}.png") for n, p in zip(numbers, firsts, strict=True))


def test_it_learns_is_used_for_new_pictures_too_and_is_forgotten(library, captions, filled, folder):
    before = vectors(library)
    assert library.align.caption_status() is None and found_first(library, SOME) < 4
    report = library.align.learn_captions(captions)
    assert report.better and report.stored and report.placed == PICTURES
    document = report.document()
    assert (document["pictures"], document["captions"]) == (PICTURES, 2 * PICTURES)
    assert document["after"]["recall_1"] > 0.5 > 4 * document["before"]["recall_1"]
    assert document["gain"]["mrr"] > document["error"]["mrr"] > 0
    assert found_first(library, SOME) >= 26
    assert library.store.calibrated()
    (space,) = [space for space in library.spaces.list() if space.name == SPACE]
    assert (space.role, space.encoder, space.state) == ("further", "fake", "ready")
    assert sum(space.vectors.values()) == PICTURES
    status = library.align.caption_status()
    assert status.origin.startswith(f"learned from 240 captions of {PICTURES} pictures on 20")
    assert status.origin.endswith("(library.align.learn_captions(" + repr(str(captions)) + "))")

    draw(folder / "new", NEW)
    library.index(folder / "new")
    assert found_first(library, NEW) >= 17, "new pictures have a vector by captions too"
    assert library.verify(deep=True).problems == ()

    assert library.align.undo_captions() == PICTURES + len(NEW)
    assert {key: row for key, row in vectors(library).items() if "/new/" not in key[0]} == before
    assert library.align.undo_captions() == 0 and library.align.caption_status() is None
    assert found_first(library, SOME) < 4 and library.verify(deep=True).problems == ()


def test_pictures_that_the_library_does_not_hold_are_learned_from_too(folder, captions, settings):
    drawn = draw(folder / "mine", _ORDER[100:140])
    with Library.open(folder / "other", create=True, encoder="fake", settings=settings) as other:
        other.index([path for path, _ in drawn])
        report = other.align.learn_captions(captions)
        assert report.better and report.placed == 40
        assert found_first(other, _ORDER[100:140]) >= 35


def test_it_lasts_through_opening_again_and_rebuilding(library, captions, folder, settings):
    library.align.learn_captions(captions)
    library.rebuild()
    assert found_first(library, SOME) >= 26
    with Library.open(folder / "library", settings=settings) as again:
        assert found_first(again, SOME) >= 26
        assert again.towers.captions is not None


def test_another_process_that_has_it_open_follows(library, captions, folder, settings):
    with Library.open(folder / "library", settings=settings) as other:
        assert found_first(other, SOME) < 4
        library.align.learn_captions(captions)
        assert found_first(other, SOME) >= 26
        # Learned anew from other captions, words are put there otherwise.
        half = table(folder / "half.jsonl", draw(folder / "drawn", KNOWN[:60]))
        assert library.align.learn_captions(half, force=True).stored
        assert found_first(other, SOME) >= 26
        library.align.undo_captions()
        assert found_first(other, SOME) < 4


def test_what_does_not_gain_is_left_out_but_by_force(library, filled, folder):
    drawn = draw(folder / "drawn", KNOWN)
    report = library.align.learn_captions(unrelated(folder / "no.jsonl", drawn))
    assert not report.better and not report.stored and report.placed == 0
    assert library.align.caption_status() is None
    assert library.align.learn_captions(folder / "no.jsonl", force=True, command="mine").stored
    assert library.align.caption_status().facts["command"] == "mine"


def test_a_dry_run_and_one_that_is_cancelled_write_nothing(library, captions):
    before = vectors(library)
    report = library.align.learn_captions(captions, dry_run=True, seed=1)
    assert report.better and not report.stored and report.placed == 0
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        library.align.learn_captions(captions, cancel=token)
    assert vectors(library) == before


def test_copies_and_captions_of_one_picture_stay_together(library, captions, folder):
    drawn = draw(folder / "drawn", KNOWN)
    rng = np.random.default_rng(0)
    nonsense = {path: f"nothing{rng.integers(10**6)}" for path, _ in drawn}
    twice = []
    for path, _ in drawn:
        copy = path.with_name(f"copy-{path.name}")
        copy.write_bytes(path.read_bytes())
        twice += [(path, nonsense[path]), (copy, nonsense[path])]
    report = library.align.learn_captions(table(folder / "twice.jsonl", twice))
    assert not report.better, "a copy with the same nonsense is no proof"


def test_what_cannot_be_read_is_named_and_passed_over(library, captions, folder):
    (folder / "no.png").write_bytes(b"no picture")
    with captions.open() as known:
        lines = known.read()
    more = "".join(f'{{"path": "{name}", "caption": "x"}}\n' for name in ("no.png", "gone.png"))
    (folder / "more.jsonl").write_text(lines + more)
    report = library.align.learn_captions(folder / "more.jsonl")
    assert report.stored
    assert [line.split(": ")[0] for line in report.document()["passed_over"]] == [
        str(folder / "no.png"), str(folder / "gone.png"),
    ]  # fmt: skip


def test_too_few_captions_and_no_pictures_are_refused(library, folder, settings):
    few = table(folder / "few.jsonl", draw(folder / "drawn", KNOWN[: FEWEST_PICTURES - 1]))
    with pytest.raises(UsageError, match="39 captioned pictures are too few"):
        library.align.learn_captions(few)
    with (
        Library.open(folder / "empty", create=True, encoder="fake", settings=settings) as empty,
        pytest.raises(UsageError, match="holds no pictures"),
    ):
        empty.align.learn_captions(few)


def test_a_lost_head_says_so_and_can_be_forgotten(library, captions, folder, settings):
    library.align.learn_captions(captions)
    revision = library.store.spaces()[SPACE].revision
    captions_file(library.path, revision).unlink()
    with Library.open(folder / "library", settings=settings) as again:
        with pytest.raises(EncoderUnavailable, match="sensorium align --undo"):
            again.search("harbour1")
        assert again.align.undo_captions() == PICTURES
        assert again.search("red").hits


def test_a_run_that_began_before_cannot_write(library, captions, folder, settings):
    stale = library.spaces.towers()
    library.align.learn_captions(captions)
    draw(folder / "new", NEW)
    with pytest.raises(SpaceMismatch, match="run it again"):
        pipeline.run(library.store, stale, [folder / "new"], settings)


def test_sounds_that_are_aligned_leave_the_head_of_captions(library, captions):
    library.align.learn_captions(captions)
    revision = library.store.spaces()[SPACE].revision
    library.align.aligner._tidy()
    assert captions_file(library.path, revision).exists()


def test_a_head_is_the_same_after_it_was_kept(head, tmp_path):
    caption_head.save(head, tmp_path / "head")
    again = caption_head.load(tmp_path / "head", head.revision)
    rows = {
        name: np.eye(3, dim, dtype=np.float32) for name, dim in (("fake", 64), ("fake-looks", 768))
    }
    np.testing.assert_array_equal(head.place_pictures(rows), again.place_pictures(rows))
    with pytest.raises(EncoderUnavailable, match="another head than its name says"):
        caption_head.load(tmp_path / "head", "other")


_PLACE = """
import sys
from pathlib import Path
from engine import Library
from engine.encoders import caption_head
with Library.open(sys.argv[1]) as library:
    library.align.caption_aligner.place(caption_head.load(Path(sys.argv[2]), sys.argv[3]))
"""


@pytest.mark.parametrize("point", COMMIT[1:])
def test_killed_at_any_point_it_is_as_before_or_done(folder, captions, head, settings, point):
    with Library.open(folder / "library", settings=settings) as library:
        before = vectors(library)
    caption_head.save(head, folder / "head")
    arguments = str(folder / "library"), str(folder / "head"), head.revision
    assert forked(_PLACE, *arguments, failpoints=f"{point}=kill") == -signal.SIGKILL
    with Library.open(folder / "library", settings=settings) as library:
        done = point == "commit.done"
        assert (vectors(library) == before) != done
        assert (library.towers.captions is not None) == done
        assert library.verify(deep=True).problems == ()
        assert library.align.learn_captions(captions).stored
        assert found_first(library, SOME) >= 26


def test_failing_while_it_is_placed_it_is_as_before(library, captions):
    before = vectors(library)
    with failpoints.armed(COMMIT[1]), pytest.raises(Injected):
        library.align.learn_captions(captions)
    assert vectors(library) == before and library.towers.captions is None
