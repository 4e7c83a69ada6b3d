"""Pictures to /v1/embeddings by many clients, against the encoder alone.

    python -m benchmarks.serve_embeddings --data DIR [--pictures 1000 --clients 16]

Alone is the encoder in this process, given the bytes of all pictures at once: it decodes them in
as many threads as the server does, and then encodes them. The server takes one picture a request.
Both run in turn, each twice, and the better time of each counts.
"""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click

from benchmarks.common import at_least, command, conclude, data_option, machine, need, scratch
from benchmarks.serving import Tally, as_bodies, load, serving
from engine.encoders import registry
from engine.library import Library

_THREADS = 4
"""Threads that decode, as many as a server has."""


def _alone(library: Library, pictures: Sequence[bytes]) -> tuple[float, float]:
    """Return the seconds of decoding and encoding, and of encoding alone."""
    began = time.perf_counter()
    with ThreadPoolExecutor(_THREADS) as threads:
        prepared = [*threads.map(library.prepare_example, pictures)]
    decoded = time.perf_counter()
    library.embed_prepared(prepared)
    ended = time.perf_counter()
    return ended - began, ended - decoded


def _bodies(pictures: Sequence[bytes]) -> Iterator[bytes]:
    coded = (base64.b64encode(picture).decode() for picture in pictures)
    return iter([*as_bodies(
        {"input": [{"image": code}], "encoding_format": "base64"} for code in coded
    )])  # fmt: skip


@command(__doc__)
@data_option
@click.option("--pictures", default=1000, show_default=True)
@click.option("--clients", default=16, show_default=True)
def main(data: Path, pictures: int, clients: int) -> None:
    folder = data / "photos" / "train"
    need(folder)
    files = sorted(folder.iterdir())[:pictures]
    contents = [file.read_bytes() for file in files]
    served: list[Tally] = []
    alone: list[tuple[float, float]] = []
    with (
        scratch() as place,
        Library.open(place / "library", create=True, encoder=registry.default_encoder()) as library,
    ):
        _alone(library, contents[:32])
        with serving(place / "library") as server:
            asyncio.run(load(server, "/v1/embeddings", _bodies(contents[:64]), clients, 60))
            for _ in range(2):
                alone.append(_alone(library, contents))
                served.append(asyncio.run(
                    load(server, "/v1/embeddings", _bodies(contents), clients, 600)
                ))  # fmt: skip
    took, (whole, encoding) = min(tally.took for tally in served), min(alone)
    errors = sum(tally.errors for tally in served)
    rate, of_alone = len(contents) / took, len(contents) / whole
    conclude(
        f"{len(contents)} photographs, one a request, {clients} clients, {machine()}.",
        ("what", "figure"),
        [
            ("errors", str(errors), at_least(-errors, 0, "0")),
            ("over HTTP, against the encoder alone",
             f"{rate:.1f} against {of_alone:.1f} pictures/s, {rate / of_alone:.2f}x",
             at_least(rate / of_alone, 0.9, ">= 0.9x")),
            ("the encoder, of pictures that are decoded already",
             f"{len(contents) / encoding:.1f} pictures/s", None),
        ],
    )  # fmt: skip


if __name__ == "__main__":
    main()
