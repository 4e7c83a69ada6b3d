"""Run commands in forked processes whose streams are closed, full, or read by nobody.

A process that imports everything once and forks for each case is some twenty times faster
than one that starts anew, and descriptors are its own all the same. What Python does with
closed descriptors when it starts, ``sys.stdout = None``, is done here by hand.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from engine.commands.main import main

_IMPORTED = (
    "cleanlab", "cv2", "engine.library", "engine.store.sql.schema", "engine.store.write.writer",
    "engine.query.calibration.estimate", "engine.server.mcp_tools", "faiss",
    "indexers.decode", "indexers.pipeline", "indexers.readers", "onnxruntime",
    "pyarrow.parquet", "rich.progress", "rich.table", "sklearn.model_selection", "torch",
)  # fmt: skip
"""Modules that commands use, some of which take seconds to import: once, for all forks."""

STREAMS = ("stdin", "stdout", "stderr")


def run(arguments: Sequence[str], streams: Sequence[str], place: str) -> int:
    """Run one command; each stream is ``file``, ``closed``, ``full`` or ``broken``."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    code = 70
    try:
        wanted = list(enumerate(zip(STREAMS, streams, strict=True)))
        for number, (name, state) in sorted(wanted, key=lambda each: each[1][1] == "closed"):
            _arrange(number, name, state, place)
        sys.argv = ["sensorium", *arguments]
        main()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:
        import traceback

        with Path(place, "traceback").open("w") as stream:
            traceback.print_exc(file=stream)
    finally:
        os._exit(code)


def _arrange(number: int, name: str, state: str, place: str) -> None:
    """Put a stream of this process into a state; the closed ones are put last."""
    setattr(sys, name, None)
    setattr(sys, f"__{name}__", None)
    if state == "closed":
        os.close(number)
        return
    if state == "broken":
        reader, opened = os.pipe()
        os.close(reader)
    else:
        path = {"full": "/dev/full", "file": f"{place}/{name}", "null": os.devnull}[state]
        opened = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
    os.dup2(opened, number)
    os.close(opened)
    stream = open(number, "r" if number == 0 else "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    setattr(sys, name, stream)
    setattr(sys, f"__{name}__", stream)


if __name__ == "__main__":
    for module in _IMPORTED:
        import_module(module)
    for line in sys.stdin:
        case = json.loads(line)
        code = run(case["arguments"], case["streams"], case["place"])
        sys.stdout.write(f"{code}\n")
        sys.stdout.flush()
