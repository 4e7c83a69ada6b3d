"""Sensorium beside rclip and clip-retrieval, on the same pictures, weights and cores.

    python -m benchmarks.peers --data DIR [--work FOLDER]

All are processes of their own that take turns; each is installed in an environment of
its own, runs its own loop with the batch sizes and workers that it chooses by itself, and
starts its clock when the weights are loaded. The model is ViT-B-32-256, because rclip's
preparation is made for its 256 pixels; its weights are random. rclip is given an ONNX
export of them, clip-retrieval the checkpoint.
"""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from math import nan
from pathlib import Path
from statistics import median

import click

from benchmarks.common import (
    Row,
    Target,
    at_least,
    command,
    conclude,
    data_option,
    machine,
    scratch,
    work_option,
)
from benchmarks.peers.environments import Unavailable, last_line, peers
from benchmarks.photos import mixed_photos
from benchmarks.random_clip import load_random, random_clip, weights_of
from engine.config import Settings

MODEL = "ViT-B-32-256"
_SIDE = 256
_HERE = Path(__file__).parent
_RCLIP_FOLDER = "ViT-B-32-256-datacomp_s34b_b86k"
"""Where rclip looks for its weights, below its data folder."""
_TARGETS = {
    ("fp32", "rclip"): 1.05,
    ("fp32", "clip-retrieval"): 1.2,
    ("int8", "rclip"): 1.3,
    ("int8", "clip-retrieval"): 1.6,
}

Runner = Callable[[Path], list[str]]
"""The command of one run, given a folder that is empty and goes afterwards."""


def _export(model: Path, out: Path) -> Path:
    """The picture tower as rclip takes it: ``input`` (n, 3, 256, 256) to (n, dim)."""
    if not out.exists():
        import torch

        from engine.encoders.runtime.onnx_session import export_module

        example = (torch.zeros((2, 3, _SIDE, _SIDE)),)
        inputs, outputs = {"input": {0: "n"}}, {"output": {0: "n"}}
        draft = out.with_suffix(".draft")
        torch.backends.mha.set_fastpath_enabled(False)  # one operator, which ONNX does not have
        export_module(load_random(model).visual, example, draft, inputs=inputs, outputs=outputs)
        draft.rename(out)
    return out


def _ours(model: Path, media: Path) -> dict[str, tuple[Runner, dict[str, str]]]:
    """Our backends by name, each with what its environment says; one, where there is no choice."""

    def run(folder: Path) -> list[str]:
        script = (sys.executable, str(_HERE / "ours.py"))
        return [*script, str(_HERE.parents[1]), str(model), str(folder / "library"), str(media)]

    if "backend" not in {spec.name for spec in dataclasses.fields(Settings)}:
        return {"Sensorium": (run, {})}
    return {
        f"Sensorium, {name}": (run, {"SENSORIUM_BACKEND": name})
        for name in ("torch", "onnx", "onnx-int8")
    }


def _theirs(
    work: Path, model: Path, media: Path
) -> tuple[dict[str, tuple[Runner, dict[str, str]]], dict[str, str]]:
    """The peers that can be had, and why others cannot."""
    found: dict[str, tuple[Runner, dict[str, str]]] = {}
    missing = {}
    for name, peer in peers().items():
        click.echo(f"{name}: making its environment where there is none", err=True)
        try:
            python = str(peer.python(work))
        except Unavailable as error:
            missing[name] = str(error)
            continue
        found[name] = (_runner(name, python, work, model, media), {})
    return found, missing


def _runner(name: str, python: str, work: Path, model: Path, media: Path) -> Runner:
    if name == "rclip":
        exported = _export(model, (work / "rclip-visual.onnx").resolve())

        def rclip(folder: Path) -> list[str]:
            (folder / _RCLIP_FOLDER).mkdir()
            for file in exported.parent.glob(f"{exported.name}*"):
                where = "visual.onnx" if file == exported else file.name
                (folder / _RCLIP_FOLDER / where).symlink_to(file)
            return [python, str(_HERE / "rclip_index.py"), str(folder), str(media)]

        return rclip
    script, weights = str(_HERE / "clip_retrieval_infer.py"), str(weights_of(model))
    return lambda folder: [python, script, MODEL, weights, str(folder / "out"), str(media)]


