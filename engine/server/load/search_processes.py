"""Processes that search for a server, so that searches do not wait for one interpreter.

Python runs one thread of a process at a time. A search computes half of its time in FAISS and
ONNX Runtime, which let others run, and half in Python: so four threads of one process search
little more than one does, and a second process nearly doubles it. What a process sends back are
the plain values that `Library.run` returns.
"""

from __future__ import annotations

import logging
import multiprocessing
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from queue import Empty, LifoQueue

from engine.common.progress import CancelToken
from engine.config import Settings
from engine.errors import Cancelled
from engine.library.facade import Library
from engine.server.load.search_process import Asked, SearchReply, work
from engine.types import PartKind, Query, SearchResult

_GRACE = 5.0
"""Seconds after which a process is ended whose search nobody waits for any more."""
_GLANCE = 0.25
"""Seconds between two looks at whether somebody still waits."""
_log = logging.getLogger(__name__)


class _Broken(Exception):
    """The process has ended, or was ended."""


class _Worker:
    """One process, which runs one search at a time."""

    def __init__(self, libraries: Mapping[str, Path], settings: Settings) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=work, args=(theirs, dict(libraries), settings), daemon=True,
            name="sensorium-search",
        )  # fmt: skip
        self._process.start()
        theirs.close()
        self.lookups: Mapping[str, tuple[int, int]] = {}

    def ask(self, asked: Asked | None, cancel: CancelToken) -> SearchReply:
        """Return the answer of the process; None asks whether it is ready."""
        waited = 0.0
        try:
            self._pipe.send(asked)
            while not self._pipe.poll(_GLANCE):
                waited = waited + _GLANCE if cancel.cancelled else 0.0
                if waited > _GRACE:
                    self.close()
                    cancel.check()
            answer: SearchReply = self._pipe.recv()
        except (EOFError, OSError) as error:
            self.close()
            raise _Broken from error
        self.lookups = answer.lookups
        return answer

    def close(self) -> None:
        self._pipe.close()
        self._process.kill()


class SearchProcesses:
    """Runs searches in other processes where several are asked for at once.

    A search that is alone runs here, where it has all cores. The processes begin when two
    searches meet for the first time, and search as soon as they are ready. One that ends is
    replaced, and its search is run here; so is a search that fails there, so that its fault is
    told from here.

    Args:
        count: how many there are at most; 0 runs everything here.
        libraries: the folders of the libraries, by their names.
    """

    def __init__(self, count: int, libraries: Mapping[str, Path], settings: Settings) -> None:
        self._count = count
        self._libraries = libraries
        # One thread each: as many searches run at a time as there are processes.
        self._settings = replace(settings, threads=1)
        self._idle: LifoQueue[_Worker] = LifoQueue()
        self._workers: set[_Worker] = set()
        self._lock = threading.Lock()
        self._running = 0
        self._begun = self._closed = False

    @property
    def ready(self) -> int:
        """Processes that can search."""
        return len(self._workers)

    def lookups(self, name: str) -> tuple[int, int]:
        """Texts whose vectors the processes had kept, and those that they had to embed."""
        counts = [worker.lookups.get(name, (0, 0)) for worker in [*self._workers]]
        return sum(kept for kept, _ in counts), sum(embedded for _, embedded in counts)

    def run(self, name: str, library: Library, query: Query, cancel: CancelToken) -> SearchResult:
        """Run a query of a library, as `Library.run` does, with its errors."""
        with self._lock:
            self._running += 1
            alone = self._running == 1
        try:
            worker = None if alone or not _can_be_sent(query) else self._taken()
            found = None if worker is None else self._asked(worker, Asked(name, query), cancel)
            return library.run(query, cancel=cancel) if found is None else found
        finally:
            with self._lock:
                self._running -= 1

    def _taken(self) -> _Worker | None:
        """Take a process, waiting for one where all of them search; None where there is none."""
        with self._lock:
            begins = not self._begun and not self._closed and self._count > 0
            self._begun = self._begun or begins
        if begins:
            for _ in range(self._count):
                threading.Thread(target=self._begin_one, daemon=True).start()
        while self._workers:
            with suppress(Empty):
                return self._idle.get(timeout=_GLANCE)
        return None

    def _begin_one(self) -> None:
        """Begin a process, and let it search once it has its models."""
        try:
            worker = _Worker(self._libraries, self._settings)
            worker.ask(None, CancelToken())
        except (_Broken, OSError) as error:
            _log.warning("a process that searches did not begin: %s", error)
            return
        with self._lock:
            if self._closed:
                worker.close()
                return
            self._workers.add(worker)
        self._idle.put(worker)

    def _asked(self, worker: _Worker, asked: Asked, cancel: CancelToken) -> SearchResult | None:
        """Return what a process has found; None where it could not."""
        try:
            answer = worker.ask(asked, cancel)
        except (_Broken, Cancelled) as error:
            with self._lock:
                self._workers.discard(worker)
            if not self._closed:
                threading.Thread(target=self._begin_one, daemon=True).start()
            if isinstance(error, Cancelled):
                raise
            return None
        self._idle.put(worker)
        return answer.result

    def close(self) -> None:
        """End all processes."""
        with self._lock:
            self._closed = True
            workers, self._workers = self._workers, set()
        for worker in workers:
            worker.close()


def _can_be_sent(query: Query) -> bool:
    """Tell whether a query is of texts alone: examples are open here, and models for reranking."""
    texts = {PartKind.TEXT}
    return query.rerank is None and all({p.asked for p in stage} <= texts for stage in query.stages)
