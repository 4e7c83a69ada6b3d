"""Time of `index` with the extra `ocr` installed, against without it.

    python -m benchmarks.reading --data DIR

Photographs without text, and in every twentieth of them a sign is drawn. Both ways of indexing
take turns in one run; time is that of the wall, and of all threads of the process beside it,
which says more on a machine that does something else. A library is new in each turn.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from statistics import median

import click
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from benchmarks.common import (
    at_least,
    at_most,
    command,
    conclude,
    data_option,
    machine,
    need,
    scratch,
)
from engine.config import Settings
from engine.encoders import registry
from engine.errors import UsageError
from engine.library.facade import Library
from engine.media.image import read_frames
from engine.types import Modality

_EVERY = 20
"""One picture of so many has text."""
_SIGNS = (
    "No parking", "Fresh bread daily", "Platform 9", "Museum of Glass", "Please ring twice",
    "Closed on Mondays", "Harbour Street", "Beware of the dog", "Ticket office", "Room 214",
    "Winter sale", "Emergency exit", "Bicycles for hire", "Toll 4.50", "Grand Hotel",
)  # fmt: skip
_HEIGHTS = (0.05, 0.035, 0.08)
"""Heights of letters, as shares of a picture's."""


@dataclass(slots=True)
class Watch:
    """Implements ``Progress``: notes when reading begins."""

    began: tuple[float, float] = (0.0, 0.0)
    searchable: tuple[float, float] | None = field(default=None)

    def start(self, task: str, total: int | None = None, unit: str = "files") -> None:  # noqa: ARG002
        if task == "reading text":
            self.searchable = self.since()

    def advance(self, items: int = 1, *, moments: int = 0) -> None: ...
    def message(self, text: str) -> None: ...

    def begin(self) -> None:
        self.began = _clocks()

    def since(self) -> tuple[float, float]:
        """Return the seconds since it began, of the wall and of all threads."""
        wall, threads = _clocks()
        return wall - self.began[0], threads - self.began[1]


def _clocks() -> tuple[float, float]:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return time.perf_counter(), used.ru_utime + used.ru_stime


def _pictures(data: Path, count: int, folder: Path) -> tuple[list[Path], dict[str, str]]:
    """Write pictures, and return them with the sign of each that has one."""
    settings = replace(Settings.from_env(), ocr=True)
    bridge = registry.screen_bridge(settings)
    if bridge is None:
        raise UsageError("this measures the extra ocr: pip install 'sensorium[ocr]'")
    sources = sorted((data / "images").glob("*.[jJp]*"))

    def silent() -> Iterator[Image.Image]:
        """Yield photographs in which no text is found, again and again, each time cropped."""
        known = []
        for source in sources:
            image = next(iter(read_frames(source, settings, bridge.side))).image
            if not bridge.read(image):
                known.append(source)
                yield image
        for turn in range(1, 100):
            for source in known:
                image = next(iter(read_frames(source, settings, bridge.side))).image
                edge = 4 * turn
                yield image.crop((edge, edge, image.width - edge, image.height - edge))

    files, signs = [], {}
    for number, image in enumerate(islice(silent(), count)):
        file = folder / f"{number:03}.jpg"
        if number % _EVERY == 0:
            place = number // _EVERY
            signs[str(file)] = _SIGNS[place % len(_SIGNS)]
            height = round(_HEIGHTS[place % len(_HEIGHTS)] * image.height)
            _draw(image, signs[str(file)], height, np.random.default_rng(number))
        image.save(file, quality=90)
        files.append(file)
    return files, signs


