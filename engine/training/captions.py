"""Fit the heads of compact-multilingual: how texts are whitened, and what pictures show.

    python -m engine.training.captions --photos DIR --emoji FILE --annotations DIR [--work DIR]

They are multilingual.safetensors, scenes.safetensors, and queries.safetensors, which says how far
captions reach, within which queries are kept. That of colours is ``engine.training.colours``.

Three parts, each in closed form, so that the same data gives the same tensors:

The whitening of the shared space comes from the names of pictographs in thirteen languages
(Unicode CLDR's annotations): what differs between names of one thing is language, not meaning,
and directions are scaled down by how much they vary so. It needs no label of any language.

The class head is that of ``engine.training.pictures``, refitted in the space so whitened.

The caption head takes square roots of the tower's pooled features, and of means and maxima of
three stages before, into the space ``scenes-2`` by ridge regression onto captions. Captions are
whitened too, by the square root of their own spread, since what all sentences share says nothing;
each photograph is learned from as it is, mirrored, and cropped, with the mean of both its captions
as the target.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.common.npy import save_array
from engine.common.vectors import l2_normalize
from engine.config import Settings
from engine.encoders.compact.multilingual import HEAD, QUERIES, SCENES_HEAD, scene_inputs
from engine.encoders.compact.multilingual_text import MultilingualE5
from engine.encoders.compact.pictures import LOOKS_DIM, SIDE, CompactPictures
from engine.encoders.protocols import Pixels
from engine.training import pictures
from engine.types.arrays import Vectors

LANGUAGES = ("en", "ar", "zh", "hi", "ja", "ru", "es", "de", "fr", "pt", "ko", "it", "tr")
_GROUPS = (1, 3, 4, 5, 6, 7)
"""Groups of pictographs: people, animals and plants, food, places, activities, objects."""
_FEWEST_NAMES = 3
"""Languages in which a pictograph must have a name."""
_SHRINKAGE = 0.1
"""Share of the mean variance that is added in all directions; 0.03 and 0.3 are no better."""
_CLASS_RIDGE = 60.0
_POWER = -0.5
"""Power of the singular values of captions: -0.3 and -0.7 find a little less, -1 much less."""
_RIDGE = 3.0
"""Penalty of the caption head, in mean variances of a feature."""
_PART_WEIGHTS = (1.0, 0.5)
"""Deviations of the inputs of the last layer, and of those of earlier ones. With 1 and 1.4 for
these, captions of held-out photographs are found as well, and general words a little worse."""
_LEAST_DEVIATION = 0.05
"""Deviation of a feature below which it is not scaled to 1, in deviations of all."""
_LEAST_VARIANCE = 1e-3
"""The least variance of captions in any direction, in parts of the most."""
_BATCH = 8

Embed = Callable[[Sequence[str]], Vectors]
Tensors = dict[str, Vectors]


class WhitenedText:
    """The text tower followed by a whitening, as the encoder has it."""

    def __init__(self, embed: Embed, mean: Vectors, whiten: Vectors) -> None:
        self._embed, self._mean, self._whiten = embed, mean, whiten

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Embed n texts: (n, 384) float32, L2-normalised."""
        rows: NDArray[Any] = (self._embed(texts) - self._mean) @ self._whiten
        return l2_normalize(rows)


