"""compact's image tower in ONNX Runtime against the same model in PyTorch.

    python -m benchmarks.towers

All take turns on the same random pictures, so that what else the machine does
falls on all of them alike; each row is the median of its turns. A turn sees 32
pictures, in one batch or in four batches of 8: PyTorch slows down with large
batches, so each of its rows is measured at the batch that the target is set for
and at the one that suits it. compact is given the same batches; what it does to
bring them into one array is timed, PyTorch's inputs are laid out beforehand. The target
is set at batch 32; batches of 8 are what everybody should use on a CPU.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from statistics import median
from typing import TYPE_CHECKING

import click
import numpy as np

from benchmarks.common import Row, at_least, command, conclude, machine
from engine.config import Settings
from engine.encoders.compact.export_pictures import SIDE, build_model
from engine.encoders.compact.pictures import CompactPictures
from engine.encoders.weight_files import EFFICIENTNET

if TYPE_CHECKING:
    import torch

_PICTURES = 32
_BATCHES = (32, 8)
_OURS = "compact (ONNX Runtime)"
_TARGETS = {("timm, eager", 32): 4.0, ("timm, channels-last", 32): 2.5}

_Runners = dict[tuple[str, int], Callable[[], object]]
"""Each way of running the tower on all pictures, by name and batch."""


def _runners() -> _Runners:
    import torch

    settings = Settings.from_env()
    torch.set_num_threads(settings.threads)
    drawn = np.random.default_rng(0).integers(0, 255, (_PICTURES, SIDE, SIDE, 3), np.uint8)
    pixels = list(drawn)
    tower = CompactPictures(settings)
    inputs = torch.from_numpy(drawn).permute(0, 3, 1, 2).float() / 127.5 - 1
    runners: _Runners = {}
    for size in _BATCHES:
        ours = [pixels[first : first + size] for first in range(0, _PICTURES, size)]
        runners[_OURS, size] = lambda ours=ours: [tower.see(batch) for batch in ours]
        for name, layout in (
            ("timm, eager", torch.contiguous_format),
            ("timm, channels-last", torch.channels_last),
        ):
            model = build_model(EFFICIENTNET.locate()).to(memory_format=layout)
            batches = [batch.contiguous(memory_format=layout) for batch in inputs.split(size)]
            runners[name, size] = lambda model=model, batches=batches: _run(model, batches)
    return runners


def _run(model: torch.nn.Module, batches: list[torch.Tensor]) -> object:
    import torch

    with torch.inference_mode():
        return [model(batch) for batch in batches]


def _rows(rates: Mapping[tuple[str, int], float]) -> Iterator[Row]:
    for (name, size), rate in sorted(rates.items(), key=lambda item: -item[0][1]):
        ratio = rates[_OURS, size] / rate
        limit = _TARGETS.get((name, size))
        target = at_least(ratio, limit, f"{limit:g}x") if limit else None
        yield name, size, f"{rate:.1f}", "" if name == _OURS else f"{ratio:.2f}x", target


@command(__doc__)
@click.option("--turns", default=7, show_default=True)
def main(turns: int) -> None:
    runners = _runners()
    seconds: dict[tuple[str, int], list[float]] = {key: [] for key in runners}
    for turn in range(turns + 1):
        for key, run in runners.items():
            started = time.perf_counter()
            run()
            if turn:  # the first turn warms up
                seconds[key].append(time.perf_counter() - started)
    conclude(
        f"EfficientNet-Lite2, {_PICTURES} pictures a turn, {machine()}; medians of {turns} turns.",
        ("tower", "batch", "pictures/s", "compact at that batch is"),
        list(_rows({key: _PICTURES / median(taken) for key, taken in seconds.items()})),
    )


if __name__ == "__main__":
    main()
