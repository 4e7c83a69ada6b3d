"""Damaged media through the decoders: no crash, no hang, no traceback, in 2 GB of address space.

    python -m benchmarks.mutated [--count 10000]

A zoo of pictures, videos and sounds in some 150 formats is mutated: bits are flipped, the
file is cut at either end, blocks are exchanged, overwritten, repeated or left out, and
numbers become huge, as bombs have them. Each is sniffed and decoded as `index` does it, in
processes with a limit of address space. What ends a process is a crash, what takes more
than 30 s a hang; whatever else a decoder raises must be an error of one line.
"""

from __future__ import annotations

import json
import os
import random
import resource
import select
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import click
import numpy as np
from PIL import Image

from benchmarks import media_zoo
from benchmarks.common import at_most, command, conclude, machine, scratch

ADDRESS_SPACE = 2 * 10**9
"""Bytes that a process may map, its libraries among them."""
HANG = 30.0
"""Seconds of one file past which its process is killed."""
_CHILD = "import sys; from benchmarks.mutated import work; work(*sys.argv[1:])"
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
_HUGE = (0xFFFFFFFF, 0x7FFFFFFF, 0x80000000, 0x40000000, 0x0000FFFF, 0xFFFF0000, 0)

Mutation = Callable[[bytearray, random.Random], None]


# --- the corpus -----------------------------------------------------------------------


def corpus(folder: Path) -> list[Path]:
    """Write a file of every format that is made here; what a codec lacks is left out."""
    found = list(_pictures(folder))
    for number, specimen in enumerate((*media_zoo.VIDEOS, *media_zoo.SOUNDS)):
        place = folder / str(number)
        place.mkdir()
        try:
            found.append(media_zoo.make(specimen, place, 0.6))
        except Exception:  # whatever FFmpeg has been built without
            continue
    return [path for path in found if path.stat().st_size]


def _pictures(folder: Path) -> Iterator[Path]:
    picture = Image.fromarray(np.random.default_rng(1).integers(0, 256, (6, 8, 3), dtype=np.uint8))
    picture = picture.resize((96, 72))
    for suffix, options in _SAVED.items():
        name, _, form = suffix.partition(":")
        path = folder / f"{len(form)}{name}.{name}"
        shown = picture.convert(form) if form else picture
        try:
            if name == "heic":
                import pillow_heif

                pillow_heif.from_pillow(shown).save(path)
            else:
                shown.save(path, **options)
        except (OSError, ValueError, KeyError, ImportError):
            continue
        yield path


_SAVED: dict[str, dict[str, object]] = {
    **{name: {} for name in ("jpg", "png", "webp", "gif", "bmp", "tiff", "avif", "heic", "jp2")},
    **{name: {} for name in ("ppm", "tga", "pcx", "ico", "dds", "sgi", "jpg:CMYK", "png:P")},
    **{name: {} for name in ("png:RGBA", "png:LA", "png:I;16", "tiff:CMYK", "tiff:F", "webp:RGBA")},
    "jpg:L": {"progressive": True},
    "tiff:L": {"compression": "tiff_lzw"},
    "tiff:1": {"compression": "group4"},
}


# --- mutations ------------------------------------------------------------------------


def mutated(data: bytes, chance: random.Random) -> bytes:
    """Return the data with one to three mutations."""
    changed = bytearray(data)
    for _ in range(chance.randint(1, 3)):
        chance.choice(_MUTATIONS)(changed, chance)
    return bytes(changed)


def _flip(data: bytearray, chance: random.Random) -> None:
    head = chance.random() < 0.5
    for _ in range(chance.choice((1, 3, 20, 200))):
        if data:
            at = chance.randrange(min(len(data), 512) if head else len(data))
            data[at] ^= 1 << chance.randrange(8)


def _cut(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data) + 1)
    if chance.random() < 0.7:
        del data[at:]
    else:
        del data[:at]


def _exchange(data: bytearray, chance: random.Random) -> None:
    size = chance.choice((4, 64, 512, 4096))
    if len(data) > 2 * size:
        a, b = sorted(chance.sample(range(len(data) - size), 2))
        first, second = data[a : a + size], data[b : b + size]
        data[a : a + size], data[b : b + size] = second, first


def _overwrite(data: bytearray, chance: random.Random) -> None:
    if data:
        at, size = chance.randrange(len(data)), chance.choice((1, 8, 100, 2000))
        size = min(size, len(data) - at)
        data[at : at + size] = chance.choice((bytes(size), b"\xff" * size, chance.randbytes(size)))


def _repeat(data: bytearray, chance: random.Random) -> None:
    if data:
        at, size = chance.randrange(len(data)), chance.choice((8, 200, 3000))
        data[at:at] = data[at : at + size] * chance.choice((1, 3, 50))


def _bomb(data: bytearray, chance: random.Random) -> None:
    for _ in range(chance.choice((1, 2, 8))):
        if len(data) > 8:
            at, size = chance.randrange(min(len(data), 2048) - 4), chance.choice((2, 4))
            number = chance.choice(_HUGE) & (2 ** (8 * size) - 1)
            data[at : at + size] = number.to_bytes(size, chance.choice(("big", "little")))


_MUTATIONS: tuple[Mutation, ...] = (_flip, _flip, _cut, _exchange, _overwrite, _repeat, _bomb)


# --- the process that decodes -----------------------------------------------------------


