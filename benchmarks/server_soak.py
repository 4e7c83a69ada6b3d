"""A server that reads, writes and cancels for a long time: its memory and its descriptors.

    python -m benchmarks.server_soak [--minutes 60 --clients 4]

Clients search by words, filters and examples, turn pages, and fetch media, thumbnails, strips,
waveforms and transcripts; one closes its connections in the middle. A writer has pictures come,
change and go, has them indexed as jobs, cancels every third of those, tags files and takes that
back. Memory after the first sixth of the time, ten minutes of an hour, is compared with that of
the last sixth, each as the median of looks a second apart. At both times all clients rest for
some seconds, and the descriptors that are open then are counted.
"""

from __future__ import annotations

import random
import socket
import statistics
import threading
import time
import wave
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import click
import httpx
import numpy as np
from PIL import Image

from benchmarks.common import Row, at_most, command, conclude, machine, scratch
from benchmarks.crash import Folder
from benchmarks.serving import Server, serving
from engine.encoders import registry
from engine.library.facade import Library

_REST = 4.0
"""Seconds of rest before descriptors are counted."""
_WORDS = ("red", "a dog", "blue sky", "music", "two people", "night", "a red car - blue", "green")
_FILTERS = ("kind:image", "kind:video", "kind:audio", "after:2020", "-kind:audio path:*.png")
_READS = ("thumbnails", "media", "waveform", "strip", "transcript", "moments", "keyframes")


@dataclass
class Load:
    """The clients of a soak, and what became of their requests."""

    server: Server
    folder: Folder
    rests: threading.Event = field(default_factory=threading.Event)
    ends: threading.Event = field(default_factory=threading.Event)
    statuses: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://{self.server.host}:{self.server.port}"

    def run(self, seed: int, act: Callable[[httpx.Client, random.Random], None]) -> None:
        """Act again and again until the end, with rests."""
        chance = random.Random(seed)
        while not self.ends.is_set():
            if self.rests.is_set():
                time.sleep(0.2)
                continue
            with httpx.Client(base_url=self.url, timeout=60) as http:
                for _ in range(50):  # requests of a connection
                    if self.rests.is_set() or self.ends.is_set():
                        break
                    with suppress(httpx.TransportError):
                        act(http, chance)

    def note(self, what: str, answer: httpx.Response) -> httpx.Response:
        self.statuses[f"{what} {answer.status_code}"] += 1
        if answer.status_code >= 500 and answer.status_code != 503:
            self.wrong.append(f"{what}: {answer.status_code} {answer.text[:200]}")
        return answer

    # --- what clients do ------------------------------------------------------------

    def read(self, http: httpx.Client, chance: random.Random) -> None:
        """Search, turn pages, and look at what was found."""
        text = chance.choice((*_WORDS, *_FILTERS))
        body: dict[str, Any] = {"text": text, "top": 10, "explain": chance.random() < 0.2}
        if chance.random() < 0.3:
            body |= {"sort": "date", "group": "alike"}
        page = self.note("search", http.post("/api/search", json=body)).json()
        if page.get("next"):
            self.note("page", http.post("/api/search", json=body | {"cursor": page["next"]}))
        for hit in chance.sample(page.get("hits", []), min(3, len(page.get("hits", [])))):
            self._look(http, chance, hit)
        for path in ("/api/facets", "/api/complete?text=kin", f"/api/parse?text={text}"):
            self.note(path.partition("?")[0], http.get(path))

    def _look(self, http: httpx.Client, chance: random.Random, hit: dict[str, Any]) -> None:
        what = chance.choice(_READS)
        if what == "thumbnails":
            self.note(what, http.get(f"{hit['thumbnail']}&size=640"))
        elif what == "media":
            self.note(what, http.get(hit["media"], headers={"Range": "bytes=0-999"}))
        else:
            self.note(what, http.get(f"/api/assets/{hit['asset_id']}/{what}"))
        region = {"x": 0.1, "y": 0.1, "w": 0.6, "h": 0.6} if hit["kind"] == "image" else None
        body = {"asset": hit["asset_id"], "region": region, "top": 5}
        self.note("similar", http.post("/api/similar", json=body))

    def cancel(self, _: httpx.Client, chance: random.Random) -> None:
        """Ask for something, and go away before, or while, it comes."""
        upload = b"x" * 50_000
        requests = (
            f"GET /api/media/1 HTTP/1.1\r\nHost: {self.server.host}\r\n\r\n".encode(),
            f"GET /api/search?text={chance.random()} HTTP/1.1\r\nHost: {self.server.host}"
            "\r\n\r\n".encode(),
            f"POST /api/similar/upload HTTP/1.1\r\nHost: {self.server.host}\r\n"
            "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 90000\r\n\r\n"
            "--b\r\n".encode()
            + upload,
        )
        address = self.server.host, self.server.port
        with socket.create_connection(address, timeout=30) as connection:
            connection.sendall(chance.choice(requests))
            if chance.random() < 0.5:
                with suppress(OSError):
                    connection.settimeout(chance.random() * 0.05)
                    connection.recv(10)
        self.statuses["gone"] += 1
        time.sleep(0.05)

    def write(self, http: httpx.Client, chance: random.Random) -> None:
        """Change the folder, index it as a job, cancel some jobs, tag and take that back."""
        self.folder.change()
        answer = self.note("index", http.post("/api/index", json={"vanished": "forget"}))
        if answer.status_code == 202:
            job = answer.json()["job"]
            if chance.random() < 0.34:
                time.sleep(chance.random() * 0.5)
                self.note("cancel", http.delete(f"/api/jobs/{job}"))
            self._wait(http, job)
        asked = {"kind": "image", "limit": 5}
        listed = self.note("list", http.get("/api/assets", params=asked))
        if listed.status_code != 200:
            return  # it was busy, which is counted
        assets = [each["asset_id"] for each in listed.json()["assets"]]
        tag = {"assets": assets, "add": ["soaked"]}
        tagged = self.note("tag", http.post("/api/tags", json=tag))
        if tagged.status_code == 200:
            self.note("undo", http.post(f"/api/runs/{tagged.json()['run']}/undo", json={}))
        time.sleep(1)

    def _wait(self, http: httpx.Client, job: str) -> None:
        until = time.monotonic() + 120
        while time.monotonic() < until and not self.ends.is_set():
            if http.get(f"/api/jobs/{job}").json().get("state") not in ("waiting", "running"):
                return
            time.sleep(0.2)


