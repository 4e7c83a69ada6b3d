"""The pipeline on a GPU: the share of the GPU's peak, and the slowest stage.

    python -m benchmarks.gpu --data DIR [--work FOLDER] [--pictures 2000]

ViT-B-32 and ViT-L-14 with random weights. Decoding with preparing, and encoding, are
measured alone; whichever is slower is what the wall time of `index` can reach at best,
because on a GPU the two do not share anything. The share of peak counts the operations
of the picture tower's forward pass, as PyTorch counts them, against what the card is
sold for in bfloat16 without sparsity, or, where the card is not in the list, against the
fastest multiplication of matrices that is measured here. Without a GPU it says so.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import click

from benchmarks.alone import decode, encode, seconds
from benchmarks.common import (
    Row,
    at_most,
    command,
    conclude,
    data_option,
    fill,
    machine,
    new_library,
    scratch,
    stop,
    work_option,
)
from benchmarks.photos import mixed_photos
from benchmarks.random_clip import load_random, random_clip
from engine.config import Settings
from engine.encoders import registry

_MODELS = ("ViT-B-32", "ViT-L-14")
_PEAKS = {
    "H200": 989e12,
    "H100 PCIe": 756e12,
    "H100": 989e12,
    "A100": 312e12,
    "L40": 181e12,
    "L4": 121e12,
    "A10": 125e12,
}
"""Operations a second, dense bfloat16, by a part of the card's name, the first that fits."""
_BATCHES = (64, 256)


def _peak(torch: Any) -> tuple[float, str]:
    """Operations a second that the card reaches at best, and by whose word."""
    name = torch.cuda.get_device_name(0)
    for part, peak in _PEAKS.items():
        if part in name:
            return peak, "of the data sheet's peak"
    side = 8192
    one, other = (torch.randn(side, side, device="cuda", dtype=torch.bfloat16) for _ in range(2))
    for _ in range(3):
        one @ other
    torch.cuda.synchronize()
    started = time.perf_counter()
    for _ in range(20):
        one @ other
    torch.cuda.synchronize()
    return 20 * 2 * side**3 / (time.perf_counter() - started), "of a measured peak"


def _operations(torch: Any, folder: Path) -> float:
    """Operations of one picture's forward pass."""
    from torch.utils.flop_counter import FlopCounterMode

    model = load_random(folder)
    side = model.visual.image_size
    side = side[0] if isinstance(side, tuple | list) else side
    torch.backends.mha.set_fastpath_enabled(False)  # whose operations are not counted
    try:
        with torch.inference_mode(), FlopCounterMode(display=False) as counter:
            model.encode_image(torch.zeros(1, 3, side, side))
    finally:
        torch.backends.mha.set_fastpath_enabled(True)
    return float(counter.get_total_flops())


def _take(files: Sequence[Path], folder: Path, scratch_: Path, turns: int) -> tuple[float, ...]:
    """Median seconds of decoding with preparing, of encoding, and of `index`."""
    settings = Settings.from_env()
    towers = registry.towers(str(folder), settings)
    with new_library(scratch_ / "warm", str(folder)) as library:
        library.index(files[: 2 * settings.batch_size])
    taken = []
    for turn in range(turns):
        pixels, reading, preparing = decode(files, towers, settings)
        sizes = {settings.batch_size, *_BATCHES}
        encoding = min(encode(pixels, towers, size) for size in sorted(sizes))
        with new_library(scratch_ / f"library-{turn}", str(folder)) as library:
            library.towers.encoder.embed_images(pixels[:2])
            indexing = seconds(lambda library=library: fill(library, files[0].parent))
        taken.append((reading + preparing, encoding, indexing))
    return tuple(median(column) for column in zip(*taken, strict=True))


@command(__doc__)
@data_option
@work_option
@click.option("--pictures", default=2000, show_default=True, type=click.IntRange(1))
@click.option("--turns", default=3, show_default=True, type=click.IntRange(1))
def main(data: Path, work: Path, pictures: int, turns: int) -> None:
    import torch

    if not torch.cuda.is_available():
        stop("a GPU that PyTorch can use")
    files = mixed_photos(data, work, pictures)
    peak, whose = _peak(torch)
    body: list[Row] = []
    kept = {}
    with scratch() as folder:
        for name in _MODELS:
            model = random_clip(work, name)
            decoding, encoding, wall = _take(files, model, folder / name, turns)
            shutil.rmtree(folder / name)
            ratio = wall / max(decoding, encoding)
            share = _operations(torch, model) * pictures / peak
            kept[name] = {"decode": decoding, "encode": encoding, "index": wall}
            body.append(
                (name, f"{wall:.2f} s, {pictures / wall:.0f} samples/s", f"{share / wall:.1%}",
                 f"{ratio:.2f}x of the slower of {decoding:.2f} s and {encoding:.2f} s",
                 at_most(ratio, 1.1, "<= 1.1x"))
            )  # fmt: skip
            alone = f"{encoding:.2f} s, {pictures / encoding:.0f} samples/s"
            body.append((f"{name}, encoding alone", alone, f"{share / encoding:.1%}", "", None))
    card = torch.cuda.get_device_name(0)
    conclude(
        f"{pictures:,} JPEGs of 0.5 to 12 megapixels; {card}, {machine()};"
        f" medians of {turns} turns.",
        ("model", "`index` takes", f"share {whose}", "against"),
        body,
        details={"card": card, "pictures": pictures, "models": kept},
    )


if __name__ == "__main__":
    main()
