"""Fit colours.safetensors: which basic term a colour has, and when people name it.

    python -m engine.training.colours --photos DIR --names FILE

The terms come from the names that people gave to colours on a screen (the survey of xkcd, 2010,
CC0): each colour has the term whose names, such as "dark red", lie densest about it in CIELAB. When
a colour is named is learned from photographs and their captions: one logistic regression for each
term, whose target is that a caption has the word.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.config import Settings
from engine.encoders.compact.colour_words import TERMS, colours_of
from engine.encoders.compact.colours import COLOURS, LEVELS, inputs_of, shares_of
from engine.encoders.compact.pictures import CompactPictures
from engine.training.captions import read_captions
from engine.types.arrays import Vectors

_NAME = re.compile(r"([a-z /']+?)\t(#[0-9a-f]{6})", re.IGNORECASE)
_ALSO = {
    "gray": "grey", "violet": "purple", "lavender": "purple", "tan": "brown", "beige": "brown",
    "magenta": "pink", "cyan": "blue", "navy": "blue", "maroon": "red", "crimson": "red",
    "scarlet": "red", "gold": "yellow",
}  # fmt: skip
"""Names whose colours have one basic term."""
_WIDTH = 60.0
"""Variance of the density about a name, in squared units of CIELAB."""
_PENALTY = 1.0
_STEPS = 25
_ENOUGH = 1e-6


def read_names(file: Path) -> tuple[NDArray[np.uint8], NDArray[np.intp]]:
    """Read named colours (n, 3), and the place of the basic term of each, (n,).

    A line is a name, a tab and a colour such as ``#acc2d9``; other lines and names are passed over.
    """
    colours, terms = [], []
    for name, value in _NAME.findall(file.read_text(encoding="utf-8")):
        last = name.split()[-1].lower()
        term = _ALSO.get(last, last)
        if term in TERMS:
            colours.append(list(bytes.fromhex(value[1:])))
            terms.append(TERMS.index(term))
    return np.array(colours, np.uint8), np.array(terms)


def fit_terms(colours: NDArray[np.uint8], terms: NDArray[np.intp]) -> NDArray[np.uint8]:
    """Return the term of each of the colours that are told apart, (levels ** 3,)."""
    steps = (np.arange(LEVELS) * 256 + 128) // LEVELS
    cube = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)
    apart = ((_lab(cube)[:, None] - _lab(colours)[None]) ** 2).sum(-1).astype(np.float64)
    near = np.exp(-(apart - apart.min(1, keepdims=True)) / (2 * _WIDTH))
    dense = [near[:, terms == term].mean(1) for term in range(len(TERMS))]
    return np.asarray(np.argmax(dense, axis=0), np.uint8)


def _lab(colours: NDArray[np.integer]) -> NDArray[np.float32]:
    import cv2

    rows = (colours.astype(np.float32) / 255)[None]
    lab: NDArray[np.float32] = cv2.cvtColor(rows, cv2.COLOR_RGB2LAB)[0]
    return lab


def fit_naming(inputs: Vectors, named: NDArray[np.bool_]) -> tuple[Vectors, Vectors]:
    """Fit when each term is named; what all pictures have is taken off the log odds.

    Args:
        inputs: (n, inputs) of photographs.
        named: (n, terms), whether a caption has the term.

    Returns:
        Weights (inputs, terms) and biases (terms,).
    """
    mean, scale = inputs.mean(0), np.maximum(inputs.std(0), 1e-3)
    rows = np.c_[(inputs - mean) / scale, np.ones(len(inputs))].astype(np.float64)
    fitted = np.stack([_logistic_regression(rows, target) for target in named.T], axis=1)
    weights = fitted[:-1] / scale[:, None]
    odds = inputs @ weights
    return weights.astype(np.float32), -odds.mean(0).astype(np.float32)


def _logistic_regression(
    rows: NDArray[np.float64], target: NDArray[np.bool_]
) -> NDArray[np.float64]:
    ridge = np.diag([*np.full(rows.shape[1] - 1, _PENALTY), _ENOUGH])
    weights = np.zeros(rows.shape[1])
    for _ in range(_STEPS):
        probable = 1 / (1 + np.exp(-np.clip(rows @ weights, -30, 30)))
        curved = (rows.T * (probable * (1 - probable))) @ rows + ridge
        step = np.linalg.solve(curved, rows.T @ (probable - target) + ridge @ weights)
        weights -= step
        if np.abs(step).max() < _ENOUGH:
            break
    return weights


def picture_inputs(files: Sequence[Path], terms: NDArray[np.uint8]) -> Vectors:
    """Return the inputs (n, inputs) of photographs, as the encoder prepares them."""
    tower = CompactPictures(Settings.from_env())
    pictures = (tower.prepare(Image.open(file).convert("RGB")) for file in files)
    return np.stack([inputs_of(shares_of(picture, terms)) for picture in pictures])


def fit(photos: Path, names: Path) -> dict[str, NDArray[Any]]:
    """Fit all tensors of the colours."""
    terms, table = fit_terms(*read_names(names)), read_captions(photos)
    inputs = picture_inputs([photos / "train" / row["file"] for row in table], terms)
    mentioned = [colours_of(f"{row['caption']} {row['short']}") for row in table]
    named = np.array([[term in colours for term in TERMS] for colours in mentioned])
    weights, bias = fit_naming(inputs, named)
    return {"terms": terms, "weights": weights, "bias": bias}


_folder = click.Path(path_type=Path, exists=True, file_okay=False)
_file = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command(help=__doc__.partition("\n")[0] if __doc__ else None)
@click.option("--photos", type=_folder, required=True, help="Folder with train/ and train.csv.")
@click.option("--names", type=_file, required=True, help="rgb.txt of xkcd's survey of colours.")
@click.option("--out", type=click.Path(path_type=Path), default=COLOURS, show_default=True)
def main(photos: Path, names: Path, out: Path) -> None:
    from safetensors.numpy import save_file

    saved = fit(photos, names)
    save_file({name: np.ascontiguousarray(tensor) for name, tensor in saved.items()}, out)
    click.echo(f"{out}: {len(saved)} tensors, {out.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