def fill_films(folder: Path) -> None:
    """Write sounds and videos, which stay as they are."""
    folder.mkdir()
    for number in range(8):
        with wave.open(str(folder / f"{number}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(16_000)
            times = np.arange(16_000 * 4) / 16_000
            tone = np.sin(2 * np.pi * (200 + 100 * number) * times)
            file.writeframes((tone * 16_000).astype("<i2").tobytes())
    for number in range(3):
        with av.open(str(folder / f"{number}.mp4"), "w") as container:
            stream = container.add_stream("mpeg4", rate=Fraction(10))
            stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
            for at in range(80):
                colour = (at // 20 * 80, number * 100, 90)
                picture = Image.new("RGB", (160, 120), colour)
                container.mux(stream.encode(av.VideoFrame.from_image(picture)))
            container.mux(stream.encode(None))


def _memory(server: Server, seconds: float) -> tuple[float, float]:
    """Return the median memory of some seconds, in bytes: all of it, and what is in no file.

    All of it counts the pages of files that are mapped, once a process. The catalog is one, which
    keeps each of a thousand runs and jobs, so that it grows for a reason.
    """
    looks = []
    until = time.monotonic() + seconds
    while not looks or time.monotonic() < until:
        looks.append((server.resident(), server.own_memory()))
        time.sleep(1)
    whole, own = (statistics.median(column) for column in zip(*looks, strict=True))
    return whole, own


def _grown(what: str, before: float, after: float) -> Row:
    more = 100 * (after / before - 1)
    shown = f"{before / 2**20:.0f} MiB, {after / 2**20:.0f} MiB, {more:+.1f} %"
    return what, shown, at_most(more, 5, "<= 5 % more")


def _at_rest(load: Load) -> tuple[int, int]:
    """Count the descriptors that are open while nobody asks for anything.

    Returns:
        All but those of the catalog's file, and those. SQLite closes none of the latter while
        another connection of the process is open, but keeps it for the next: a connection that
        is open has its `-wal` open, too, which counts among the former.
    """
    load.rests.set()
    time.sleep(_REST)
    names = []
    for descriptor in Path(f"/proc/{load.server.pid}/fd").iterdir():
        with suppress(OSError):
            names.append(descriptor.readlink().name)
    load.rests.clear()
    kept = names.count("catalog.sqlite")
    return len(names) - kept, kept


def _clients(load: Load, readers: int) -> Iterator[threading.Thread]:
    acts = [load.read] * readers + [load.cancel, load.write]
    for seed, act in enumerate(acts):
        yield threading.Thread(target=load.run, args=(seed, act), daemon=True)


@command(__doc__)
@click.option("--minutes", default=60.0, show_default=True)
@click.option("--clients", default=4, show_default=True, help="Those that read.")
@click.option("--encoder", default=registry.default_encoder, help="The default one, by default.")
def main(minutes: float, clients: int, encoder: str) -> None:
    sixth = minutes * 10
    with scratch() as place:
        folder = Folder(place / "pictures", random.Random(0))
        fill_films(place / "films")
        with Library.open(place / "library", create=True, encoder=encoder) as library:
            library.index([place / "pictures", place / "films"])
        with serving(place / "library") as server:
            load = Load(server, folder)
            threads = list(_clients(load, clients))
            for thread in threads:
                thread.start()
            time.sleep(sixth / 2)
            before, open_before = _memory(server, sixth / 2), _at_rest(load)
            time.sleep(3 * sixth)
            after, open_after = _memory(server, 2 * sixth), _at_rest(load)
            load.ends.set()
            for thread in threads:
                thread.join(120)
        with Library.open(place / "library") as library:
            problems = library.verify(deep=True).problems
    conclude(
        f"A soak of {minutes:g} minutes: {clients} clients that read, one that goes away, one that"
        f" writes; {sum(load.statuses.values()):,} requests, {machine()}.",
        ("what", "figure"),
        [
            _grown("memory after the first sixth, at the end", before[0], after[0]),
            _grown("what of it is in no file", before[1], after[1]),
            ("open descriptors at rest, then and at the end",
             f"{open_before[0]}, {open_after[0]}",
             at_most(open_after[0] - open_before[0], 0, "none more")),
            ("those that SQLite keeps of its file for further connections",
             f"{open_before[1]}, {open_after[1]}", None),
            ("answers that are errors of the server", len(load.wrong),
             at_most(len(load.wrong), 0, "0")),
            ("problems that verify finds", len(problems), at_most(len(problems), 0, "0")),
        ],
        details={"statuses": dict(load.statuses), "wrong": load.wrong[:20]},
    )  # fmt: skip


if __name__ == "__main__":
    main()
