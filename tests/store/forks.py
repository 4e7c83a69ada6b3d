"""A process that has imported the library, and forks for each piece of code that is to be killed.

    python -W error -m tests.store.forks

A fork takes some hundredths of what a process takes that imports all of it anew. It gets a line
of JSON for each piece of code, answers with its exit code, and ends with its stdin.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import subprocess
import sys
import traceback
from functools import cache
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from engine.store import Store
from engine.store import failpoints as points

ROOT = Path(__file__).parents[2]
_IMPORTED = (
    "engine.align.service", "engine.encoders.registry", "engine.index.disk",
    "engine.library.facade", "engine.query.search", "engine.store.write.writer",
    "engine.testing.fake_encoder", "faiss", "indexers.pipeline", "sqlalchemy.dialects.sqlite",
    "tests.store.make",
)  # fmt: skip

_OF_A_SERVER = ("engine.store.postgres", "sqlalchemy.dialects.postgresql.psycopg")


def forked(code: str, *args: str, failpoints: str = "") -> int:
    """Run ``code`` in a process of its own, and return its exit code, negative for a signal."""
    server = _server()
    assert server.stdin and server.stdout
    place, environ = str(Path.cwd()), dict(os.environ)
    server.stdin.write(json.dumps([code, args, failpoints, place, environ]) + "\n")
    server.stdin.flush()
    return int(server.stdout.readline())


@cache
def _server() -> subprocess.Popen[str]:
    started = subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "tests.store.forks"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    atexit.register(started.communicate)
    return started


def _run(code: str, args: list[str], armed: str, place: str, environ: dict[str, str]) -> None:
    os.chdir(place)
    os.environ.clear()
    os.environ.update(environ)
    points._armed = points._from_environment(armed)
    sys.argv = ["-c", *args]
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    os.dup2(2, 1)  # answers are the server's
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(code, "<string>", "exec"), names)


def _warm_up() -> None:
    """Do once what each fork would do anew: import, and compile the statements of a commit."""
    for module in _IMPORTED:
        import_module(module)
    from tests.store import make

    if make.SERVER:
        for module in _OF_A_SERVER:
            import_module(module)
    with (
        TemporaryDirectory() as folder,
        Store.create(Path(folder, "library"), "fake") as store,
        store.writer() as writer,
    ):
        writer.ensure_space(make.TEXT)
        writer.ensure_space(make.LOOKS)
        writer.commit([make.picture("/a"), make.sound("/b", "one")])
    gc.collect()
    gc.freeze()  # or each fork has its own copy of all that its first collection looks at


def _serve() -> None:
    _warm_up()
    for line in sys.stdin:
        if (child := os.fork()) == 0:
            try:
                _run(*json.loads(line))
            except BaseException:
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _serve()
