"""Commands in forked processes in which one call of the system fails, by a preloaded library."""

from __future__ import annotations

import ctypes
import errno
import gc
import json
import os
import re
import shutil
import subprocess
import sys
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import NamedTuple, cast
from unittest import mock

CALLS = ("open", "read", "mmap", "stat", "rename", "fsync", "write", "unlink")
_PICTURES, _LATER = 20, 3
"""Pictures that a library begins with, 16 of which FAISS needs for codes, and that come later."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command line, and the library that it is run on."""

    words: tuple[str, ...]
    library: str = "plain"
    """``plain``, ``none``, or ``indexed`` and ``lists``, which have a snapshot."""


COMMANDS = {
    "create": Command(("index", "{first}", "--encoder", "fake"), "none"),
    "search": Command(("search", "red")),
    "search indexed": Command(("search", "red"), "indexed"),
    "search lists": Command(("search", "red"), "lists"),
    "index": Command(("index", "{media}"), "indexed"),
    "verify": Command(("verify", "--deep"), "indexed"),
    "rebuild": Command(("rebuild",), "indexed"),
    "rebuild lists": Command(("rebuild",), "lists"),
    "compact": Command(("compact",)),
    "duplicates": Command(("curate", "duplicates")),
}


_INDEXED = {"indexed": "SQfp16", "lists": "IVF1,PQ4x4fs"}
"""The libraries that have a snapshot, and the structure of its index."""
_WATCH = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p)
WATCHED = -1
_NUMBERS = re.compile(r"[0-9a-f]*[0-9][0-9a-f]*|(?<=\.building-).*|(?<=-)[a-z0-9_]{8}\b")


@dataclass(frozen=True)
class Case:
    """One call that fails."""

    command: str
    call: str
    error: str
    number: int
    """The call's place among those of its kind; 0 lets all succeed, and ``WATCHED`` notes them."""

    @property
    def key(self) -> str:
        return f"{self.command}:{self.call}:{self.error}:{self.number}"


class Ran(NamedTuple):
    """What became of one run of a command."""

    status: int
    stacks: list[tuple[str, str]]
    """Each call, the kind of file and the lines of ours, in order, where all succeeded."""
    text: str


@dataclass(frozen=True, slots=True)
class Bench:
    """The folders of a run."""

    folder: Path

    @property
    def first(self) -> Path:
        """The pictures that the libraries hold."""
        return self.folder / "media" / "first"

    @property
    def copy(self) -> Path:
        return self.folder / "copy"

    def renew(self, name: str) -> None:
        """Put a fresh copy of a library in the place of the one before."""
        shutil.rmtree(self.copy, ignore_errors=True)
        if name != "none":
            shutil.copytree(self.folder / name, self.copy, copy_function=shutil.copy2)

    def make(self) -> None:
        """Make the pictures and the libraries."""
        from PIL import Image

        later = self.folder / "media" / "later"
        self.first.mkdir(parents=True)
        later.mkdir()
        for number in range(_PICTURES + _LATER):
            colour = (40 + 9 * number % 200, 50 * number % 251, 30 * number % 241)
            folder = self.first if number < _PICTURES else later
            Image.new("RGB", (16, 16), colour).save(folder / f"{number}.png")
        for name, words in (
            ("plain", [*COMMANDS["create"].words]),
            ("indexed", ["rebuild"]),
            ("lists", ["rebuild"]),
        ):
            self.renew("none" if name == "plain" else "plain")
            status, _, text = self.run(words, Case("", "open", "EIO", 0), name)
            if status:
                raise SystemExit(text)
            self.copy.rename(self.folder / name)

    def run(self, words: Iterable[str], case: Case, library: str) -> Ran:
        """Run a command in a child, on the copy of a library."""
        filled = [word.format(media=self.folder / "media", first=self.first) for word in words]
        return _forked([*filled, "--library", str(self.copy)], self.copy, case, library)

    def run_case(self, case: Case) -> Ran:
        """Run the command of a case on the copy as it is."""
        return self.run(COMMANDS[case.command].words, case, COMMANDS[case.command].library)