def work(folder: str, seed: str, first: str, last: str) -> None:
    """Decode the mutations of these numbers; says before each one, and what came of it."""
    from engine.config import Settings
    from engine.testing.fake_encoder import fake_towers

    sources = [Path(line) for line in (Path(folder) / "corpus").read_text().splitlines()]
    settings, towers = Settings(threads=1, decode_memory=512 * 2**20), fake_towers()
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    for number in range(int(first), int(last)):
        chance = random.Random(int(seed) * 1_000_003 + number)
        source = sources[number % len(sources)]
        path = Path(folder) / f"{os.getpid()}{source.suffix}"
        path.write_bytes(mutated(source.read_bytes(), chance))
        print(json.dumps(["begin", number, source.name]), flush=True)
        print(json.dumps(["end", number, _outcome(path, towers, settings)]), flush=True)
        path.unlink()


def _outcome(path: Path, towers: object, settings: object) -> str:
    from engine.errors import MediaError
    from engine.media.sniff import sniff
    from indexers.decode import decode
    from indexers.decode_events import Prepared

    moments = 0
    try:
        media = sniff(path)
        if media is None:
            return "no media"
        for event in decode(path, media, towers, settings):  # type: ignore[arg-type]
            moments += isinstance(event, Prepared)
    except MediaError as error:
        text = str(error)
        return "a line" if "\n" not in text and str(path) not in text else f"bad line: {text}"
    except MemoryError:
        return "a line"  # `index` reports it as one
    except Exception as error:
        return f"raised {type(error).__name__}: {error}"
    return "moments" if moments else "nothing in it"


# --- the process that watches -----------------------------------------------------------


@dataclass(slots=True)
class Outcomes:
    """What became of the mutations of a run."""

    counts: Counter[str] = field(default_factory=Counter)
    crashes: list[str] = field(default_factory=list)
    hangs: list[str] = field(default_factory=list)
    raised: list[str] = field(default_factory=list)
    tracebacks: list[str] = field(default_factory=list)
    slowest: float = 0.0

    def note(self, name: str, number: int, outcome: str) -> None:
        """Take down what became of one mutation."""
        if outcome.startswith(("raised", "bad line")):
            self.raised.append(f"{number} {name}: {outcome}")
        self.counts[outcome.partition(":")[0]] += 1


def run(folder: Path, count: int, seed: int = 0) -> Outcomes:
    """Decode ``count`` mutations of the corpus in ``folder``, in one process after another."""
    sources = corpus(folder)
    (folder / "corpus").write_text("\n".join(map(str, sources)))
    outcomes, number = Outcomes(), 0
    while number < count:
        number = _watched(folder, seed, number, count, outcomes)
    return outcomes


def _watched(folder: Path, seed: int, first: int, last: int, outcomes: Outcomes) -> int:
    """Watch one process; returns the number of the mutation that the next one begins with."""
    child = [sys.executable, "-c", _CHILD, str(folder), str(seed), str(first), str(last)]
    environment = {**os.environ, **_ONE_THREAD}
    number, name, begun = first, "start", time.monotonic()
    with (
        (folder / "stderr").open("w+") as errors,
        subprocess.Popen(
            child, stdout=subprocess.PIPE, stderr=errors, bufsize=0, env=environment
        ) as process,
    ):
        assert process.stdout is not None
        while True:
            ready, _, _ = select.select([process.stdout], [], [], HANG)
            line = process.stdout.readline() if ready else None
            if line is None:
                outcomes.hangs.append(f"{number} {name}")
                process.kill()
                return number + 1
            if not line:
                break
            kind, number, what = json.loads(line)
            if kind == "begin":
                name, begun = what, time.monotonic()
            else:
                outcomes.slowest = max(outcomes.slowest, time.monotonic() - begun)
                outcomes.note(name, number, what)
        code = process.wait()
        errors.seek(0)
        said = errors.read().strip()
    if "Traceback" in said:
        outcomes.tracebacks.append(f"{number} {name}: {said[-300:]}")
    if code:
        outcomes.crashes.append(f"{number} {name}: exit {code} {said[-200:]}")
        return number + 1
    return last


@command(__doc__)
@click.option("--count", default=10_000, show_default=True, type=click.IntRange(1))
@click.option("--seed", default=0, show_default=True)
def main(count: int, seed: int) -> None:
    with scratch() as folder:
        outcomes = run(folder, count, seed)
        formats = len((folder / "corpus").read_text().splitlines())
    for line in (*outcomes.crashes, *outcomes.hangs, *outcomes.raised, *outcomes.tracebacks):
        click.echo(line, err=True)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 / 1e9
    kinds = ", ".join(f"{n:,} {what}" for what, n in outcomes.counts.most_common(5))
    conclude(
        f"{count:,} mutations of {formats} files: {kinds}; {machine()}.",
        ("what", "count"),
        [
            ("crashes", len(outcomes.crashes), at_most(len(outcomes.crashes), 0, "0")),
            ("hangs past 30 s", len(outcomes.hangs), at_most(len(outcomes.hangs), 0, "0")),
            ("errors that are no line", len(outcomes.raised),
             at_most(len(outcomes.raised), 0, "0")),
            ("tracebacks", len(outcomes.tracebacks), at_most(len(outcomes.tracebacks), 0, "0")),
            ("slowest file", f"{outcomes.slowest:.1f} s",
             at_most(outcomes.slowest, HANG, "< 30 s")),
            ("most memory of a process", f"{peak:.2f} GB", at_most(peak, 2, "< 2 GB")),
        ],
    )  # fmt: skip


if __name__ == "__main__":
    main()
