"""Everyday queries: sentences about photographs, labels, general words, and a person's folder.

    python -m benchmarks.everyday --data DIR [--work DIR]

The sentences are of people who saw the photograph (photos/dev.csv, COCO captions); nothing was
learned from these photographs. The folder holds what a person's does, and its searches were
written before anything was searched (home-queries.csv); a search is answered where one of its
right files comes first, or among the first five. The nouns are words of one thing that is to be
seen in the folder (home_nouns.csv), judged by looking at its pictures. A search for something
seen should not be answered with sounds, so it is counted how many are among the first ten.

Beside each figure stands the same for `compact`, which knows classes alone, and for
compact-multilingual without its head for scenes. With --work the folder's libraries are kept
there for the next run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import click
import numpy as np

from benchmarks.common import (
    Row,
    Target,
    anonymous_copies,
    at_least,
    at_most,
    command,
    conclude,
    data_option,
    fill,
    need,
    new_library,
    pictures,
    rows,
    scratch,
    stop,
)
from engine.config import Settings
from engine.encoders import registry
from engine.encoders.weight_files import E5_SMALL
from engine.library.facade import Library
from engine.query.language import quoted
from engine.store import Store
from engine.types import Hit, Kind

_HERE = Path(__file__).parent
_TOP = 10
_CAP = 10
_VISUAL = ("object", "scene", "colour", "action", "people", "count")
"""Categories of searches for something that is seen."""

Figures = dict[str, float]
"""What is measured, by what it is called in the table."""
Find = Callable[[str, int], Sequence[Hit]]

_SENTENCE = "a sentence about a photograph, among 600"
_LABEL = "a picture showing a {label}, 300 pictures"
_GENERAL = "a picture of a {word}, 20 general words"
_HOME = "a person's folder"
_LIMITS: Mapping[str, float] = {
    f"{_SENTENCE}: R@1": 0.28,
    f"{_SENTENCE}: R@10": 0.72,
    f"{_LABEL}: R@1": 0.955,
    f"{_GENERAL}: R-precision": 0.86,
    f"{_HOME}, searches: right file first": 0.70,
    f"{_HOME}, searches: among the first five": 0.80,
    f"{_HOME}, nouns: right file first": 0.75,
    f"{_HOME}, no answer: nothing likely": 0.80,
}
_MOST_SOUNDS = 0.1
_SOUNDS = f"{_HOME}, something seen: sounds among the first ten"


def without_scenes(folder: Path) -> Library:
    """Open a library whose pictures are searched by their classes alone."""
    store, settings = Store.open(folder), Settings.from_env()
    towers = registry.towers(store.encoder, settings)
    vars(towers.encoder).update(further=(), qualities=())  # what cached properties would hold
    return Library(store, settings, towers)


@contextmanager
def _opened(folder: Path, encoder: str, scenes: bool) -> Iterator[Library]:
    with (Library.open(folder) if scenes or encoder == registry.COMPACT
          else without_scenes(folder)) as library:  # fmt: skip
        yield library


# --- photographs and labels -------------------------------------------------------------


def _photographs(data: Path) -> list[Path]:
    need(data / "photos" / "dev.csv")
    return sorted((data / "photos" / "dev").iterdir())


def _sentences(find: Find, data: Path, files: Sequence[Path], places: dict[str, int]) -> Figures:
    names = {file.name: place for place, file in enumerate(files)}
    asked = [row for row in rows(data / "photos" / "dev.csv") if row["language"] == "en"]
    ranks = []
    for row in asked:
        found = [places[hit.path] for hit in find(quoted(row["sentence"]), _TOP)]
        right = names[row["file"]]
        ranks.append(found.index(right) if right in found else _TOP)
    return {
        f"{_SENTENCE}: R@1": float(np.mean(np.array(ranks) == 0)),
        f"{_SENTENCE}: R@10": float(np.mean(np.array(ranks) < _TOP)),
    }


def _labels(find: Find, table: Sequence[dict[str, str]], places: dict[str, int]) -> Figures:
    first = [
        [places[hit.path] for hit in find(quoted(f"a picture showing a {row['label']}"), 1)] == [i]
        for i, row in enumerate(table)
    ]
    precisions = []
    for row in rows(_HERE / "general_words.csv"):
        right = {i for i, one in enumerate(table) if one["wnid"] in row["wnids"].split()}
        cut = min(_CAP, len(right))
        hits = find(quoted(f"a picture of a {row['word']}"), cut)
        precisions.append(len(right & {places[hit.path] for hit in hits}) / cut)
    return {
        f"{_LABEL}: R@1": float(np.mean(first)),
        f"{_GENERAL}: R-precision": float(np.mean(precisions)),
    }


def _seen(data: Path, encoder: str) -> Iterator[Figures]:
    """Yield the figures of photographs and labels: with all of an encoder, then without scenes."""
    photographs = _photographs(data)
    files, table = pictures(data)
    with scratch() as folder:
        places = {}
        for name, some in (("photos", photographs), ("labels", files)):
            places[name] = anonymous_copies(some, folder / name / "media")
            with new_library(folder / name / "library", encoder) as library:
                fill(library, folder / name / "media")
        for scenes in (True, False) if encoder != registry.COMPACT else (True,):
            with _opened(folder / "photos" / "library", encoder, scenes) as library:
                figures = _sentences(_find(library), data, photographs, places["photos"])
            with _opened(folder / "labels" / "library", encoder, scenes) as library:
                yield {**figures, **_labels(_find(library), table, places["labels"])}


def _find(library: Library) -> Find:
    return lambda text, top: library.search(text, top=top).hits


# --- a person's folder ----------------------------------------------------------------------


def home_library(data: Path, work: Path, encoder: str) -> Path:
    """Return the folder's library, with speech and text in pictures, made where there is none."""
    folder = work / f"home-{encoder}.library"
    if not folder.exists():
        with new_library(folder, encoder, ocr=True) as library:
            library.index([data / "home"])
    return folder


