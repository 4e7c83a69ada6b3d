"""`library.align`: learn, use where it gains, say where it comes from, and go back."""

from __future__ import annotations

import pickle

import pytest

from engine.common.progress import CancelToken
from engine.errors import Cancelled, UsageError
from tests.align.aligned import VIDEOS, WINDOWS, vectors


def test_it_learns_is_used_and_goes_back(library):
    before = vectors(library)
    assert library.align.status() is None
    report = library.align.learn()
    assert report.better and report.stored and report.moved == VIDEOS * WINDOWS
    assert vectors(library) != before
    assert library.store.calibrated(), "the backgrounds are those of the new places"
    status = library.align.status()
    assert status.origin.startswith("learned from videos on 20")
    assert status.origin.endswith("(library.align.learn())")
    assert status.facts["pairs"] == report.document()["pairs"] == VIDEOS * WINDOWS
    assert pickle.loads(pickle.dumps(report)).document() == report.document()
    assert pickle.loads(pickle.dumps(status)) == status
    assert library.align.undo() == VIDEOS * WINDOWS
    assert vectors(library) == before
    assert library.align.undo() == 0 and library.align.status() is None


def test_a_dry_run_writes_nothing(library):
    before = vectors(library)
    report = library.align.learn(dry_run=True, seed=1)
    assert report.better and not report.stored and report.moved == 0
    assert vectors(library) == before and library.align.status() is None


def test_what_does_not_gain_is_left_out_but_by_force(library, tmp_path):
    # Labels that have nothing to do with what is heard.
    paths = sorted({path for path, *_ in vectors(library)})
    rows = (f"{path},word{n * 7 % 5}\n" for n, path in enumerate(paths))
    (tmp_path / "labels.csv").write_text("path,label\n" + "".join(rows))
    report = library.align.learn("labels", tmp_path / "labels.csv")
    assert not report.better and not report.stored and library.align.status() is None
    forced = library.align.learn("labels", tmp_path / "labels.csv", force=True, command="mine")
    assert forced.stored and library.align.status().facts["command"] == "mine"


def test_it_can_be_cancelled(library):
    token = CancelToken()
    token.cancel()
    before = vectors(library)
    with pytest.raises(Cancelled):
        library.align.learn(cancel=token)
    assert vectors(library) == before


def test_pairs_that_there_are_none_of(library):
    with pytest.raises(UsageError, match="no pairs of 'words'; there are videos, labels"):
        library.align.learn("words")
