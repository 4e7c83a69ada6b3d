"""Encoders by themselves: our backends against eager PyTorch, and compact against timm.

    python -m benchmarks.encoders --data DIR [--work FOLDER] [--prompts DIR]

CLIP: ViT-B-32 with random weights embeds prepared pictures, by open_clip's own model in
eager mode at the batch that suits it best, and by each backend as the worker calls it. The
cosine is that of a picture's two vectors, the lowest of all; recall@1 is how often the
eager vector of a picture finds that picture among the backend's vectors, after the mean is
taken off both, for random towers put all pictures close together. ``torch-bf16`` has weights,
vectors and sums in float32, and multiplies in bfloat16; it competes where a cosine of 0.999 is
asked, and the best that also multiplies in float32 is shown beside it.

compact: pictures a second through all of `index` against timm's eager model on decoded
tensors at batch 32; and seconds of speech a second through `index`, transcript included.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf, nan
from pathlib import Path
from statistics import median

import click
import numpy as np
from numpy.typing import NDArray

from benchmarks.alone import decode, seconds
from benchmarks.common import (
    Row,
    Target,
    anonymous_copies,
    at_least,
    command,
    conclude,
    data_option,
    fill,
    machine,
    new_library,
    pictures,
    rows,
    scratch,
    work_option,
)
from benchmarks.random_clip import load_random, random_clip
from benchmarks.speech import PROMPTS
from engine.config import Settings
from engine.encoders import registry
from engine.encoders.protocols import Pixels
from engine.encoders.towers import Towers
from engine.errors import SensoriumError
from engine.library.facade import Library
from engine.media.audio import probe_audio
from engine.store import Store

_EAGER = "open_clip, eager"
_BATCHES = (8, 32)
_BEST = (
    ("near", "in float32, products in bfloat16 allowed,", 1.2),
    ("float32", "in float32, products too,", None),
    ("int8", "in int8", 1.6),
)

Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Measured:
    """One way to run the tower."""

    seconds: float
    vectors: Vectors


def _backends() -> list[str]:
    """The backends by name; one that has none, where there is no choice."""
    chosen = "backend" in {spec.name for spec in dataclasses.fields(Settings)}
    return ["torch", "torch-bf16", "onnx", "onnx-int8"] if chosen else [""]


def _towers(folder: Path, backend: str) -> Towers:
    settings = Settings.from_env()
    if backend:
        settings = replace(settings, backend=backend)
    return registry.towers(str(folder), settings)


def _ours(towers: Towers, pixels: Sequence[Pixels], size: int) -> Vectors:
    name = towers.encoder.shared.name
    parts = [
        towers.encoder.embed_images(pixels[first : first + size]).vectors[name]
        for first in range(0, len(pixels), size)
    ]
    return np.concatenate(parts)


def _eager(folder: Path, pixels: Sequence[Pixels]) -> Callable[[int], Vectors]:
    """open_clip's own forward pass on tensors that lie ready, by the size of its batch."""
    import open_clip
    import torch

    model = load_random(folder)
    settings = open_clip.get_model_preprocess_cfg(model)
    mean, std = (torch.tensor(settings[key]).view(1, 3, 1, 1) for key in ("mean", "std"))
    tensors = torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2).float() / 255
    tensors = ((tensors - mean) / std).contiguous()

    def run(size: int) -> Vectors:
        with torch.inference_mode():
            parts = [model.encode_image(part, normalize=True) for part in tensors.split(size)]
        return torch.cat(parts).numpy()

    return run


def _timed(work: Callable[[], Vectors]) -> Measured:
    started = time.perf_counter()
    vectors = work()
    return Measured(time.perf_counter() - started, vectors)


def clip_towers(
    folder: Path, files: Sequence[Path], turns: int
) -> tuple[dict[str, Measured], dict[str, str]]:
    """Every way to run the tower, in turns, and why a backend could not be had."""
    import torch

    settings = Settings.from_env()
    torch.set_num_threads(settings.threads)
    missing: dict[str, str] = {}
    pixels, _, _ = decode(files, _towers(folder, _backends()[0]), settings)
    eager = _eager(folder, pixels)
    runners: dict[str, Callable[[], Vectors]] = {
        f"{_EAGER}, batch {size}": lambda size=size: eager(size) for size in _BATCHES
    }
    for backend in _backends():
        try:
            towers = _towers(folder, backend)
            _ours(towers, pixels[:2], 2)
        except SensoriumError as error:
            missing[f"Sensorium {backend}"] = str(error)[:120]
            continue
        name = f"Sensorium {backend}".strip()
        runners[name] = lambda towers=towers: _ours(towers, pixels, settings.batch_size)
    taken: dict[str, list[Measured]] = {name: [] for name in runners}
    for _ in range(turns):
        for name, run in runners.items():
            taken[name].append(_timed(run))
    return {
        name: Measured(median(one.seconds for one in many), many[-1].vectors)
        for name, many in taken.items()
    }, missing


def likeness(ours: Vectors, eager: Vectors) -> tuple[float, float]:
    """The lowest cosine of a picture's two vectors, and recall@1; see the module."""
    cosines = (ours * eager).sum(axis=1) / np.linalg.norm(ours, axis=1)
    mean = eager.mean(axis=0)
    one, other = ours - mean, eager - mean
    one /= np.maximum(np.linalg.norm(one, axis=1, keepdims=True), 1e-12)
    found = (other @ one.T).argmax(axis=1) == np.arange(len(ours))
    return float(cosines.min()), float(found.mean())


