"""An embedding server that fails and restarts: is every picture embedded once, and paid once?

    python -m benchmarks.http_encoder [--pictures 10000] [--faults 0.05] [--save]

A server on loopback answers 5 % of its requests with what servers do at their worst: 429, 503,
a lost connection, half an answer, NaN, fewer rows. At half of the pictures it asks to wait for an
hour: the run ends with a line, the server restarts, and so does the run. At three quarters it
restarts while the run waits. The server counts which pictures it has answered with a vector; a
row whose answer never went out whole is not paid.
"""

from __future__ import annotations

import dataclasses
import random
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from PIL import Image

from benchmarks.common import at_least, at_most, command, conclude, machine
from engine.config import Settings
from engine.encoders.hearing import OwnOrBridged
from engine.encoders.http.encoder import HttpEncoder
from engine.encoders.towers import Towers
from engine.errors import EmbeddingFailed
from engine.library.facade import Library
from engine.store import Store
from engine.testing.embedding_server import Bill, EmbeddingServer, Fault, embedding_server

_FAULTS: tuple[Fault, ...] = (
    (429, {"Retry-After": "0"}), (503, {"Retry-After": "0"}), "drop", "break", "nan", "fewer",
)  # fmt: skip


@dataclass(frozen=True)
class Filled:
    """What became of a library."""

    embedded: int
    """Pictures that have a vector."""
    billed: int
    """Rows that the server was paid for."""
    twice: int
    """Pictures that it was paid for more than once."""
    requests: int
    faults: int
    restarts: int
    seconds: float


def fill(folder: Path, *, pictures: int, share: float, settings: Settings) -> Filled:
    """Index pictures by a server that fails for a share of its requests and restarts once."""
    media = folder / "pictures"
    _draw(media, pictures)
    bill = Bill(remembers=False)
    with embedding_server(bill) as server:
        name = f"http:{server.url}#clip"
        towers = _towers(name, settings)
        towers.check()
        bill.rows.clear()  # the pictures that the server was asked about first
        faults = _Faults(share, server, pictures)
        bill.faults = faults
        began = time.perf_counter()
        Store.create(folder / "library", name).__exit__(None, None, None)
        while True:
            store = Store.open(folder / "library")
            with Library(store, settings, _towers(name, settings)) as library:
                try:
                    library.index([media])
                except EmbeddingFailed:
                    # What a person does: start the server, and the same command, again.
                    faults.restart()
                    continue
                embedded = len(store.stored_ids(name))
            break
        seconds = time.perf_counter() - began
    twice = sum(count > 1 for count in bill.rows.values())
    return Filled(
        embedded, bill.rows.total(), twice, bill.requests, faults.count, faults.restarts, seconds
    )


class _Faults:
    """Faults of a share of the requests, and two times at which the server is gone.

    At half of the pictures it asks to wait for an hour, which ends the run; at three quarters
    it restarts while the run waits for it.
    """

    def __init__(self, share: float, server: EmbeddingServer, pictures: int) -> None:
        self._share, self._server = share, server
        self._ahead = [pictures // 2, pictures * 3 // 4]
        self._chance = random.Random(18)
        self.count = 0
        self.restarts = 0
        self.down = False

    def __call__(self, request: int, items: int) -> Fault | None:  # noqa: ARG002
        if self._ahead and self._server.bill.rows.total() >= self._ahead[0]:
            self._ahead.pop(0)
            if self._ahead:
                self.down = True
            else:
                threading.Thread(target=self.restart).start()
                return "drop"
        if self.down:
            return 503, {"Retry-After": "3600"}
        if self._chance.random() >= self._share:
            return None
        self.count += 1
        return self._chance.choice(_FAULTS)

    def restart(self) -> None:
        """Stop the server, and start it on the same port."""
        self._server.stop()
        self.down = False
        self._server.start()
        self.restarts += 1


def _towers(name: str, settings: Settings) -> Towers:
    encoder = HttpEncoder(name, settings, first_wait=0.001)
    return Towers(encoder, OwnOrBridged(encoder, _no_bridge))


def _no_bridge() -> OwnOrBridged:
    raise AssertionError("the server hears")


def _draw(folder: Path, count: int) -> None:
    folder.mkdir(parents=True)
    rng = np.random.default_rng(18)
    for number in range(count):
        pixels = rng.integers(0, 255, (8, 8, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"{number:05}.png")


@command(__doc__)
@click.option("--pictures", default=10_000, show_default=True)
@click.option("--faults", default=0.05, show_default=True, help="The share of bad answers.")
def main(pictures: int, faults: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        settings = dataclasses.replace(
            Settings(), cache=Path(folder) / "cache", speech=False, ocr=False
        )
        done = fill(Path(folder), pictures=pictures, share=faults, settings=settings)
    missing = pictures - done.embedded
    conclude(
        f"{pictures:,} pictures of 8x8 by an embedding server on loopback, of whose answers"
        f" {faults:.0%} are faults, {machine()}.",
        ("what", "figure"),
        [
            ("pictures without a vector", f"{missing}", at_most(missing, 0)),
            ("rows paid beyond one a picture", f"{done.billed - pictures}",
             at_most(abs(done.billed - pictures), 0)),
            ("pictures paid twice", f"{done.twice}", at_most(done.twice, 0)),
            ("requests, and faults among their answers", f"{done.requests:,}, {done.faults}",
             at_least(done.faults, 1, ">= 1 fault")),
            ("restarts of the server", f"{done.restarts}", at_least(done.restarts, 2, ">= 2")),
            ("pictures a second, with all waits", f"{pictures / done.seconds:.0f}", None),
        ],
    )  # fmt: skip


if __name__ == "__main__":
    main()
