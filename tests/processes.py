"""Runs tests in several processes, each a fork of the one that has collected them.

A process of pytest-xdist imports and collects everything anew, which is 15 to 25 s of a processor
for each of them; a fork has it all, and shares the memory of it. Groups of tests are taken from a
pipe, by whoever has ended its own, so that none waits while there is something left.
"""

from __future__ import annotations

import atexit
import os
import signal
import warnings
import weakref
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from tempfile import TemporaryFile
from typing import Any

import pytest
from _pytest.capture import FDCapture

_NUMBER = 4
"""Bytes of a group's number: writes and reads of a pipe that are this short are whole."""
_SECONDS = 20
"""How long a process that is interrupted may take to its end."""
_fork = get_context("fork")
is_fork = False
"""Whether this process is one of those that run tests side by side."""


def add_option(parser: pytest.Parser) -> None:
    """Let the number of processes be said on the command line."""
    parser.getgroup("processes").addoption(
        "--processes", type=int, default=0, metavar="N", help="run the tests in N forks"
    )


class TestProcesses:
    """Gives groups of tests to forks of this process, and reports what they report."""

    __test__ = False

    def __init__(self, session: pytest.Session, group_of: Callable[[pytest.Item], str]) -> None:
        """Take the tests that were collected, and what names the group of a test.

        The tests of a group run in one process, in their order.
        """
        self._session = session
        self._groups: dict[str, list[pytest.Item]] = {}
        for item in session.items:
            self._groups.setdefault(group_of(item), []).append(item)
        self._running: dict[Connection, tuple[BaseProcess, str]] = {}
        """Where each process reports, and the test that it is at."""
        self._ended = 0

    def run(self, count: int) -> None:
        """Run all tests in so many processes."""
        queue, filling = os.pipe()
        numbers = range(len(self._groups))
        os.write(filling, b"".join(number.to_bytes(_NUMBER, "little") for number in numbers))
        os.close(filling)
        self._session.config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]
        try:
            for number in range(count):
                self._start(number, queue)
            os.close(queue)
            while self._running:
                for connection in wait([*self._running]):
                    self._hear(connection)
        finally:
            for process, _ in self._running.values():
                _end(process)
        if left := len(self._session.items) - self._ended:
            self._session.shouldfail = f"{left} tests were not run to their end"
            raise self._session.Failed(self._session.shouldfail)

    def _start(self, number: int, queue: int) -> None:
        here, there = _fork.Pipe(duplex=False)
        process = _fork.Process(target=self._work, args=(number, queue, there))
        with warnings.catch_warnings():
            # Python 3.12 warns of threads; those of OpenBLAS and of jemalloc know forks.
            warnings.simplefilter("ignore", DeprecationWarning)
            process.start()
        there.close()
        self._running[here] = (process, "")

    def _hear(self, connection: Connection) -> None:
        """Report what a process has to tell: what it begins, what came of it, or its end."""
        process, running = self._running[connection]
        hook = self._session.config.hook
        try:
            kind, content = connection.recv()
        except EOFError:
            del self._running[connection]
            connection.close()
            process.join()
            if running or process.exitcode:
                hook.pytest_runtest_logreport(report=_lost(running, process.exitcode))
            return
        if kind == "begun":
            self._running[connection] = (process, content)
        elif kind == "ended":
            self._ended += 1
            self._running[connection] = (process, "")
            hook.pytest_runtest_logfinish(**content)
        elif kind == "warned":
            hook.pytest_warning_recorded.call_historic(kwargs=content)
        else:
            report = hook.pytest_report_from_serializable(config=self._session.config, data=content)
            hook.pytest_runtest_logreport(report=report)
        if self._session.shouldfail:
            raise self._session.Failed(self._session.shouldfail)
        if self._session.shouldstop:
            raise self._session.Interrupted(self._session.shouldstop)

    def _work(self, number: int, queue: int, reports: Connection) -> None:
        """Run groups until none is left, in a process of its own."""
        _begin(self._session, number)
        self._session.config.pluginmanager.register(_Telling(self._session.config, reports))
        groups = self._taken(queue)
        group: Sequence[pytest.Item] = next(groups, ())
        try:
            while group:
                following = _Following(groups)
                for item, after in zip(group, chain(group[1:], [following]), strict=True):
                    item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
                group = following.group
        except KeyboardInterrupt:
            self._session._setupstate.teardown_exact(None)
        finally:
            warnings.simplefilter("ignore", ResourceWarning)  # as Python has it at its end
            atexit._run_exitfuncs()

    def _taken(self, queue: int) -> Iterator[Sequence[pytest.Item]]:
        groups = [*self._groups.values()]
        while number := os.read(queue, _NUMBER):
            yield groups[int.from_bytes(number, "little")]


