"""Search in ten languages: general words among pictures, and Chinese sentences about photographs.

    python -m benchmarks.languages --data DIR

The words are those of general_words.csv, translated in translated_words.csv; no head has been
fitted to either. Most of the translated ones are in the lexicon that comes from pictographs, as
most such words are; its card has figures on words of ten dictionaries. They are asked as they
stand, of a library of compact-multilingual, and beside it of one of compact, which understands
English. The sentences are of people who wrote in Chinese about
photographs that they saw (photos/dev.csv).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import numpy as np

from benchmarks.common import (
    Indexed,
    Row,
    at_least,
    command,
    conclude,
    data_option,
    indexed,
    need,
    new_library,
    pictures,
    rows,
    stop,
)
from engine.encoders import registry
from engine.encoders.weight_files import E5_SMALL

_GENERAL = Path(__file__).parent / "general_words.csv"
_TRANSLATED = Path(__file__).parent / "translated_words.csv"
_CAP = 10
_ENGLISH, _OTHERS, _SENTENCES = 0.86, 0.60, 0.50
_ENCODERS = (registry.COMPACT, registry.MULTILINGUAL)

Figures = dict[str, float]
"""Figures by language."""


def _words() -> dict[str, list[tuple[str, frozenset[str]]]]:
    """Each language's words, with the classes that they are true of."""
    classes = {row["word"]: frozenset(row["wnids"].split()) for row in rows(_GENERAL)}
    translated = rows(_TRANSLATED)
    languages = [name for name in translated[0] if name != "word"]
    words = {"en": list(classes.items())}
    for language in languages:
        words[language] = [(row[language], classes[row["word"]]) for row in translated]
    return words


def _r_precision(made: Indexed, wnids: Sequence[str]) -> Figures:
    """Mean precision at R, the number of right pictures, R <= 10, by language."""
    figures = {}
    for language, words in _words().items():
        precisions = []
        for word, classes in words:
            right = {place for place, wnid in enumerate(wnids) if wnid in classes}
            cut = min(_CAP, len(right))
            if cut:
                precisions.append(len(right & set(made.found(word, cut))) / cut)
        figures[language] = float(np.mean(precisions))
    return figures


def _sentences(made: Indexed, files: Sequence[Path], asked: Sequence[dict[str, str]]) -> Figures:
    """Share of sentences, by language, whose photograph is among the first ten."""
    places = {file.name: place for place, file in enumerate(files)}
    found: dict[str, list[bool]] = {}
    for row in asked:
        hit = places[row["file"]] in made.found(row["sentence"], 10)
        found.setdefault(row["language"], []).append(hit)
    return {language: float(np.mean(hits)) for language, hits in found.items()}


def _measured(data: Path, encoder: str) -> tuple[Figures, Figures]:
    files, labels = pictures(data)
    with indexed(files, lambda folder: new_library(folder, encoder)) as made:
        words = _r_precision(made, [row["wnid"] for row in labels])
    photos = data / "photos"
    need(photos / "dev.csv")
    asked = rows(photos / "dev.csv")
    need(*(photos / "dev" / row["file"] for row in asked))
    files = sorted((photos / "dev").iterdir())
    with indexed(files, lambda folder: new_library(folder, encoder)) as made:
        return words, _sentences(made, files, asked)


def _rows(before: tuple[Figures, Figures], now: tuple[Figures, Figures]) -> Iterator[Row]:
    for language, figure in now[0].items():
        target = at_least(figure, _ENGLISH if language == "en" else _OTHERS)
        text = f"{language}: general words, R-precision, R <= {_CAP}"
        yield text, f"{before[0][language]:.3f}", f"{figure:.3f}", target
    for language, figure in now[1].items():
        limit = at_least(figure, _SENTENCES) if language == "zh" else None
        text = f"{language}: sentences about photographs, R@10"
        yield text, f"{before[1][language]:.3f}", f"{figure:.3f}", limit


@command(__doc__)
@data_option
def main(data: Path) -> None:
    if E5_SMALL.find() is None:
        stop(f"the weights of {registry.MULTILINGUAL}")
    before, now = (_measured(data, encoder) for encoder in _ENCODERS)
    count = len({row["word"] for row in rows(_GENERAL)})
    click.echo(f"{count} words in {len(now[0])} languages\n")
    conclude(
        "Quality in other languages than English.", ("query", *_ENCODERS), list(_rows(before, now))
    )


if __name__ == "__main__":
    main()
