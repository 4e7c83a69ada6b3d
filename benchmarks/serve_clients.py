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
    at_least,
    at_most,
    command,
    conclude,
    data_option,
    machine,
    work_option,
)
from benchmarks.serving import load, many_moments, searches, serving
from benchmarks.synthetic_library import need_real_data


@command(__doc__)
@data_option
@work_option
@click.option("--moments", default=100_000, show_default=True)
@click.option("--clients", default=64, show_default=True)
@click.option("--seconds", default=60.0, show_default=True)
def main(data: Path, work: Path, moments: int, clients: int, seconds: float) -> None:
    need_real_data(data)
    bodies = searches(data)
    with many_moments(data, work, moments) as library, serving(library) as server:
        asyncio.run(load(server, "/api/search", bodies, 4, 3))
        one = asyncio.run(load(server, "/api/search", bodies, 1, seconds / 4))
        before = server.cpu_seconds()
        many = asyncio.run(load(server, "/api/search", bodies, clients, seconds))
        cpu = (server.cpu_seconds() - before) / max(len(many.seconds), 1)
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
        ],
    )  # fmt: skip


if __name__ == "__main__":
    main()
