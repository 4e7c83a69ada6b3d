"""A process that has imported all that commands use, and forks for each command that it is sent.

    python -m tests.commands.warm_process SOCKET

A fork is some ten times faster than a process that starts anew, and its streams, folder,
environment and exit are its own all the same. It takes the longer the more was imported, for each
page of it is entered anew: so what few commands need is imported by a process of its own, when the
first of them comes (`warm_client.HEAVY`). Both end with the stdin of the first.
"""

from __future__ import annotations

import array
import atexit
import gc
import io
import marshal
import os
import pkgutil
import selectors
import socket
import sys
import threading
import time
import traceback
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from importlib import import_module

from engine.commands.main import main
from engine.common.package_weights import WeightFile
from engine.encoders import weight_files
from engine.errors import EncoderUnavailable
from tests.commands.warm_client import ANEW, HEAVY

_IMPORTED = (
    "PIL.IptcImagePlugin", "cv2", "engine.testing.fake_encoder", "faiss", "filecmp",
    "huggingface_hub.file_download", "numpy.ma", "numpy.random", "onnxruntime", "pprint",
    "pyarrow.parquet", "rich.progress", "rich.table", "sqlalchemy.dialects.sqlite", "statistics",
    "threadpoolctl", "tokenizers", "tomllib",
)  # fmt: skip
"""Modules of others that most commands use, some of which take seconds to import."""
_LEFT = ("export_", ".training", ".testing", ".migrations.", ".demo", "engine.server")
"""Parts of names of modules that are programs, or that few commands need."""
_HEAVY = ("cleanlab", "sklearn.model_selection", "transformers")
"""Modules that few commands use, and that take seconds to import."""
_OF_PYTHON = (b"LC_ALL", b"LC_CTYPE", b"PYTHONIOENCODING", b"PYTHONUNBUFFERED", b"PYTHONUTF8")
"""What has Python read and write otherwise, from its start."""
_OWN_STDERR = os.dup(2)
_NAMES = ("stdin", "stdout", "stderr")


def import_much() -> None:
    """Import what most commands import while they run, and leave it uncopied by forks."""
    gc.disable()  # nothing of it is garbage, while looking for it takes a tenth of the time
    _import(_IMPORTED)
    for package in ("engine", "indexers"):
        _import(name for name in _below(package) if not any(part in name for part in _LEFT))
    _hash_weights()
    _freeze()


def import_heavy() -> None:
    """Import what few commands import."""
    gc.disable()
    _import(_HEAVY)
    _import(_below("engine.server"))
    _freeze()


def _hash_weights() -> None:
    """Hash the weights of all encoders, 0.3 s, which a process remembers."""
    for named in vars(weight_files).values():
        for file in named if isinstance(named, tuple) else (named,):
            if isinstance(file, WeightFile):
                with suppress(EncoderUnavailable):
                    file.locate()


def _freeze() -> None:
    """Leave to this process what is its own: what is collected, and what is tidied at the end."""
    gc.freeze()
    gc.enable()
    weakref.finalize._registry.clear()  # type: ignore[attr-defined]


def _below(package: str) -> Iterator[str]:
    path = import_module(package).__path__
    return (found.name for found in pkgutil.walk_packages(path, f"{package}."))


def _import(modules: Iterable[str]) -> None:
    for module in modules:
        with suppress(ImportError):  # of an extra that is not installed
            import_module(module)


def _listen(place: str) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(place)
    listener.listen(64)
    return listener


def serve_both(place: str) -> None:
    """Fork for each command that comes, here or in a second process, until stdin ends."""
    listener, heavy = _listen(place), _listen(place + HEAVY)
    sys.stdout.write("it listens\n")
    sys.stdout.flush()
    import_much()
    end, kept_open = os.pipe()
    if (second := os.fork()) == 0:
        os.close(kept_open)
        listener.close()
        with selectors.DefaultSelector() as first:
            for each in (end, heavy):
                first.register(each, selectors.EVENT_READ)
            if heavy in [key.fileobj for key, _ in first.select()]:
                import_heavy()
        serve(heavy, end)
        os._exit(0)
    heavy.close()
    serve(listener, sys.stdin.fileno())
    os.close(kept_open)
    os.waitpid(second, 0)  # what it has taken counts as this one's