def compiled(folder: Path) -> Path:
    """Compile the library that is preloaded."""
    made = folder / "failing_calls.so"
    source = Path(__file__).with_name("failing_calls.c")
    gcc = ["gcc", "-O1", "-w", "-shared", "-fPIC", "-o", str(made), str(source), "-ldl"]
    subprocess.run(gcc, check=True, capture_output=True)
    return made


def moments(library: Path) -> Counter[str]:
    """List what a library holds, by a process to which nothing happens."""
    if not library.exists():
        return Counter()
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        with _ending():
            os.close(reading)
            _list_moments(library, writing)
    os.close(writing)
    with os.fdopen(reading) as stream:
        text = stream.read()
    if os.waitpid(child, 0)[1]:
        return Counter({"it cannot be opened": 1})
    return Counter(text.splitlines())


def _list_moments(library: Path, writing: int) -> None:
    from engine.store import Store
    from engine.store.verify import verify

    with Store.open(library) as store:
        problems = verify(store, deep=True).problems
        listed = [
            f"{asset.path} {i}"
            for asset in store.assets()
            for i in range(len(store.moments_of(asset.asset_id)))
        ]
    with os.fdopen(writing, "w") as stream:
        stream.write("\n".join([*listed, *problems]))


def _forked(words: list[str], copy: Path, case: Case, library: str) -> Ran:
    printed = copy.with_name("printed")
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        with _ending(), printed.open("wb") as stream:
            os.close(reading)
            os.dup2(stream.fileno(), 1)
            os.dup2(stream.fileno(), 2)
            status, stacks = _run(words, copy, case, library)
            with os.fdopen(writing, "w") as answer:
                json.dump([stacks, [*sys.modules] if stacks else []], answer)
            _flush()
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading) as stream:
        stacks, modules = json.loads(stream.read() or "[[], []]")
    gc.unfreeze()
    for module in modules:  # so that the next child need not import it
        with suppress(ImportError):
            import_module(module)
    gc.freeze()  # else a collection in a child copies every page
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return Ran(status, stacks, printed.read_text(errors="replace"))


@contextmanager
def _ending() -> Iterator[None]:
    """End a child here, whatever happens: what follows is its parent's."""
    try:
        yield
    except BaseException:
        traceback.print_exc()
        _flush()
        os._exit(70)
    os._exit(0)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        stream.flush()


def _run(
    words: list[str], copy: Path, case: Case, library: str
) -> tuple[int, list[tuple[str, str]]]:
    from engine.commands.main import main as command_line

    hooks = ctypes.CDLL(None)
    sys.argv = ["sensorium", *words]
    status, stacks = 0, list[tuple[str, str]]()

    def note(kind: int, path: bytes) -> None:
        stacks.append((CALLS[kind], _stack(os.fsdecode(path), copy)))

    called = _WATCH(note)
    with ExitStack() as stack:
        if library in _INDEXED:
            stack.enter_context(mock.patch("engine.index.inventory.EXACT_ROWS", 1))
            key = mock.patch("engine.index.build.choose_key", return_value=_INDEXED[library])
            stack.enter_context(key)
        hooks.fail_watch(called if case.number == WATCHED else None)
        call, error = CALLS.index(case.call), getattr(errno, case.error)
        hooks.fail_arm(call, error, case.number, os.fsencode(copy))
        try:
            command_line()
        except SystemExit as ended:
            status = ended.code if isinstance(ended.code, int) else 1
        finally:
            hooks.fail_disarm()
    return status, stacks


def _stack(path: str, copy: Path) -> str:
    """Return the kind of a file and the lines of ours that led to a call, the innermost first."""
    lines, frame = list[str](), cast(FrameType | None, sys._getframe(1))
    while frame is not None:
        file = frame.f_code.co_filename
        if "/engine/" in file or "/indexers/" in file:
            lines.append(f"{file}:{frame.f_lineno}")
        frame = frame.f_back
    kind = _NUMBERS.sub("#", path.removeprefix(str(copy)).replace("fake-looks", "fake"))
    return f"{kind} {' '.join(lines)}"


def import_all() -> None:
    """Import what the commands use, once for all children."""
    for module in (
        "engine.library.facade",
        "engine.store.verify",
        "indexers.pipeline",
        "sqlalchemy",
    ):
        import_module(module)
    for module in ("pyarrow.parquet", "engine.store.write.writer", "engine.commands.main"):
        import_module(module)
