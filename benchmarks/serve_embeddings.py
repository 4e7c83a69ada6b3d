"""Pictures to /v1/embeddings by many clients, against the encoder alone.

    python -m benchmarks.serve_embeddings --data DIR [--pictures 1000 --clients 16 --no-peer]

Alone is the encoder in this process, given the bytes of all pictures at once: it decodes them in
as many threads as the server does, and then encodes them. The server takes one picture a request.
Both run in turn, each twice, and the better time of each counts.

Beside it infinity, another server of embeddings, is asked for the same pictures in the same way,
with the same weights: CLIP ViT-B/32 as transformers saves it, which `st:` loads here. The weights
are random, which costs what trained ones cost.
"""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click

from benchmarks.common import (
    Row,
    at_least,
    command,
    conclude,
    data_option,
    machine,
    need,
    scratch,
    work_option,
)
from benchmarks.peers.environments import Unavailable
from benchmarks.peers.infinity import infinity, random_vit_b_32
from benchmarks.serving import Tally, as_bodies, load, serving
from engine.encoders import registry
from engine.library.facade import Library

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


def _data_urls(pictures: Sequence[bytes]) -> Iterator[bytes]:
    """Yield requests as infinity has them; without a model both servers take the one they have."""
    coded = (base64.b64encode(picture).decode() for picture in pictures)
    return iter([*as_bodies(
        {"modality": "image", "input": [f"data:image/jpeg;base64,{code}"]} for code in coded
    )])  # fmt: skip


def _beside(contents: Sequence[bytes], clients: int, place: Path, work: Path) -> list[Row]:
    """Measure this server and infinity with the same weights, in turn."""
    rates: dict[str, float] = {"sensorium": 0, "infinity": 0}
    try:
        model = random_vit_b_32(work / "random-vit-b-32")
        Library.open(place / "vit", create=True, encoder=f"st:{model.resolve()}").close()
        with serving(place / "vit") as ours, infinity(model, work) as theirs:
            routes = {"sensorium": (ours, "/v1/embeddings"), "infinity": (theirs, "/embeddings")}
            for pictures in (contents[:64], contents, contents):
                for name, (server, route) in routes.items():
                    tally = asyncio.run(load(server, route, _data_urls(pictures), clients, 900))
                    if tally.errors:
                        raise Unavailable(f"{name}: {tally.errors} errors")
                    if pictures is contents:
                        rates[name] = max(rates[name], len(contents) / tally.took)
    except Unavailable as fault:
        return [("infinity beside it", str(fault), None)]
    times = rates["sensorium"] / rates["infinity"]
    return [(
        "the same ViT-B/32 here, against infinity",
        f"{rates['sensorium']:.1f} against {rates['infinity']:.1f} pictures/s, {times:.2f}x",
        at_least(times, 1, "above it"),
    )]  # fmt: skip


def _bodies(pictures: Sequence[bytes]) -> Iterator[bytes]:
    coded = (base64.b64encode(picture).decode() for picture in pictures)
    return iter([*as_bodies(
        {"input": [{"image": code}], "encoding_format": "base64"} for code in coded
    )])  # fmt: skip


@command(__doc__)
@data_option
@click.option("--pictures", default=1000, show_default=True)
@click.option("--clients", default=16, show_default=True)
@work_option
@click.option("--peer/--no-peer", default=True, help="Measure infinity as well.")
def main(data: Path, pictures: int, clients: int, work: Path, peer: bool) -> None:
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
        beside = _beside(contents, clients, place, work) if peer else []
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
            *beside,
        ],
    )  # fmt: skip


if __name__ == "__main__":
    main()