class KeptRows:
    """Rows that take long to compute, kept in a folder by the name of what they are of."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def get(self, name: str, compute: Callable[[], Vectors]) -> Vectors:
        """Return the rows of ``name``, from the folder where they are there already."""
        if self._folder is None:
            return compute()
        file = self._folder / f"{name}.npy"
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            save_array(file, compute())
        rows: Vectors = np.load(file, allow_pickle=False)
        return rows.astype(np.float32)

    def embedding(self, embed: Embed) -> Embed:
        """Return a text tower that embeds the same list of texts once."""

        def kept(texts: Sequence[str]) -> Vectors:
            digest = hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]
            return self.get(f"texts-{digest}", lambda: embed(texts))

        return kept


@dataclass(frozen=True, slots=True)
class TrainingFiles:
    """The files that are learned from."""

    photos: Path
    """A folder with photographs in ``train`` and their captions in ``train.csv``."""
    emoji: Path
    """``en/data.json`` of emojibase-data."""
    annotations: Path
    """The folder ``annotations`` of cldr-annotations-full."""
    wordnet: Path
    measured: Path | None
    """A CSV of words by language that must not be learned from; English is ``word``."""

    def photographs(self) -> list[dict[str, str]]:
        """Return the file and both captions of each photograph."""
        return read_captions(self.photos)

    def measured_words(self) -> dict[str, list[str]]:
        """Return the words that must not be learned from, by language."""
        if self.measured is None:
            return {}
        table = _table(self.measured)
        return {"en" if name == "word" else name: [row[name] for row in table] for name in table[0]}


def read_captions(photos: Path) -> list[dict[str, str]]:
    """Read the file and both captions of each photograph of a folder, ``train.csv``."""
    return _table(photos / "train.csv")


def _table(file: Path) -> list[dict[str, str]]:
    with file.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


# --- the whitening of the shared space ----------------------------------------------------


def read_signs(emoji: Path) -> list[str]:
    """Read the pictographs of people and things, without faces, symbols and flags."""
    rows = json.loads(emoji.read_text(encoding="utf-8"))
    return [row["emoji"].replace("\ufe0f", "") for row in rows if row.get("group") in _GROUPS]


def read_names(folder: Path, language: str) -> dict[str, str]:
    """Read the name of each pictograph in a language (cldr-annotations-full, ``annotations``)."""
    text = (folder / language / "annotations.json").read_text(encoding="utf-8")
    rows = json.loads(text)["annotations"]["annotations"]
    return {sign: row["tts"][0] for sign, row in rows.items() if "tts" in row}


def translations(
    folder: Path, signs: Sequence[str], unseen: Mapping[str, Sequence[str]]
) -> dict[str, dict[str, str]]:
    """Return the names of pictographs by language, without those that are measured with.

    Args:
        unseen: words that must not be learned from, by language.
    """
    names = {language: read_names(folder, language) for language in LANGUAGES}
    banned = {word.lower() for words in unseen.values() for word in words}
    english = {word.lower() for word in unseen.get("en", ())}

    def is_measured(sign: str) -> bool:
        name = f" {names['en'][sign].lower()} "
        within = any(f" {word} " in name or f" {word}s " in name for word in english)
        return within or any(rows.get(sign, "").lower() in banned for rows in names.values())

    kept = [sign for sign in signs if sign in names["en"] and not is_measured(sign)]
    return {
        language: {sign: rows[sign] for sign in kept if sign in rows}
        for language, rows in names.items()
    }


def language_whitening(vectors: Mapping[str, Mapping[str, Vectors]]) -> tuple[Vectors, Vectors]:
    """Return the mean (dim,) and the whitening (dim, dim) of names by language and pictograph.

    It is the inverse square root of the scatter within the names of one thing, as in linear
    discriminant analysis, shrunk, and scaled so that different things vary by 1 in all.
    """
    centres, within, free = [], 0.0, 0
    for sign in next(iter(vectors.values())):
        rows = np.array([of[sign] for of in vectors.values() if sign in of], np.float64)
        if len(rows) >= _FEWEST_NAMES:
            centres.append(rows.mean(0))
            within = within + (rows - centres[-1]).T @ (rows - centres[-1])
            free += len(rows) - 1
    spread = np.cov(np.array(centres).T)
    scatter = np.asarray(within) / free
    scatter += _SHRINKAGE * np.trace(scatter) / len(scatter) * np.eye(len(scatter))
    whiten = _power(scatter, -0.5)
    whiten /= np.sqrt(np.trace(whiten @ spread @ whiten))
    return np.mean(centres, axis=0).astype(np.float32), whiten.astype(np.float32)


def _power(matrix: NDArray[Any], power: float, least: float = 1e-4) -> NDArray[Any]:
    """Return the power of a symmetrical matrix; eigenvalues too small to matter are raised."""
    values, directions = np.linalg.eigh(matrix)
    raised: NDArray[Any] = (directions * np.maximum(values, values.max() * least) ** power) @ (
        directions.T
    )
    return raised


# --- the caption head -----------------------------------------------------------------------


def spread_whitening(texts: Vectors) -> tuple[Vectors, Vectors]:
    """Return the mean (dim,) and the whitening (dim, dim) of texts (n, dim)."""
    mean = texts.mean(0)
    spread = (texts - mean).T @ (texts - mean) / len(texts)
    whiten = _power(spread, _POWER / 2, least=_LEAST_VARIANCE)
    whiten /= np.sqrt(np.trace(whiten @ spread @ whiten))
    return mean.astype(np.float32), whiten.astype(np.float32)


def caption_limits(texts: Vectors) -> Tensors:
    """Return the directions (dim, dim) of captions (n, dim), and their deviations along them."""
    variances, directions = np.linalg.eigh(np.cov(texts.T))
    least = variances.max() * _LEAST_VARIANCE
    return {"directions": directions, "deviations": np.sqrt(np.maximum(variances, least))}


def fit_captions(views: Sequence[Vectors], captions: Sequence[Vectors]) -> Tensors:
    """Fit the tensors of the space ``scenes``.

    Args:
        views: inputs (n, inputs) of each photograph: as it is, mirrored, cropped.
        captions: vectors (n, 384) of the text tower, as they come, one for each sort of caption.
    """
    mean, whiten = spread_whitening(np.concatenate(captions))
    target = np.mean([l2_normalize((rows - mean) @ whiten) for rows in captions], axis=0)
    target -= target.mean(0)
    centre, scale = views[0].mean(0), _scale(views[0])
    inputs = np.concatenate([(rows - centre) / scale for rows in views])
    gram = inputs.T @ inputs
    gram += _RIDGE * np.trace(gram) / len(gram) * np.eye(len(gram), dtype=gram.dtype)
    weights = np.linalg.solve(gram, inputs.T @ np.tile(target, (len(views), 1)))
    bias = np.zeros(len(mean), np.float32)
    return {
        "mean": mean, "whiten": whiten, "center": centre, "scale": scale, "weights": weights,
        "bias": bias,
    }  # fmt: skip


def _scale(inputs: Vectors) -> Vectors:
    """Return what inputs (n, inputs) are divided by, so that their parts vary as they should."""
    parts = np.split(inputs, [LOOKS_DIM], axis=1)
    scales = [
        np.maximum(part.std(0), part.std() * _LEAST_DEVIATION) * np.sqrt(part.shape[1]) / weight
        for part, weight in zip(parts, _PART_WEIGHTS, strict=True)
        if part.shape[1]
    ]
    return np.concatenate(scales)


def views(tower: CompactPictures, files: Sequence[Path], kept: KeptRows) -> Iterator[Vectors]:
    """Yield the inputs (n, 2400) of photographs as they are, mirrored, and cropped at random."""

    def mirrored(image: Image.Image, _: int) -> Pixels:
        return np.ascontiguousarray(tower.prepare(image)[:, ::-1])

    def plain(image: Image.Image, _: int) -> Pixels:
        return tower.prepare(image)

    for name, view in (("plain", plain), ("mirrored", mirrored), ("cropped", cropped)):
        yield kept.get(f"inputs-{name}", lambda view=view: _inputs(tower, files, view))  # type: ignore[misc]


def _inputs(
    tower: CompactPictures, files: Sequence[Path], view: Callable[[Image.Image, int], Pixels]
) -> Vectors:
    rows = []
    for first in range(0, len(files), _BATCH):
        batch = files[first : first + _BATCH]
        opened = [Image.open(file).convert("RGB") for file in batch]
        seen = tower.see([view(image, first + i) for i, image in enumerate(opened)])
        rows.append(scene_inputs(seen))
    return np.concatenate(rows)


def cropped(image: Image.Image, number: int) -> Pixels:
    """Crop half of a picture or more at random, in another aspect, and mirror every second."""
    rng = np.random.default_rng(3000 + number)
    width, height = image.size
    area, ratio = rng.uniform(0.5, 1.0) * width * height, np.exp(rng.uniform(-0.29, 0.29))
    wide, high = min(width, np.sqrt(area * ratio)), min(height, np.sqrt(area / ratio))
    left, top = rng.uniform(0, width - wide), rng.uniform(0, height - high)
    box = (left, top, left + wide, top + high)
    part = image.resize((SIDE, SIDE), Image.Resampling.BICUBIC, box=box)
    if rng.random() < 0.5:
        part = part.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return np.asarray(part, dtype=np.uint8)


# --- all of it --------------------------------------------------------------------------------


def fit(sources: TrainingFiles, kept: KeptRows) -> dict[str, Tensors]:
    """Fit all tensors of the encoder ``compact-multilingual``, by the names of their files."""
    settings = Settings.from_env()
    embed = kept.embedding(MultilingualE5(settings).embed)
    names = translations(sources.annotations, read_signs(sources.emoji), sources.measured_words())
    vectors = {
        language: dict(zip(of, embed(list(of.values())), strict=True))
        for language, of in names.items()
    }
    mean, whiten = language_whitening(vectors)
    nouns = pictures.read_nouns(sources.wordnet)
    head = pictures.fit(WhitenedText(embed, mean, whiten), nouns, ridge=_CLASS_RIDGE)
    table = sources.photographs()
    captions = [embed([row[column] for row in table]) for column in ("caption", "short")]
    files = [sources.photos / "train" / row["file"] for row in table]
    seen = list(views(CompactPictures(settings), files, kept))
    return {
        HEAD.name: {"mean": mean, "whiten": whiten, **head},
        SCENES_HEAD.name: fit_captions(seen, captions),
        QUERIES.name: caption_limits(np.concatenate(captions)),
    }


_folder = click.Path(path_type=Path, exists=True, file_okay=False)
_file = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command(help=__doc__.partition("\n")[0] if __doc__ else None)
@click.option("--photos", type=_folder, required=True, help="Folder with train/ and train.csv.")
@click.option("--emoji", type=_file, required=True, help="en/data.json of emojibase-data.")
@click.option("--annotations", type=_folder, required=True, help="Of cldr-annotations-full.")
@click.option("--wordnet", type=_folder, default="/usr/share/wordnet", show_default=True)
@click.option("--measured", type=_file, help="CSV of words by language, not to be learned from.")
@click.option("--work", type=click.Path(path_type=Path), help="Folder that keeps features.")
@click.option("--out", type=_folder, default=HEAD.parent, show_default=True)
def main(
    photos: Path, emoji: Path, annotations: Path, wordnet: Path, measured: Path | None,
    work: Path | None, out: Path,
) -> None:  # fmt: skip
    from safetensors.numpy import save_file

    sources = TrainingFiles(photos, emoji, annotations, wordnet, measured)
    for name, saved in fit(sources, KeptRows(work)).items():
        file = out / name
        save_file({n: np.ascontiguousarray(t, np.float16) for n, t in saved.items()}, file)
        click.echo(f"{file}: {len(saved)} tensors, {file.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
