"""compact's image tower in ONNX Runtime against the same model in PyTorch.

    python -m benchmarks.towers

The three take turns on the same random pictures, so that what else the machine
does falls on all of them alike; each row is the median of its turns.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

import click
import numpy as np

from benchmarks.common import machine, reached, table
from engine.config import Settings
from engine.encoders.compact.export_pictures import SIDE, build_model
from engine.encoders.compact.pictures import CompactPictures
from engine.encoders.weights import EFFICIENTNET

_BATCH = 32


def _runners() -> dict[str, Callable[[], object]]:
    """Each way of running the tower on one batch, by name."""
    import torch

    settings = Settings.from_env()
    torch.set_num_threads(settings.threads)
    drawn = np.random.default_rng(0).integers(0, 255, (_BATCH, SIDE, SIDE, 3), np.uint8)
    pixels = list(drawn)
    tower = CompactPictures(settings)
    eager = build_model(EFFICIENTNET.locate())
    last = build_model(EFFICIENTNET.locate()).to(memory_format=torch.channels_last)
    batch = torch.from_numpy(drawn).permute(0, 3, 1, 2).float() / 127.5 - 1
    batch_last = batch.contiguous(memory_format=torch.channels_last)

    def run(model: torch.nn.Module, inputs: torch.Tensor) -> object:
        with torch.inference_mode():
            return model(inputs)

    return {
        "compact (ONNX Runtime)": lambda: tower.see(pixels),
        "timm, eager": lambda: run(eager, batch.contiguous()),
        "timm, channels-last": lambda: run(last, batch_last),
    }


@click.command(help=__doc__.partition("\n")[0] if __doc__ else None)
@click.option("--turns", default=7, show_default=True)
def main(turns: int) -> None:
    runners = _runners()
    seconds: dict[str, list[float]] = {name: [] for name in runners}
    for turn in range(turns + 1):
        for name, run in runners.items():
            started = time.perf_counter()
            run()
            if turn:  # the first turn warms up
                seconds[name].append(time.perf_counter() - started)
    rates = {name: _BATCH / median(taken) for name, taken in seconds.items()}
    ours, eager, last = rates.values()
    targets = {"timm, eager": (ours / eager, 4.0), "timm, channels-last": (ours / last, 2.5)}
    table(
        f"EfficientNet-Lite2, batch {_BATCH}, {machine()}.",
        ("tower", "pictures/s", "compact is", "must reach", "reached"),
        [
            (name, f"{rate:.1f}", f"{targets[name][0]:.2f}x", f"{targets[name][1]}x",
             reached(*targets[name]))
            if name in targets
            else (name, f"{rate:.1f}", "", "", "")
            for name, rate in rates.items()
        ],
    )  # fmt: skip


if __name__ == "__main__":
    main()
