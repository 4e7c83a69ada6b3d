"""What all tests share: a cache of exported models that lasts one session."""

from __future__ import annotations

import gc
import hashlib
import io
import os
import re
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

# Threads that wait for each other keep a processor busy with waiting, where two processes of tests
# share two of them: that was more than half of what PyTorch's tests took. libgomp reads it when it
# is loaded, here and in processes that are started.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import hypothesis
import pytest
from hypothesis.configuration import set_hypothesis_home_dir
from hypothesis.internal.conjecture import providers
from threadpoolctl import threadpool_limits

from engine.config import Settings
from engine.generate.lm import LocalLM
from tests import processes


def _lasting() -> bool:
    """Whether what is made can be kept between runs: in the environment, and it goes with that."""
    return sys.prefix != sys.base_prefix and os.access(sys.prefix, os.W_OK)


# Nothing is left in the checkout. Tables of Unicode, which take each process 2 s, lie in the
# environment. The same examples are drawn each time: a test that fails on one
# of thousands of runs says nothing about the change it was run for. `make explore` draws anew.
_hypothesis_home = tempfile.TemporaryDirectory(prefix="hypothesis-")
set_hypothesis_home_dir(
    Path(sys.prefix) / "test-hypothesis" if _lasting() else _hypothesis_home.name
)
hypothesis.settings.register_profile("anew", deadline=None, database=None)
hypothesis.settings.register_profile(
    "sensorium", hypothesis.settings.get_profile("anew"), derandomize=True
)
hypothesis.settings.load_profile("sensorium")


def _draw_no_constants(config: pytest.Config) -> None:
    """Leave out of the examples what constants the modules hold that are imported by then.

    They would be others in each order of the tests, and in each process of them; and all modules
    are read as trees for them while tests are collected, 5 s of each process. `make explore` has
    them.
    """
    if config.getoption("--hypothesis-profile") in (None, "sensorium"):
        none = providers.Constants()
        providers._get_local_constants = lambda: none


ROOT = Path(__file__).parents[1]
MEMORY = Path("/dev/shm")
ROOM = 6 * 2**30
"""Bytes that have to be free in memory before the files of tests are kept there."""


def pytest_configure(config: pytest.Config) -> None:
    """Keep the files of tests in memory where there is room: a library waits for the disk some 20
    times while it is made, at 7 ms each. And nothing of collecting is garbage, while looking for it
    takes 2 s of each process."""
    if "PYTEST_DEBUG_TEMPROOT" not in os.environ and _has_room(MEMORY):
        os.environ["PYTEST_DEBUG_TEMPROOT"] = str(MEMORY)
    gc.disable()
    _draw_no_constants(config)
    threadpool_limits(1, user_api="blas")  # of numpy, whose threads wait in the same way
    assert all((ROOT / "tests" / room).is_dir() for room in SLOW_ROOMS), "a slow room is gone"
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # A shell without job control has what it starts in the background ignore Ctrl-C, and
        # what that starts as well: then nothing here could be interrupted.
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _has_room(folder: Path) -> bool:
    import psutil

    return (
        os.access(folder, os.W_OK)
        and min(psutil.virtual_memory().available, shutil.disk_usage(folder).free) > ROOM
    )


def pytest_collection_finish(session: pytest.Session) -> None:
    """Collect garbage from now on, but not among the tests themselves."""
    global _looked_through
    _looked_through = len(sys.modules)
    gc.freeze()
    gc.enable()
    gc.set_threshold(10_000, 10, 10)  # after 700 objects it took half as long again


_IMPORTED = 300
"""Modules that are worth a look for garbage: with PyTorch come 1,500."""
_looked_through = 0


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> Iterator[None]:
    """Look for garbage among new modules once: each later look takes 0.2 s with those of PyTorch,
    which came to a twentieth of all time."""
    global _looked_through
    yield
    if len(sys.modules) > _looked_through + _IMPORTED:
        _looked_through = len(sys.modules)
        gc.collect()
        gc.freeze()


_POLICY = os.sched_getscheduler(0) if hasattr(os, "sched_getscheduler") else None

