"""Searches in processes of their own: the same answers, whatever becomes of a process."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from engine import Library
from engine.common.progress import CancelToken
from engine.errors import Cancelled, SensoriumError
from engine.server.load import search_processes
from engine.server.load.search_processes import SearchProcesses, _Worker


@pytest.fixture(scope="module")
def library(made, settings) -> Iterator[Library]:
    with Library.open(made[1], settings=settings) as opened:
        yield opened


@pytest.fixture(scope="module")
def processes(library, settings) -> Iterator[SearchProcesses]:
    """One process that searches, and is ready."""
    running = SearchProcesses(1, {"photos": library.path}, settings)
    with beside_another(running):
        running.run("photos", library, Library.query("red"), CancelToken())
    until(lambda: running.ready == 1)
    yield running
    running.close()


@contextmanager
def beside_another(processes: SearchProcesses) -> Iterator[None]:
    """Have another search running."""
    processes._running += 1
    yield
    processes._running -= 1


def until(condition: Callable[[], bool]) -> None:
    waits = threading.Event()
    for _ in range(6000):
        if condition():
            return
        waits.wait(0.01)
    raise AssertionError("it did not come about")


def worker_of(processes: SearchProcesses) -> _Worker:
    (worker,) = processes._workers
    return worker


def test_a_search_beside_another_runs_in_a_process_and_finds_the_same(processes, library):
    query = Library.query("red", top=3)
    before = processes.lookups("photos")
    with beside_another(processes):
        found = processes.run("photos", library, query, CancelToken())
    here = library.run(query)
    assert [hit.to_dict() for hit in found] == [hit.to_dict() for hit in here]
    assert sum(processes.lookups("photos")) > sum(before), "a process looked the text up"


def test_a_search_that_is_alone_runs_here(processes, library):
    before = processes.lookups("photos")
    processes.run("photos", library, Library.query("green"), CancelToken())
    assert processes.lookups("photos") == before


def test_what_is_committed_is_found_at_once_by_the_processes(processes, library):
    query = Library.query("", where=["tags = fresh"])
    with beside_another(processes):
        assert not processes.run("photos", library, query, CancelToken()).hits
        library.curate.tag([library.search("red")[0].asset_id], add=["fresh"])
        assert len(processes.run("photos", library, query, CancelToken()).hits) == 1
        library.curate.tag([library.search("red")[0].asset_id], remove=["fresh"])


def test_a_fault_is_told_as_it_is_here(processes, library):
    query = Library.query("red", space="nowhere")
    with pytest.raises(SensoriumError) as here:
        library.run(query)
    with beside_another(processes), pytest.raises(type(here.value), match=str(here.value)):
        processes.run("photos", library, query, CancelToken())


def test_a_process_that_is_killed_costs_no_search_and_is_replaced(processes, library):
    killed = worker_of(processes)
    os.kill(killed._process.pid, signal.SIGKILL)
    with beside_another(processes):
        found = processes.run("photos", library, Library.query("red"), CancelToken())
    assert found.hits
    until(lambda: processes.ready == 1)
    assert worker_of(processes) is not killed


def test_a_process_that_hangs_is_ended_once_nobody_waits(processes, library, monkeypatch):
    monkeypatch.setattr(search_processes, "_GRACE", 0.01)
    monkeypatch.setattr(search_processes, "_GLANCE", 0.02)
    hung = worker_of(processes)
    os.kill(hung._process.pid, signal.SIGSTOP)
    cancel = CancelToken()
    cancel.cancel()
    with beside_another(processes), pytest.raises(Cancelled):
        processes.run("photos", library, Library.query("red"), cancel)
    hung._process.join(20)
    assert hung._process.exitcode == -signal.SIGKILL
    until(lambda: processes.ready == 1)


def test_none_begin_where_none_are_wanted(library, settings):
    without = SearchProcesses(0, {"photos": library.path}, settings)
    with beside_another(without):
        assert without.run("photos", library, Library.query("red"), CancelToken()).hits
    assert without.ready == 0 and not without._begun


def test_processes_end_with_the_server(library, settings):
    running = SearchProcesses(1, {"photos": library.path}, settings)
    with beside_another(running):
        running.run("photos", library, Library.query("red"), CancelToken())
    until(lambda: running.ready == 1)
    worker = worker_of(running)
    running.close()
    worker._process.join(20)
    assert worker._process.exitcode is not None