def clip_rows(
    measured: Mapping[str, Measured], missing: Mapping[str, str], count: int
) -> list[Row]:
    """A row for each, and the targets."""
    eager = {name: one for name, one in measured.items() if name.startswith(_EAGER)}
    best = min(eager, key=lambda name: eager[name].seconds)
    body: list[Row] = []
    fastest = {"float32": inf, "near": inf, "int8": inf}
    for name, one in measured.items():
        cosine, recall = likeness(one.vectors, eager[best].vectors)
        ratio = eager[best].seconds / one.seconds
        facts = (f"{cosine:.4f}", f"{recall:.3f}")
        body.append(
            (f"ViT-B-32, {name}", f"{count / one.seconds:.1f}", f"{ratio:.2f}x", *facts, None)
        )
        if name not in eager:
            exact = not name.endswith(("int8", "bf16"))
            kinds = ("int8",) if name.endswith("int8") else ("near", *(("float32",) * exact))
            for kind in kinds:
                fastest[kind] = min(fastest[kind], one.seconds)
    body += [(f"ViT-B-32, {name}", why, "", "", "", None) for name, why in missing.items()]
    for kind, what, limit in _BEST:
        ratio = eager[best].seconds / fastest[kind] or nan
        shown = f"{ratio:.2f}x" if ratio == ratio else "not measured"
        target = None if limit is None else _least(ratio, limit)
        body.append((f"best {what} against {best}", "", shown, "", "", target))
    return body


def _least(ratio: float, limit: float) -> Target:
    return at_least(ratio, limit, f">= {limit:g}x")


# --- compact ----------------------------------------------------------------------


def _timm_rate(batch: int = 32, batches: int = 2) -> float:
    """Pictures a second of compact's tower in eager PyTorch, on tensors that lie ready."""
    import torch

    from engine.encoders.compact.export_pictures import SIDE, build_model
    from engine.encoders.weight_files import EFFICIENTNET

    torch.set_num_threads(Settings.from_env().threads)
    model = build_model(EFFICIENTNET.locate())
    tensors = torch.rand((batch, 3, SIDE, SIDE)) * 2 - 1
    with torch.inference_mode():
        model(tensors[:2])
        taken = seconds(lambda: [model(tensors) for _ in range(batches)])
    return batch * batches / taken


def _index_rate(files: Sequence[Path], folder: Path) -> float:
    """Pictures a second through `index`."""
    with new_library(folder) as library:
        library.towers.encoder.embed_images([np.zeros((260, 260, 3), np.uint8)] * 2)
        return len(files) / seconds(lambda: fill(library, files[0].parent))


def compact_row(files: Sequence[Path], folder: Path, turns: int) -> Row:
    """`index` and timm in turns."""
    taken = [
        (_index_rate(files, folder / f"library-{turn}"), _timm_rate()) for turn in range(turns)
    ]
    ours, timm = (median(column) for column in zip(*taken, strict=True))
    ratio = ours / timm
    return (
        f"compact, {len(files)} pictures through `index`, against timm eager at batch 32"
        f" ({timm:.1f})",
        f"{ours:.1f}", f"{ratio:.2f}x", "", "", _least(ratio, 3),
    )  # fmt: skip


def speech_row(data: Path, prompts: Path, folder: Path) -> Row:
    """Seconds of speech a second through `index`; the towers are loaded before."""
    listed = data / "prompts.csv"
    what = "compact, spoken sound through `index`, seconds a second"
    if not prompts.is_dir() or not listed.exists():
        return (what, f"no prompts in {prompts}", "", "", "", _least(nan, 3))
    files = [prompts / row["file"] for row in rows(listed)]
    lasting = sum(probe_audio(file).duration for file in files)
    anonymous_copies(files, folder / "prompts")
    anonymous_copies(files[:1], folder / "first")
    with new_library(folder / "warm") as warm:
        fill(warm, folder / "first")
        if warm.towers.speech is None:
            return (what, "the extra speech is not installed", "", "", "", _least(nan, 3))
        store = Store.create(folder / "library", registry.COMPACT)
        with Library(store, warm.settings, warm.towers) as library:
            taken = seconds(lambda: fill(library, folder / "prompts"))
    rate = lasting / taken
    shown = f"{lasting:.0f} s of {len(files)} prompts"
    return (f"{what} ({shown})", f"{rate:.1f}", f"{rate:.1f}x", "", "", _least(rate, 3))


@command(__doc__)
@data_option
@work_option
@click.option(
    "--prompts",
    type=click.Path(path_type=Path),
    default=PROMPTS,
    show_default=True,
    help="The sounds folder of Debian's asterisk-core-sounds-en-wav.",
)
@click.option("--pictures", "count", default=128, show_default=True, type=click.IntRange(2))
@click.option("--turns", default=5, show_default=True, type=click.IntRange(1))
def main(data: Path, work: Path, prompts: Path, count: int, turns: int) -> None:
    sources, _ = pictures(data)
    measured, missing = clip_towers(random_clip(work, "ViT-B-32"), sources[:count], turns)
    body = clip_rows(measured, missing, min(count, len(sources)))
    with scratch() as folder:
        files = [Path(path) for path in anonymous_copies(sources, folder / "media")]
        body.append(compact_row(files, folder, min(turns, 3)))
        body.append(speech_row(data, prompts, folder))
    conclude(
        f"Encoders by themselves; {machine()}; medians of {turns} turns.",
        ("what", "a second", "ratio", "lowest cosine", "recall@1"),
        body,
    )


if __name__ == "__main__":
    main()
