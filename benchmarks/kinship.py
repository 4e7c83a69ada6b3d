"""Nearest kin: is a cheetah shown where a giraffe is asked for, and what does telling them cost?

    python -m benchmarks.kinship --data DIR [--work DIR]

300 photographs of 300 things (images/), under neutral names, are searched for the names of all
1,000 classes and of what is above them, where a picture shows what is of that class or below it.
What the search calls likely is held against what the picture is recognised as. The constants were
chosen on one half of the nouns, by their hash; the figures are of the other half. The same for
nouns of captions, asked of the photographs of photos/dev that people described: a picture shows
what a caption names, or names a kind of.
"""

from __future__ import annotations

import re
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from zlib import crc32

import click

from benchmarks.ask import photos_library
from benchmarks.common import (
    Row,
    at_least,
    at_most,
    command,
    conclude,
    data_option,
    machine,
    need,
    new_library,
    rows,
    scratch,
)
from engine.assistant.evidence import passages_of
from engine.assistant.kinship import rather_shown
from engine.encoders import registry
from engine.encoders.compact.things import ThingNames, thing_names
from engine.library.facade import Library
from engine.query.language import build_query, quoted

_TOP = 30
_EVERY = 3
"""Of the nouns of the other half, each third is asked."""
_MOST_ABOVE = 12
"""Meanings above a class, from the narrowest, whose nouns are asked."""
Shows = Callable[[str, str], bool]


def neutral_library(data: Path, work: Path) -> tuple[Path, dict[str, str]]:
    """Return the library of the photographs, made where there is none, and their classes."""
    listed = rows(data / "images" / "labels.csv")
    media, folder = work / "neutral", work / "neutral.library"
    names = {f"IMG_{crc32(row['file'].encode()):08x}.jpg": row for row in listed}
    if not folder.exists():
        media.mkdir(exist_ok=True)
        for name, row in names.items():
            shutil.copy(data / "images" / row["file"], media / name)
        with new_library(folder, registry.MULTILINGUAL) as library:
            library.index([media])
    return folder, {name: row["wnid"][1:] for name, row in names.items()}


def _asked(nouns: Iterator[str]) -> list[str]:
    """Return some of the nouns of the half that chose nothing."""
    return [noun for noun in sorted({*nouns}) if crc32(noun.encode()) % 2][::_EVERY]


def _class_nouns(names: ThingNames, classes: Mapping[str, str]) -> Iterator[str]:
    yield from names.class_words()
    for number in classes.values():
        above = sorted(names.above(number), key=lambda each: -len(names.above(each)))
        for each in above[:_MOST_ABOVE]:
            yield from names.words(each)[:1]


def _measure(
    library: Library, nouns: list[str], shows: Shows, known: set[str]
) -> dict[tuple[bool, bool], int]:
    """Count likely known pictures by whether they show a noun, and whether they are left out."""
    counts: dict[tuple[bool, bool], int] = defaultdict(int)
    for noun in nouns:
        hits = library.run(build_query(quoted(noun), local=False, top=_TOP)).hits
        passages = passages_of(library.store, [hit for hit in hits if hit.likely], noun)
        rather = rather_shown(noun, passages, library.store)
        for passage in (each for each in passages if each.name in known):
            counts[shows(noun, passage.name), passage.key in rather] += 1
    return counts


def _rows(of: str, counts: Mapping[tuple[bool, bool], int], least: float, most: float) -> list[Row]:
    wrong, right = (counts[shown, False] + counts[shown, True] for shown in (False, True))
    return [
        (f"{of}: likely pictures of something else, left out",
         f"{counts[False, True]} of {wrong}", at_least(counts[False, True] / wrong, least)),
        (f"{of}: likely pictures of it, left out",
         f"{counts[True, True]} of {right}", at_most(counts[True, True] / right, most)),
    ]  # fmt: skip


def _described(data: Path, names: ThingNames) -> tuple[set[str], Shows, set[str]]:
    """Return the nouns of captions, whether a picture shows one, and the pictures."""
    said: dict[str, set[str]] = defaultdict(set)
    for row in rows(data / "photos" / "dev.csv"):
        if row["language"] == "en":
            said[row["file"]] |= {*re.findall("[a-z]+", row["sentence"].lower())}
    meant = {
        file: frozenset().union(*(names.meanings(word) for word in words))
        for file, words in said.items()
    }

    def shows(noun: str, file: str) -> bool:
        asked = names.meanings(noun)
        return noun in said[file] or any(asked & names.above(each) for each in meant[file])

    nouns = {word for words in said.values() for word in words if names.meanings(word)}
    return nouns | {*names.class_words()}, shows, {*said}


@command(__doc__)
@data_option
@click.option("--work", type=click.Path(path_type=Path), help="Folder that keeps the libraries.")
def main(data: Path, work: Path | None) -> None:
    need(data / "images")
    need(data / "photos" / "dev")
    names = thing_names()
    with scratch() as folder:
        place, classes = neutral_library(data, work or folder)

        def of_class(noun: str, file: str) -> bool:
            return bool(names.meanings(noun) & names.above(classes[file]))

        with Library.open(place) as library:
            asked = _asked(_class_nouns(names, classes))
            table = _rows("things", _measure(library, asked, of_class, {*classes}), 0.5, 0.02)
        nouns, shows, files = _described(data, names)
        with Library.open(photos_library(data, work or folder)) as library:
            spoken_of = _asked(iter(nouns))
            counts = _measure(library, spoken_of, shows, files)
            table += _rows("photographs", counts, 0.15, 0.05)
    conclude(
        f"{len(asked)} nouns of 300 pictures, {len(spoken_of)} of 600 photographs ({machine()})",
        ["", "figure"], table,
    )  # fmt: skip


if __name__ == "__main__":
    main()
