"""A cache is an optimisation: one that is full, read-only or unreadable costs time and a line."""

from __future__ import annotations

import errno
import os
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from engine.common import artifact_cache
from engine.common.artifact_cache import Damaged, cached, load_cached
from engine.errors import EncoderUnavailable


@pytest.fixture
def cache(tmp_path, settings):
    artifact_cache._aside.cache_clear()
    return replace(settings, cache=tmp_path / "cache")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EDQUOT])
def test_what_a_disk_does_not_take_is_made_for_this_run(number, cache, caplog):
    def build(draft):
        if cache.cache in draft.parents:
            raise OSError(number, os.strerror(number))
        draft.write_text("tower")

    path = cached(cache, "model/tower", build)
    assert path.read_text() == "tower"
    assert Path(tempfile.gettempdir()) in path.parents
    assert not [*(cache.cache / "model").iterdir()]
    assert cached(cache, "model/tower", build) == path  # made once
    (line,) = [record.getMessage() for record in caplog.records]
    assert str(cache.cache) in line and "SENSORIUM_CACHE" in line and "\n" not in line


def test_a_file_in_the_place_of_the_cache(cache, caplog):
    cache.cache.write_text("")
    path = cached(cache, "model/tower", lambda draft: draft.write_text("tower"))
    assert path.read_text() == "tower"
    assert len(caplog.records) == 1


def test_where_no_disk_takes_it_one_line_names_the_cache(cache):
    def build(draft):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(EncoderUnavailable, match="SENSORIUM_CACHE") as error:
        cached(cache, "model/tower", build)
    assert str(cache.cache) in str(error.value)


class Loader:
    """Reads a file; the first ``failing`` times it meets an error of the system."""

    def __init__(self, failing: int, *, wrapped: bool) -> None:
        self.failing, self.wrapped, self.calls = failing, wrapped, 0

    def __call__(self, path):
        self.calls += 1
        if self.calls <= self.failing:
            error = OSError(errno.EIO, os.strerror(errno.EIO))
            if self.wrapped:
                raise Damaged(str(error)) from error
            raise error
        if (text := path.read_text()) != "tower":
            raise Damaged(text)
        return text


class Builder:
    """Writes the content, and counts how often."""

    calls = 0

    def __call__(self, draft):
        self.calls += 1
        draft.write_text("tower")


@pytest.mark.parametrize("wrapped", [True, False])
def test_a_read_error_that_passes_builds_nothing_again(cache, wrapped):
    build = Builder()
    path = cached(cache, "tower", build)
    seen = path.stat().st_ino
    assert load_cached(cache, "tower", build, Loader(1, wrapped=wrapped)) == "tower"
    assert (build.calls, path.stat().st_ino) == (1, seen)


@pytest.mark.parametrize("wrapped", [True, False])
def test_a_read_error_that_stays_destroys_nothing(cache, wrapped, caplog):
    build = Builder()
    path = cached(cache, "tower", build)
    seen = path.stat().st_ino
    assert load_cached(cache, "tower", build, Loader(2, wrapped=wrapped)) == "tower"
    assert path.stat().st_ino == seen
    assert build.calls == 2  # the second is for this run
    assert "input/output error" in caplog.text.lower()


def test_lacking_memory_is_no_fault_of_the_cache(cache, caplog):
    def load(path):
        raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))

    with pytest.raises(MemoryError):
        load_cached(cache, "tower", Builder(), load)
    assert caplog.text == ""
    assert (cache.cache / "tower").read_text() == "tower"


def test_what_is_damaged_twice_is_built_again(cache):
    build = Builder()
    path = cached(cache, "tower", build)
    path.write_text("half")
    load = Loader(0, wrapped=False)
    assert load_cached(cache, "tower", build, load) == "tower"
    assert (build.calls, load.calls) == (2, 3)
    assert path.read_text() == "tower"


def test_what_is_damaged_and_cannot_be_replaced_is_made_for_this_run(cache, monkeypatch):
    build = Builder()
    cached(cache, "tower", build).write_text("half")

    def refuse(*_):
        raise artifact_cache._CacheRefused(OSError(errno.EROFS, os.strerror(errno.EROFS)))

    monkeypatch.setattr(artifact_cache, "_discard", refuse)
    assert load_cached(cache, "tower", build, Loader(0, wrapped=False)) == "tower"
    assert (cache.cache / "tower").read_text() == "half"
