"""Eight readers beside a writer: errors, torn results, and how much slower searches are.

    python -m benchmarks.readers [--commits 2000] [--rate 20]

Each reader is a process with the library open that asks as fast as it can, or --rate
times a second; the writer commits without a pause, or with one of 10 ms then. Every
commit of the writer replaces two pictures at once, which say the number of the commit:
a result that shows one of them without the other, or two numbers, is torn. The readers
are timed before the writer starts and while it works. The encoder is the fake one.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import numpy as np

from benchmarks.common import at_most, command, conclude, machine, scratch
from engine.library.facade import Library
from engine.store import Store
from engine.testing.fake_encoder import fake_towers
from engine.types import Asset, Embedding, IndexedAsset, Kind, MediaType, Modality, Moment, Tag

_READERS = 8
_OTHERS = 3_000
"""Pictures that nobody changes."""
_PAUSE = 1 / 100
"""Seconds between the writer's commits, where the readers have a rate."""
_READER = "import sys; from benchmarks.readers import read; read(*sys.argv[1:])"


def _picture(path: str, text: str, tag: str) -> IndexedAsset:
    """A picture of which the fake encoder would say ``text``, and whose tag is shown."""
    encoder = fake_towers().encoder
    looks = np.zeros(encoder.looks.dim, np.float32)
    looks[0] = 1
    (shared,) = encoder.embed_texts([text])
    vectors = {encoder.shared.name: shared, encoder.looks.name: looks}
    asset = Asset(path, f"{hash((path, tag)):064x}", MediaType(Kind.IMAGE, "png"), 1, 1)
    moment = Moment(Modality.IMAGE, tags=(Tag(tag, 1.0),))
    return IndexedAsset(asset, (Embedding(moment, vectors),))


def _pair(number: int) -> list[IndexedAsset]:
    return [_picture(f"/pair/{name}.png", "pair", f"commit{number}") for name in ("a", "b")]


# --- a reader ----------------------------------------------------------------------


def read(library: str, until: str, period: str) -> None:
    """Ask until a file appears; print what was seen as one line of JSON."""
    took: list[tuple[float, float]] = []
    errors: list[str] = []
    torn = 0
    with Library.open(library) as opened:
        opened.search("pair")
        print("ready", flush=True)
        while not Path(until).exists():
            started = time.perf_counter()
            try:
                hits = opened.search("pair", top=5).hits
                said = [hit.why[0].words for hit in hits if hit.path.startswith("/pair/")]
                torn += len(said) != 2 or len(set(said)) != 1
            except Exception as error:
                errors.append(repr(error))
            seconds = time.perf_counter() - started
            took.append((time.time(), seconds))
            time.sleep(max(0.0, float(period) - seconds))
    print(json.dumps({"took": took, "errors": errors, "torn": torn}), flush=True)


@contextmanager
def _readers(library: Path, until: Path, rate: float) -> Iterator[list[subprocess.Popen[str]]]:
    period = 1 / rate if rate else 0.0
    child = [sys.executable, "-c", _READER, str(library), str(until), str(period)]
    started = [subprocess.Popen(child, stdout=subprocess.PIPE, text=True) for _ in range(_READERS)]
    try:
        for process in started:
            if process.stdout is None or process.stdout.readline().strip() != "ready":
                raise click.ClickException("a reader did not start")
        yield started
    finally:
        for process in started:
            process.kill()
            process.wait()


# --- the writer --------------------------------------------------------------------


def _filled(library: Path) -> None:
    """A library of pictures that nobody asks for, and the first pair."""
    towers = fake_towers()
    with Store.create(library, towers.encoder.name) as store, store.writer() as writer:
        for space in (towers.shared, towers.looks):
            writer.ensure_space(space)
        writer.commit([_picture(f"/{i}.png", f"other {i}", "other") for i in range(_OTHERS)])
        writer.commit(_pair(0))


def _write(library: Path, commits: int, pause: float) -> None:
    with Store.open(library) as store:
        for number in range(1, commits + 1):
            with store.writer() as writer:
                writer.commit(_pair(number))
            time.sleep(pause)


def _p99(took: list[float]) -> float:
    return float(np.percentile(took, 99) * 1e3)


@command(__doc__)
@click.option("--commits", default=2_000, show_default=True, type=click.IntRange(1))
@click.option("--rate", default=0.0, help="Questions a second of each reader.")
def main(commits: int, rate: float) -> None:
    with scratch() as place:
        library, until = place / "library", place / "stop"
        _filled(library)
        with _readers(library, until, rate) as processes:
            time.sleep(15)
            began = time.time()
            _write(library, commits, _PAUSE if rate else 0.0)
            ended = time.time()
            until.touch()
            seen = [json.loads(process.communicate()[0]) for process in processes]
    took = [entry for one in seen for entry in one["took"]]
    idle = _p99([s for at, s in took if at < began])
    busy = _p99([s for at, s in took if began <= at <= ended])
    errors = [error for one in seen for error in one["errors"]]
    for error in errors[:5]:
        click.echo(error, err=True)
    torn = sum(one["torn"] for one in seen)
    how = f"{rate:g} times a second" if rate else "without a pause"
    caption = (
        f"{_READERS} readers, {how}, {len(took)} searches, beside {commits} commits in"
        f" {ended - began:.0f} s; {machine()}."
    )
    conclude(
        caption,
        ("what", "figure"),
        [
            ("errors", len(errors), at_most(len(errors), 0, "0")),
            ("torn results", torn, at_most(torn, 0, "0")),
            ("p99, no writer", f"{idle:.1f} ms", None),
            ("p99, beside the writer", f"{busy:.1f} ms, {busy / idle:.2f}x",
             at_most(busy / idle, 2, "<= 2x")),
        ],
        variant=f"rate-{rate:g}" if rate else "",
    )  # fmt: skip


if __name__ == "__main__":
    main()
