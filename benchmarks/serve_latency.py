"""A search over HTTP by one client, against the same search through the facade.

    python -m benchmarks.serve_latency --data DIR [--moments 100000 --turns 300]

Both are warm, take turns, and are asked texts that were not asked before. The library is
synthetic (`synthetic_library`), with the default encoder; the server is a process of its own.
What a request costs without any search is that of `/healthz`.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import click

from benchmarks.common import at_most, command, conclude, data_option, machine, stop, work_option
from benchmarks.serving import Connection, Server, many_moments, questions, serving
from benchmarks.synthetic_library import need_real_data
from engine.library.facade import Library

_WARM = 20
"""Turns that are left out."""


async def _turns(
    server: Server, library: Library, texts: Iterator[str], turns: int
) -> list[tuple[float, float, float]]:
    """Return the seconds of a search over HTTP, of one here, and of a request for health."""
    connection, taken = Connection(server), []
    for _ in range(turns + _WARM):
        body = json.dumps({"text": next(texts), "top": 20}).encode()
        began = time.perf_counter()
        status, _ = await connection.post("/api/search", body)
        served = time.perf_counter()
        if status != 200:
            stop(f"an answer of the server ({status})")
        text, asked = next(texts), time.perf_counter()
        library.search(text, top=20)
        direct = time.perf_counter()
        await connection.get("/healthz")
        taken.append((served - began, direct - asked, time.perf_counter() - direct))
    connection.close()
    return taken[_WARM:]


@command(__doc__)
@data_option
@work_option
@click.option("--moments", default=100_000, show_default=True)
@click.option("--turns", default=300, show_default=True)
def main(data: Path, work: Path, moments: int, turns: int) -> None:
    need_real_data(data)
    with (
        many_moments(data, work, moments) as path,
        serving(path) as server,
        Library.open(path) as library,
    ):
        taken = asyncio.run(_turns(server, library, questions(data), turns))
    served, direct, bare = (median(column) for column in zip(*taken, strict=True))
    more = median(over - here for over, here, _ in taken)
    conclude(
        f"{turns} searches each on {moments:,} moments, {machine()}; medians.",
        ("what", "figure"),
        [
            ("over HTTP less `Library.search`", f"{more * 1e3:.2f} ms",
             at_most(more * 1e3, 3, "<= 3 ms")),
            ("over HTTP", f"{served * 1e3:.2f} ms", None),
            ("`Library.search`", f"{direct * 1e3:.2f} ms", None),
            ("a request for `/healthz`", f"{bare * 1e3:.2f} ms", None),
        ],
    )  # fmt: skip


if __name__ == "__main__":
    main()
