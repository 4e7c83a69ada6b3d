"""One writer at a time, and readers that never notice."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable

import pytest

from engine.errors import LibraryBusy
from engine.store import Store
from tests.store.forks import forked
from tests.store.make import picture, python

pytestmark = pytest.mark.slow

_HOLD = """
import sys
from engine.store import Store
with Store.open(sys.argv[1]) as store, store.writer():
    print("held", flush=True)
    sys.stdin.readline()
"""
_DIE = """
import os, signal, sys
from engine.store import Store
with Store.open(sys.argv[1]) as store, store.writer():
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_second_writer_is_told_who_and_since_when(store: Store) -> None:
    with python(_HOLD, str(store.path)) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        line = rf"process {other.pid} on \S+ since 20\d\d-\S+; wait=True waits"
        with pytest.raises(LibraryBusy, match=line), store.writer():
            pass
        assert store.generation() > 0
        other.communicate("\n")
    with store.writer():
        pass


def test_the_lock_of_a_killed_writer_is_free(store: Store) -> None:
    assert forked(_DIE, str(store.path)) == -signal.SIGKILL
    with store.writer():
        pass


def test_waiting_for_another_writer(store: Store, commit: Callable[..., int]) -> None:
    taken = threading.Event()

    def second() -> None:
        taken.set()
        with store.writer(wait=True) as writer:
            writer.commit([picture("/b.jpg")])

    thread = threading.Thread(target=second)
    with store.writer() as writer:
        thread.start()
        taken.wait()
        writer.commit([picture("/a.jpg")])
    thread.join()
    assert [asset.asset_id for asset in store.assets()] == [1, 2]


def test_two_writers_of_one_process_exclude_each_other(store: Store) -> None:
    busy = pytest.raises(LibraryBusy, match=f"process {os.getpid()}")
    with store.writer(), Store.open(store.path) as second, busy, second.writer():
        pass


def test_a_lock_that_was_not_signed_yet_names_nobody(store: Store) -> None:
    with store.writer():
        (store.path / "lock").write_text("")
        with pytest.raises(LibraryBusy, match="another process"), store.writer():
            pass


_COMMITS = """
import sys
from engine.store import Store
from tests.store.make import picture
with Store.open(sys.argv[1]) as store, store.writer() as writer:
    print("begun", flush=True)
    for turn in range(1, 26):
        writer.commit([picture(f"/{name}.jpg", f"{name}{turn}") for name in "abcd"])
"""


def test_a_reader_sees_whole_generations_while_another_process_commits(store: Store) -> None:
    """Every commit replaces all four files: a mix of two generations would show."""
    seen = set()
    with python(_COMMITS, str(store.path)) as other:
        assert other.stdout and other.stdout.readline() == "begun\n"
        done = False
        while not done:
            done = other.poll() is not None
            with store.snapshot():
                generation = store.generation()
                hashes = {asset.content_hash for asset in store.assets()}
                records = store.records(store.moment_ids())
                segments = store.segments("text")
            assert len(hashes) == len(records) in (0, 4)
            first = min(records, default=1)
            assert sorted(records) == list(range(first, first + len(records)))
            for info in segments[-1:]:
                ids, _ = store.read_segment(info)
                assert ids.tolist() == sorted(records)
            seen.add((generation, frozenset(hashes)))
        _, errors = other.communicate()
    assert (other.returncode, errors) == (0, "")
    assert len(seen) == len({generation for generation, _ in seen}) > 1
