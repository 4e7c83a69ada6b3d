"""Many clients search at once: throughput, tails and errors, against one after another.

    python -m benchmarks.serve_clients --data DIR [--moments 100000 --clients 64 --seconds 60]

The library is synthetic (`synthetic_library`), with the default encoder. The server is a process
of its own, and the clients are one more on the same cores. Every search is for a text that was not
asked before, so that each is encoded.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from benchmarks.common import (
    Row,
    at_least,
    at_most,
    command,
    conclude,
    data_option,
    machine,
    work_option,
)
from benchmarks.peers.back import clip_retrieval_back
from benchmarks.peers.environments import Unavailable
from benchmarks.serving import as_bodies, load, many_moments, questions, searches, serving
from benchmarks.synthetic_library import need_real_data


def _beside(library: Path, data: Path, work: Path, clients: int, seconds: float) -> list[Row]:
    """Return how clip-retrieval's back end answers the same clients."""
    name = "clip-retrieval's back end: searches a second, errors, median"
    asked = {
        "modality": "image", "num_images": 20, "num_result_ids": 20, "indice_name": "all",
        "deduplicate": False, "use_safety_model": False, "use_violence_detector": False,
        "use_mclip": False, "aesthetic_score": "", "aesthetic_weight": 0.5,
    }  # fmt: skip
    bodies = as_bodies(asked | {"text": text} for text in questions(data))
    try:
        with clip_retrieval_back(library, work) as server:
            asyncio.run(load(server, "/knn-service", bodies, 4, 3))
            before = server.cpu_seconds()
            many = asyncio.run(load(server, "/knn-service", bodies, clients, seconds))
            cpu = (server.cpu_seconds() - before) / max(len(many.seconds), 1)
    except Unavailable as error:
        return [(name, str(error), None)]
    shown = f"{many.rate:.0f}, {many.errors}, {many.quantile(0.5) * 1e3:.0f} ms"
    return [(name, shown, None), ("its computing for a search", f"{cpu * 1e3:.1f} ms", None)]


@command(__doc__)
@data_option
@work_option
@click.option("--moments", default=100_000, show_default=True)
@click.option("--clients", default=64, show_default=True)
@click.option("--seconds", default=60.0, show_default=True)
@click.option("--beside/--alone", default=True, show_default=True, help="Ask a peer as well.")
def main(data: Path, work: Path, moments: int, clients: int, seconds: float, beside: bool) -> None:
    need_real_data(data)
    bodies = searches(data)
    with many_moments(data, work, moments) as library, serving(library) as server:
        asyncio.run(load(server, "/api/search", bodies, 4, 3))
        one = asyncio.run(load(server, "/api/search", bodies, 1, seconds / 4))
        before = server.cpu_seconds()
        many = asyncio.run(load(server, "/api/search", bodies, clients, seconds))
        cpu = (server.cpu_seconds() - before) / max(len(many.seconds), 1)
        rows = _beside(library, data, work, clients, seconds) if beside else []
    p50, p99 = many.quantile(0.5), many.quantile(0.99)
    conclude(
        f"{clients} clients for {seconds:.0f} s on {moments:,} moments, {machine()}.",
        ("what", "figure"),
        [
            ("errors", f"{many.errors} of {sum(many.statuses.values()):,}",
             at_most(many.errors, 0)),
            ("searches a second", f"{many.rate:.0f}", at_least(many.rate, 100)),
            ("against one client after another", f"{one.rate:.0f}/s, {many.rate / one.rate:.2f}x",
             at_least(many.rate / one.rate, 1.5, ">= 1.5x")),
            ("p99 against the median", f"{p99 * 1e3:.0f} ms against {p50 * 1e3:.0f} ms,"
             f" {p99 / p50:.1f}x", at_most(p99 / p50, 6, "<= 6x")),
            ("median of one client", f"{one.quantile(0.5) * 1e3:.1f} ms", None),
            ("computing of the server for a search", f"{cpu * 1e3:.1f} ms", None),
            *rows,
        ],
    )  # fmt: skip


if __name__ == "__main__":
    main()