SLOW_ROOMS = (
    "align", "assistant", "benchmarks", "commands", "compose", "curate/actions", "curate/copies",
    "curate/selection", "docs", "encoders", "exchange", "generate", "query/concepts",
    "query/language", "query/rerank", "sensorium", "server", "training",
)  # fmt: skip
"""Folders whose tests load models, start processes or servers, decode videos, index library after
library, or try thousands of drawn inputs. A file elsewhere that does says so itself."""
_SLOW_FILE = re.compile(rb"^pytestmark = (\[\s*)?pytest\.mark\.slow", re.MULTILINE)
LANGUAGE_MODEL = (
    "tests/commands/test_language_model.py", "tests/generate/test_llama.py",
    "tests/generate/test_lm.py",
    "tests/query/rerank/test_likelihood.py", "tests/query/rerank/test_listwise.py",
    "tests/query/rerank/test_registry.py",
)  # fmt: skip
"""Files whose tests load the language model, which takes half a minute of each process."""

WARM = tuple(
    f"tests/commands/test_{name}.py"
    for name in ("pipelines", "screens", "streams", "output", "index", "refusals", "signals")
)
"""Files whose commands run in forks of one process that has imported everything."""
PAGE = tuple(
    f"tests/server/page/{file.name}"
    for file in sorted((Path(__file__).parent / "server/page").glob("test_*.py"))
)
"""Files whose tests share a server of one library and a browser. They take a quarter of all time,
so they come first; two browsers at once have brought a machine of two processors to a halt."""
TREES = ("tests/test_layers.py", "tests/test_prose.py")
"""Files that look at every module of ours as a tree."""
_GROUPS = (LANGUAGE_MODEL, WARM, PAGE, TREES)
_TOGETHER = {file: group[0] for group in _GROUPS for file in group}


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Pass over what `make check` leaves out: importing it takes longer than some of its tests."""
    return True if config.option.markexpr == "not slow" and _is_slow(collection_path) else None


@cache
def _is_slow(path: Path) -> bool:
    """Whether a file or folder is left out by `make check`."""
    if path.is_file():
        return _is_slow(path.parent) or bool(_SLOW_FILE.search(path.read_bytes()))
    here = Path(__file__).parent
    return any(path.is_relative_to(here / room) for room in SLOW_ROOMS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what `make check` leaves out, and put it first, so that no process ends with it: the
    longest group of all, the page's, before the others."""
    for item in items:
        if _is_slow(item.path.parent):
            item.add_marker(pytest.mark.slow)
        loads = "watched_lm" in getattr(item, "fixturenames", ())
        assert not loads or _file(item.nodeid) in LANGUAGE_MODEL, (
            f"LANGUAGE_MODEL lacks {item.nodeid}"
        )
    items.sort(
        key=lambda item: (
            item.get_closest_marker("slow") is None,
            _file(item.nodeid) not in PAGE,
        )
    )


@pytest.fixture(autouse=True)
def _same_priority() -> Iterator[None]:
    """No test leaves its thread with another priority: a real-time one starves all others."""
    yield
    if hasattr(os, "sched_getscheduler") and (policy := os.sched_getscheduler(0)) != _POLICY:
        os.sched_setscheduler(0, _POLICY, os.sched_param(0))
        pytest.fail(f"it left its thread with the policy {policy} of the scheduler")