def _measure(run: Runner, extra: Mapping[str, str], pictures: int) -> dict[str, object]:
    """What one run says of itself.

    Raises:
        Unavailable: it failed, or did not embed every picture.
    """
    threads = {"OMP_NUM_THREADS": str(Settings.from_env().threads), "SENSORIUM_OCR": "0"}
    environ = {**os.environ, **threads, **extra, "HF_HUB_OFFLINE": "1"}
    environ.pop("PYTHONPATH", None)  # the peers' environments are theirs alone
    with scratch() as folder:
        done = subprocess.run(
            run(folder), capture_output=True, text=True, check=False, env=environ, cwd=folder
        )
    if done.returncode:
        raise Unavailable(f"does not run: {last_line(done.stderr)}")
    told: dict[str, object] = json.loads(last_line(done.stdout))
    if told["pictures"] != pictures:
        raise Unavailable(f"embedded {told['pictures']} of {pictures} pictures")
    return told


def _take_turns(
    runners: Mapping[str, tuple[Runner, dict[str, str]]],
    missing: dict[str, str],
    pictures: int,
    turns: int,
) -> tuple[dict[str, float], dict[str, str]]:
    """Median seconds and versions by name; who fails goes to ``missing``."""
    taken: dict[str, list[float]] = {}
    versions: dict[str, str] = {}
    for turn in range(turns):
        for name, (run, extra) in runners.items():
            if name in missing:
                continue
            click.echo(f"turn {turn + 1} of {turns}: {name}", err=True)
            try:
                told = _measure(run, extra, pictures)
            except Unavailable as error:
                missing[name] = str(error)
                continue
            taken.setdefault(name, []).append(float(str(told["seconds"])))
            if "version" in told:
                versions[name] = str(told["version"])
    medians = {name: median(times) for name, times in taken.items() if name not in missing}
    return medians, versions


def _rows(
    seconds: Mapping[str, float],
    versions: Mapping[str, str],
    missing: Mapping[str, str],
    count: int,
) -> list[Row]:
    body: list[Row] = []
    for name, taken in seconds.items():
        shown = f"{name} {versions[name]}" if name in versions else name
        body.append((shown, f"{taken:.1f} s", f"{count / taken:.1f}", "", None))
    body += [(name, reason, "", "", None) for name, reason in missing.items()]
    for (kind, peer), limit in _TARGETS.items():
        best = _best(seconds, kind)
        if best is None or peer not in seconds:
            body.append((f"{kind} against {peer}", "not measured", "", "", _at_least(nan, limit)))
            continue
        ratio = seconds[peer] / seconds[best]
        row = (f"{kind} against {peer}", best, "", f"{ratio:.2f}x", _at_least(ratio, limit))
        body.append(row)
    return body


def _best(seconds: Mapping[str, float], kind: str) -> str | None:
    """Our fastest backend in these numbers, where there is one."""
    ours = [name for name in seconds if name.startswith("Sensorium")]
    of_kind = [name for name in ours if name.endswith("int8") == (kind == "int8")]
    return min(of_kind, key=seconds.__getitem__, default=None)


def _at_least(ratio: float, limit: float) -> Target:
    return at_least(ratio, limit, f">= {limit}x")


@command(__doc__)
@data_option
@work_option
@click.option("--pictures", default=1000, show_default=True, type=click.IntRange(1))
@click.option("--largest", default=12.0, show_default=True, help="Megapixels of the largest.")
@click.option("--turns", default=3, show_default=True, type=click.IntRange(1))
def main(data: Path, work: Path, pictures: int, largest: float, turns: int) -> None:
    work.mkdir(parents=True, exist_ok=True)
    media = mixed_photos(data, work, pictures, largest=largest * 1e6)[0].parent.resolve()
    model = random_clip(work, MODEL)
    theirs, missing = _theirs(work, model, media)
    runners = {**_ours(model, media), **theirs}
    seconds, versions = _take_turns(runners, missing, pictures, turns)
    conclude(
        f"{pictures:,} JPEGs of 0.5 to {largest:g} megapixels, {MODEL} with random weights;"
        f" {machine()}; medians of {turns} turns.",
        ("what", "takes", "pictures/s", "ratio"),
        _rows(seconds, versions, missing, pictures),
        details={"pictures": pictures, "seconds": seconds, "missing": missing},
    )


if __name__ == "__main__":
    main()
