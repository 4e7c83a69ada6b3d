"""Twice the searches that a server can answer, for a while: refusals, memory, and afterwards.

    python -m benchmarks.serve_overload --data DIR [--moments 100000 --seconds 30]

What it can answer is measured first, by eight clients that send one search after another. Then
searches are sent at twice that rate, whether those before were answered or not. Two clients search
before that and two seconds after its end, and their tails are compared.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
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
from benchmarks.serving import Connection, Server, Tally, load, many_moments, searches, serving
from benchmarks.synthetic_library import need_real_data

_PATH = "/api/search"
_AFTER = 2.0
"""Seconds after the end of the load from which on tails are as before."""
_SETTLED = 0.2
"""The part of the time of the load after which its memory is compared with that of its end."""


async def _sent(
    server: Server, bodies: Iterator[bytes], rate: float, seconds: float
) -> tuple[Tally, int, int]:
    """Send requests at a rate; also return the memory when it has settled, and at the end."""
    tally, free, running = Tally(), [Connection(server)], set[asyncio.Task[None]]()
    began = time.perf_counter()
    settled = 0

    async def one(body: bytes) -> None:
        connection = free.pop() if free else Connection(server)
        sent = time.perf_counter()
        status, _ = await connection.post(_PATH, body)
        tally.statuses[status] = tally.statuses.get(status, 0) + 1
        if status == 200:
            tally.seconds.append(time.perf_counter() - sent)
        free.append(connection)

    for number in range(int(rate * seconds)):
        await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
        task = asyncio.create_task(one(next(bodies)))
        running.add(task)
        task.add_done_callback(running.discard)
        if not settled and time.perf_counter() - began > _SETTLED * seconds:
            settled = server.resident()
    tally.took, ended = time.perf_counter() - began, server.resident()
    await asyncio.gather(*running)
    for connection in free:
        connection.close()
    return tally, settled, ended


async def _all(server: Server, bodies: Iterator[bytes], seconds: float) -> tuple[object, ...]:
    await load(server, _PATH, bodies, 8, 5)
    can = (await load(server, _PATH, bodies, 8, 10)).rate
    before = await load(server, _PATH, bodies, 2, 8)
    loaded = await _sent(server, bodies, 2 * can, seconds)
    await asyncio.sleep(_AFTER)
    return can, before, loaded, await load(server, _PATH, bodies, 2, 8)


@command(__doc__)
@data_option
@work_option
@click.option("--moments", default=100_000, show_default=True)
@click.option("--seconds", default=30.0, show_default=True)
def main(data: Path, work: Path, moments: int, seconds: float) -> None:
    need_real_data(data)
    with many_moments(data, work, moments) as library, serving(library) as server:
        can, before, loaded, after = asyncio.run(_all(server, searches(data), seconds))
    tally, settled, ended = loaded
    refused = tally.statuses.get(429, 0)
    others = {status: n for status, n in tally.statuses.items() if status not in (200, 429)}
    named = ", ".join(f"{n} of {status}" for status, n in others.items()) or "none"
    grown, tail = ended / settled, after.quantile(0.99) / before.quantile(0.99)
    conclude(
        f"{2 * can:.0f} searches a second for {seconds:.0f} s, where {can:.0f} can be answered,"
        f" on {moments:,} moments, {machine()}.",
        ("what", "figure"),
        [
            ("refused with 429", f"{refused:,} of {sum(tally.statuses.values()):,}",
             at_least(refused, 1, ">= 1")),
            ("answered otherwise than with 200 or 429", named, at_most(sum(others.values()), 0)),
            ("answered with 200", f"{tally.rate:.0f}/s, the median in"
             f" {tally.quantile(0.5) * 1e3:.0f} ms", None),
            ("memory at its end against when it had settled",
             f"{ended / 2**20:.0f} against {settled / 2**20:.0f} MiB, {grown:.2f}x",
             at_most(grown, 1.05, "<= 1.05x")),
            (f"p99 of two clients, {_AFTER:.0f} s after its end against before it",
             f"{after.quantile(0.99) * 1e3:.0f} against {before.quantile(0.99) * 1e3:.0f} ms",
             at_most(tail, 1.5, "<= 1.5x")),
        ],
    )  # fmt: skip


if __name__ == "__main__":
    main()
