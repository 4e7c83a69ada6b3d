"""Time of a search, cold and warm, against the least that it could take.

    python -m benchmarks.latency --data DIR

Cold: `sensorium search` from process start to hits, against a bare interpreter
that imports onnxruntime and faiss. Warm: a whole query through the facade,
against embedding the text and searching a raw FAISS index of the same vectors.
The two of each pair take turns, and every query is a text not asked before.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

import click

from benchmarks.common import (
    at_most,
    command,
    conclude,
    data_option,
    indexed,
    machine,
    pictures,
    scratch,
)
from engine.encoders.compact.text import MiniLM
from engine.index.exact import import_faiss
from engine.library.facade import Library
from engine.types import Modality

_TORCH_FREE = (
    "import sys; from engine.commands.main import main\n"
    "try: main(sys.argv[1:], standalone_mode=False)\n"
    "finally: assert 'torch' not in sys.modules, 'torch was imported'"
)


def _seconds(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def _process(compiled: Path, *arguments: str) -> Callable[[], str]:
    """A process whose modules are compiled already, as those of an installed package are."""
    whole = [sys.executable, *arguments]
    without = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    env = {**without, "PYTHONPYCACHEPREFIX": str(compiled)}
    return lambda: (
        subprocess.run(whole, check=True, stdout=subprocess.PIPE, text=True, env=env).stdout
    )


def _searched(run: Callable[[], str]) -> Callable[[], object]:
    """A search from the command line that must find something: nothing is found fast."""

    def checked() -> None:
        assert json.loads(run())["hits"], "the cold search found nothing"

    return checked


def _turns(count: int, *runs: Callable[[], object]) -> list[float]:
    """Median seconds of each run, taking turns, the first turn left out."""
    taken = [[_seconds(run) for run in runs] for _ in range(count + 1)][1:]
    return [median(column) for column in zip(*taken, strict=True)]


def cold(library: Path, turns: int) -> tuple[float, float, float]:
    """Seconds of a search, of the bare imports, and of `--help`."""
    search = ("search", "a dog on a beach", "--json", "--library", str(library))
    with scratch() as compiled:
        _searched(_process(compiled, "-c", _TORCH_FREE, *search))()
        ours, bare, help_ = _turns(
            turns,
            _searched(_process(compiled, "-m", "engine.commands.main", *search)),
            _process(compiled, "-c", "import onnxruntime, faiss"),
            _process(compiled, "-m", "engine.commands.main", "--help"),
        )
    return ours, bare, help_


def _hits(library: Library, text: str) -> None:
    found = library.search(text)
    assert found.hits or found.below, f"{text!r} was asked of nothing"


def warm(library: Library, labels: Sequence[str]) -> tuple[float, float]:
    """Median seconds of a whole query, and of embedding plus raw FAISS."""
    faiss = import_faiss()
    library.search("warm up")
    stored = library.searcher.indexes["compact"].indexes[
        Modality.IMAGE
    ]  # the very vectors it searches
    raw = faiss.IndexFlatIP(384)
    raw.add(stored.vectors(stored.ids()))
    tower = MiniLM(library.settings)
    tower.embed(["warm up"])
    taken: list[tuple[float, float]] = []
    for label in labels:
        ours, theirs = f"is there a {label} here", f"look for some {label} now"
        taken.append(
            (
                _seconds(lambda text=ours: _hits(library, text)),
                _seconds(lambda text=theirs: raw.search(tower.embed([text]), 20)),
            )
        )
    first, second = zip(*taken, strict=True)
    return median(first), median(second)


@command(__doc__)
@data_option
@click.option("--turns", default=9, show_default=True)
def main(data: Path, turns: int) -> None:
    files, labels = pictures(data)
    with indexed(files) as made:
        whole, least = warm(made.library, [row["label"] for row in labels])
        ours, bare, help_ = cold(made.library.store.path, turns)
    conclude(
        f"Search among {len(labels)} pictures, {machine()}; medians.",
        ("what", "takes", "against", "ratio"),
        [
            ("cold `sensorium search`, PyTorch not imported", f"{ours:.2f} s",
             f"importing onnxruntime and faiss, {bare:.2f} s", f"{ours / bare:.2f}",
             at_most(ours / bare, 3)),
            ("warm query", f"{whole * 1e3:.2f} ms", f"encode + raw FAISS, {least * 1e3:.2f} ms",
             f"{whole / least:.2f}", at_most(whole / least, 1.5)),
            ("`sensorium --help`", f"{help_:.2f} s", "", "", at_most(help_, 0.3, "< 0.3 s")),
        ],
    )  # fmt: skip


if __name__ == "__main__":
    main()