def serve(listener: socket.socket, end: int) -> None:
    """Fork for each command that comes, until a descriptor ends."""
    waiting = selectors.DefaultSelector()
    waiting.register(end, selectors.EVENT_READ, "end")
    waiting.register(listener, selectors.EVENT_READ, "listener")
    while True:
        for key, _ in waiting.select():
            if key.data == "end":
                return
            if key.data == "listener":
                connection = listener.accept()[0]
                child = _fork(connection, listener)
                if child is None:
                    continue
                waiting.register(os.pidfd_open(child), selectors.EVENT_READ, (child, connection))
                continue
            child, connection = key.data
            code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            waiting.unregister(key.fileobj)
            os.close(key.fd)
            with connection, suppress(OSError):  # of a client that was stopped
                connection.sendall(str(code).encode())


def _fork(connection: socket.socket, listener: socket.socket) -> int | None:
    header, given, *_ = connection.recvmsg(8, socket.CMSG_SPACE(3 * 4))
    descriptors = array.array("i", given[0][2])
    left, document = int.from_bytes(header, "little"), b""
    while len(document) < left:
        document += connection.recv(left - len(document))
    asked = marshal.loads(document)
    if any(asked[2].get(name, b"") != os.environb.get(name, b"") for name in _OF_PYTHON):
        with connection:
            connection.sendall(str(ANEW).encode())
    child = None if connection.fileno() < 0 else os.fork()
    if child != 0:
        for number in descriptors:
            os.close(number)
        return child
    code = 70
    try:
        connection.close()
        listener.close()
        code = _run(*asked, descriptors)
    except BaseException:
        os.write(_OWN_STDERR, traceback.format_exc().encode(errors="replace"))
        traceback.print_exc()
    finally:
        os._exit(code)


def _run(
    arguments: Sequence[bytes], folder: bytes, environ: Mapping[bytes, bytes],
    states: Sequence[str], streams: Sequence[int],
) -> int:  # fmt: skip
    os.chdir(folder)
    os.environb.clear()
    os.environb.update(environ)
    time.tzset()
    for number, given in enumerate(streams):
        os.dup2(given, number)
        os.close(given)
        _replace_stream(number)
    # Those that are closed come last: what is opened would take their numbers.
    for number, state in sorted(enumerate(states), key=lambda each: each[1] == "closed"):
        _spoil_stream(number, state)
    return _run_main(map(os.fsdecode, arguments))


def _spoil_stream(number: int, state: str) -> None:
    """Close a stream, or put one in its place that is full or that nobody reads."""
    if state == "closed":
        setattr(sys, _NAMES[number], None)
        setattr(sys, f"__{_NAMES[number]}__", None)
        os.close(number)
    elif state == "broken":
        reader, writer = os.pipe()
        os.close(reader)
        os.dup2(writer, number)
        os.close(writer)
    elif state == "full":
        full = os.open("/dev/full", os.O_RDWR)
        os.dup2(full, number)
        os.close(full)


def _replace_stream(number: int) -> None:
    """Make `sys.stdout` and the like anew, as Python does for a descriptor when it starts."""
    name = _NAMES[number]
    before = getattr(sys, f"__{name}__")
    raw = io.FileIO(number, "w" if number else "r", closefd=False)
    stream = io.TextIOWrapper(
        io.BufferedWriter(raw) if number else io.BufferedReader(raw), encoding=before.encoding,
        errors=before.errors, line_buffering=number == 2 or raw.isatty(),
    )  # fmt: skip
    setattr(sys, name, stream)
    setattr(sys, f"__{name}__", stream)


def _run_main(arguments: Iterable[str]) -> int:
    """Run a command, and all that a process does at its end; return its exit code.

    After ``-c`` comes a program that is run in its place, as by Python.
    """
    first, *rest = arguments
    sys.argv = ["sensorium", first, *rest] if first != "-c" else [first, *rest[1:]]
    try:
        if first == "-c":
            exec(rest[0], {"__name__": "__main__"})
        else:
            main()
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
    return code


if __name__ == "__main__":
    serve_both(sys.argv[1])