def pytest_addoption(parser: pytest.Parser) -> None:
    processes.add_option(parser)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Run the tests in the processes that were asked for, or else leave it to pytest."""
    option = session.config.option
    if not option.processes or option.collectonly or session.testsfailed:
        return None
    processes.TestProcesses(session, _group).run(option.processes)
    return True


def _file(nodeid: str) -> str:
    return nodeid.partition("::")[0]


def _group(item: pytest.Item) -> str:
    """Give a file to one process, and those that share what is slow to start to the same."""
    file = _file(item.nodeid)
    return _TOGETHER.get(file, file)


@pytest.fixture(scope="session", autouse=True)
def _own_folders(tmp_path_factory) -> Iterator[None]:
    """Nothing of the person who runs the tests is read or written, and no window opens.

    Nor is text read in pictures, 0.1 s each, but where a test is about it.
    """
    cache = _shared_folder(tmp_path_factory) / "cache"
    _link_models(cache)
    folders = {
        "SENSORIUM_CACHE": cache,
        "SENSORIUM_CONFIG": Path(os.devnull),
        "EDITOR": Path("true"),
        "VISUAL": Path("true"),
        "SENSORIUM_OPEN": Path("true"),
        "SENSORIUM_LIBRARY": tmp_path_factory.mktemp("home") / "library",
        "SENSORIUM_OCR": "0",
    }
    before = {name: os.environ.get(name) for name in folders}
    os.environ.update({name: str(folder) for name, folder in folders.items()})
    yield
    for name, value in before.items():
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value


def _shared_folder(tmp_path_factory) -> Path:
    """Return the folder that all processes of a run share, so that a tower is exported once."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if processes.is_fork else base


EXPORTERS = ("engine/common", "engine/encoders", "engine/generate")
MODELS = dict.fromkeys(("compact", "cross", "lm", "ocr"), EXPORTERS) | {
    "phrases": (
        *EXPORTERS, "engine/classify", "engine/query/calibration", "engine/testing", "tests"
    )
}  # fmt: skip
"""Folders of a cache with what is made of pinned weights and nothing that tests decide, and the
rooms whose code makes it. Phrases are named by all of their texts and by their encoder, of which
tests have some of their own."""
_KEPT = 6
"""Sets of what was made that stay, besides those that a run of the last hour has used."""


def _link_models(cache: Path) -> None:
    """Keep what is made of models between runs, as long as no code that makes it has changed: that
    takes two minutes of a processor. It lies in the environment, and goes with it."""
    if not _lasting():
        return
    every = Path(sys.prefix) / "test-models"
    for name, rooms in MODELS.items():
        models = every / _digest(rooms)
        (models / name).mkdir(parents=True, exist_ok=True)
        os.utime(models)
        cache.mkdir(exist_ok=True)
        with suppress(FileExistsError):  # another process of this run was first
            (cache / name).symlink_to(models / name)
    with suppress(FileNotFoundError):  # another run tidies as well
        used = sorted((each.stat().st_mtime, each) for each in every.iterdir())
        for at, each in used[:-_KEPT]:
            if time.time() - at > 3600:
                shutil.rmtree(each, ignore_errors=True)


@cache
def _digest(rooms: tuple[str, ...]) -> str:
    """Return a digest of all that decides what is made: our code, and the packages below."""
    digest = hashlib.sha256()
    for package in ("onnx", "onnxruntime", "open_clip_torch", "timm", "torch", "transformers"):
        with suppress(PackageNotFoundError):
            digest.update(f"{package} {version(package)} ".encode())
    for room in rooms:
        for file in sorted((ROOT / room).rglob("*.*")):
            if file.suffix in (".py", ".txt", ".json"):
                content = file.read_bytes()
                if room != "tests" or b"def embed_" in content:
                    digest.update(content)
    return digest.hexdigest()[:16]


@pytest.fixture(scope="session")
def settings(_own_folders) -> Settings:
    """Settings whose towers are exported once for all tests."""
    return Settings.from_env()


@dataclass
class Watched:
    """A language model, and what its loading did besides."""

    lm: LocalLM
    noise: str
    network: list[str]


@pytest.fixture(scope="session")
def watched_lm(settings) -> Watched:
    """SmolLM2, exported and loaded once for all tests."""
    network: list[str] = []
    watching = True

    def watch(event: str, _: tuple[object, ...]) -> None:
        if watching and event in {"socket.connect", "socket.getaddrinfo"}:
            network.append(event)

    sys.addaudithook(watch)
    lm, noise = LocalLM(settings), io.StringIO()
    with redirect_stderr(noise), redirect_stdout(noise):
        lm.load()
    watching = False
    return Watched(lm, noise.getvalue(), network)


@pytest.fixture(scope="session")
def lm(watched_lm) -> LocalLM:
    return watched_lm.lm