def _draw(image: Image.Image, sign: str, height: int, random: np.random.Generator) -> None:
    """Draw a sign: letters on a board of another brightness, somewhere in a picture."""
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(max(14, height))
    width, tall = (round(v) for v in pen.textbbox((0, 0), sign, font)[2:])
    left = int(random.integers(0, max(1, image.width - width - 20)))
    top = int(random.integers(0, max(1, image.height - tall - 20)))
    dark = bool(random.random() < 0.5)
    board, ink = ((30, 60, 40), (240, 240, 220)) if dark else ((235, 225, 200), (40, 30, 30))
    pen.rectangle((left, top, left + width + 16, top + tall + 16), board)
    pen.text((left + 8, top + 8), sign, ink, font)


@dataclass(frozen=True, slots=True)
class Turn:
    """Seconds of one turn, of the wall and of all threads."""

    without: tuple[float, float]
    searchable: tuple[float, float]
    read: tuple[float, float]
    found: float
    """The share of signs of which every word was read."""


def _turn(files: Sequence[Path], signs: dict[str, str], folder: Path) -> Turn:
    settings, watch = Settings.from_env(), Watch()
    with Library.open(
        folder / "without", create=True, settings=replace(settings, ocr=False)
    ) as plain:
        watch.begin()
        plain.index(files, progress=watch)
        without = watch.since()
    with Library.open(
        folder / "with", create=True, settings=replace(settings, ocr=True)
    ) as reading:
        watch.begin()
        reading.index(files, progress=watch)
        read = watch.since()
        found = _found(reading, signs)
    assert watch.searchable is not None, "nothing was read"
    return Turn(without, watch.searchable, read, found)


def _found(library: Library, signs: dict[str, str]) -> float:
    texts = {}
    for asset in library.store.assets():
        moments = [record.moment for record in library.store.moments_of(asset.asset_id)]
        words = [m.text or "" for m in moments if m.modality is Modality.SCREEN]
        texts[asset.path] = " ".join(words).lower()
    read = [all(w in texts[path] for w in sign.lower().split()) for path, sign in signs.items()]
    return sum(read) / len(read)


@command(__doc__)
@data_option
@click.option("--pictures", "count", default=300, show_default=True)
@click.option("--turns", default=3, show_default=True)
def main(data: Path, count: int, turns: int) -> None:
    need(data / "images")
    with scratch() as folder:
        (folder / "media").mkdir()
        files, signs = _pictures(data, count, folder / "media")
        first = files[:_EVERY]
        _turn(
            first, {str(f): signs[str(f)] for f in first if str(f) in signs}, _new(folder, "warm")
        )
        measured = [_turn(files, signs, _new(folder, f"turn-{n}")) for n in range(turns)]

    def seconds(what: str) -> str:
        wall, threads = zip(*(getattr(turn, what) for turn in measured), strict=True)
        return f"{median(wall):.1f} s, {median(threads):.1f} s of all threads"

    def ratios(what: str) -> tuple[float, float]:
        both = [
            [of / base for of, base in zip(getattr(t, what), t.without, strict=True)]
            for t in measured
        ]
        wall, threads = zip(*both, strict=True)
        return median(wall), median(threads)

    searchable, read = ratios("searchable"), ratios("read")
    found = float(np.mean([turn.found for turn in measured]))
    conclude(
        f"`index` of {count} pictures, {len(signs)} of them with text, with and without the extra"
        f" ocr; {machine()}; medians of {turns} turns.",
        ("what", "takes", "against without", "of all threads"),
        [
            ("without", seconds("without"), "", "", None),
            ("with, until pictures can be searched", seconds("searchable"),
             *(f"{ratio:.2f}x" for ratio in searchable), at_most(searchable[0], 1.1, "<= 1.1x")),
            ("with, until all text is read", seconds("read"),
             *(f"{ratio:.2f}x" for ratio in read), at_most(read[0], 2, "<= 2x")),
            ("signs whose every word was read", f"{found:.2f}", "", "", at_least(found, 0.9)),
        ],
    )  # fmt: skip


def _new(folder: Path, name: str) -> Path:
    made = folder / name
    made.mkdir()
    return made


if __name__ == "__main__":
    main()