def _right(hits: Sequence[Hit], home: Path, row: dict[str, str]) -> list[bool]:
    """Return for each hit whether it is a right answer."""
    answers = {str((home / path).resolve()) for path in row["right"].split("|")}
    return [hit.path in answers for hit in hits]


def _answered(find: Find, home: Path, asked: Sequence[dict[str, str]], text: str) -> list[int]:
    """Return the rank of the first right hit of each search, ``_TOP`` where there is none."""
    ranks = []
    for row in asked:
        right = _right(find(row[text], _TOP), home, row)
        ranks.append(right.index(True) if True in right else _TOP)
    return ranks


def _share_of_sounds(find: Find, texts: Sequence[str]) -> float:
    pages = [find(text, _TOP) for text in texts]
    shares = [np.mean([hit.kind is Kind.AUDIO for hit in hits]) for hits in pages if hits]
    return float(np.mean(shares))


def _home(library: Library, data: Path) -> Figures:
    home, find = data / "home", _find(library)
    searches, nouns = rows(data / "home-queries.csv"), rows(_HERE / "home_nouns.csv")
    nothing = [row["query"] for row in rows(data / "home-nothing.csv")]
    ranks = np.array(_answered(find, home, searches, "query"))
    named = np.array(_answered(find, home, nouns, "word"))
    seen = [row["query"] for row in searches if row["category"] in _VISUAL]
    likely = [bool(library.search(text, top=_TOP).likely.hits) for text in nothing]
    figures = {
        f"{_HOME}, searches: right file first": float(np.mean(ranks == 0)),
        f"{_HOME}, searches: among the first five": float(np.mean(ranks < 5)),
        f"{_HOME}, nouns: right file first": float(np.mean(named == 0)),
        _SOUNDS: _share_of_sounds(find, [*seen, *(row["word"] for row in nouns)]),
        f"{_HOME}, no answer: nothing likely": 1 - float(np.mean(likely)),
    }
    for category in dict.fromkeys(row["category"] for row in searches):
        of = np.array([row["category"] == category for row in searches])
        name = f"{_HOME}, {category} ({of.sum()}): first; among five"
        figures[name] = float(np.mean(ranks[of] == 0))
        figures[name + "#"] = float(np.mean(ranks[of] < 5))
    return figures


# --- the table --------------------------------------------------------------------------------


def _target(name: str, figure: float) -> Target | None:
    if name == _SOUNDS:
        return at_most(figure, _MOST_SOUNDS)
    return at_least(figure, _LIMITS[name]) if name in _LIMITS else None


def _rows(columns: Sequence[Figures]) -> Iterator[Row]:
    """Yield a row for each figure; the last column is the one that is held to a limit."""
    for name, figure in columns[-1].items():
        if not name.endswith("#"):
            yield name, *(_shown(of, name) for of in columns), _target(name, figure)


def _shown(figures: Figures, name: str) -> str:
    five = figures.get(name + "#")
    return f"{figures[name]:.3f}" + ("" if five is None else f"; {five:.2f}")


def _columns(data: Path, work: Path) -> Iterator[Figures]:
    """Yield the figures of compact, of classes alone, and of all."""
    need(data / "home", data / "home-queries.csv", data / "home-nothing.csv")
    for encoder in (registry.COMPACT, registry.MULTILINGUAL):
        folder = home_library(data, work, encoder)
        seen = list(_seen(data, encoder))
        for scenes, figures in zip((True, False), seen, strict=False):
            with _opened(folder, encoder, scenes) as library:
                yield {**figures, **_home(library, data)}


@command(__doc__)
@data_option
@click.option("--work", type=click.Path(path_type=Path), help="Folder that keeps the libraries.")
def main(data: Path, work: Path | None) -> None:
    if E5_SMALL.find() is None:
        stop(f"the weights of {registry.MULTILINGUAL}")
    with scratch() as folder:
        before, both, classes = _columns(data, work or folder)
    header = ("query", registry.COMPACT, "classes alone", registry.MULTILINGUAL)
    conclude("Everyday queries.", header, list(_rows((before, classes, both))))


if __name__ == "__main__":
    main()