class _Following:
    """The test after the last one of a group, which is asked for when that one has ended.

    Asked earlier, its group would wait for a process that is busy while others have nothing to do.
    """

    def __init__(self, groups: Iterator[Sequence[pytest.Item]]) -> None:
        self._groups = groups
        self.group: Sequence[pytest.Item] = ()

    def listchain(self) -> list[pytest.Node]:
        """Return the nodes that are still needed: those above the next test, or none."""
        self.group = next(self._groups, ())
        return self.group[0].listchain() if self.group else []


class _Telling:
    """A plugin that sends what happens in a process to the one that shows it."""

    def __init__(self, config: pytest.Config, reports: Connection) -> None:
        self._config, self._reports = config, reports

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._reports.send(("begun", nodeid))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        hook = self._config.hook
        self._reports.send(
            ("report", hook.pytest_report_to_serializable(config=self._config, report=report))
        )

    def pytest_runtest_logfinish(self, nodeid: str, location: object) -> None:
        self._reports.send(("ended", {"nodeid": nodeid, "location": location}))

    def pytest_warning_recorded(
        self, warning_message: object, when: str, nodeid: str, location: object
    ) -> None:
        content = {"warning_message": warning_message, "when": when, "nodeid": nodeid}
        self._reports.send(("warned", {**content, "location": location}))


def _begin(session: pytest.Session, number: int) -> None:
    """Make a fork a process of its own: what it captures, its folder, and what it does at its end
    are not those of the first one, which also shows what is reported."""
    global is_fork
    is_fork = True
    atexit._clear()
    weakref.finalize._registry.clear()  # type: ignore[attr-defined]
    weakref.finalize._registered_with_atexit = False  # type: ignore[attr-defined]
    plugins = session.config.pluginmanager
    plugins.unregister(plugins.get_plugin("terminalreporter"))
    _capture_apart(plugins.get_plugin("capturemanager"))
    folders = session.config._tmp_path_factory  # type: ignore[attr-defined]
    folders._basetemp = folders.getbasetemp() / f"process-{number}"
    folders._basetemp.mkdir(mode=0o700)


def _capture_apart(manager: Any) -> None:
    """Have what is captured go to files of this process, by descriptors that stay as they are: what
    was imported may have kept the `sys.stderr` of that time."""
    manager.suspend_global_capture()
    for capture in (manager._global_capturing.out, manager._global_capturing.err):
        if isinstance(capture, FDCapture):
            with TemporaryFile(buffering=0) as own:
                os.dup2(own.fileno(), capture.tmpfile.fileno(), inheritable=False)
    manager.resume_global_capture()


def _end(process: BaseProcess) -> None:
    """Interrupt a process, which then takes back what its fixtures have set up."""
    if process.is_alive() and process.pid:
        os.kill(process.pid, signal.SIGINT)
    process.join(_SECONDS)
    process.kill()
    process.join()


def _lost(nodeid: str, code: int) -> pytest.TestReport:
    """Return the report of a test whose process has ended."""
    why = f"its process ended with {code}"
    return pytest.TestReport(nodeid, (nodeid, None, nodeid), {}, "failed", why, "call")
