"""Names, titles and words of a person's folder, typed exactly and with one slip.

    python -m benchmarks.names --data DIR [--library FOLDER]

The folder is that of home/, 435 files, and what is asked is in names.csv: eighty names of files,
titles, artists, captions, sidecars, subtitles, spoken words and words on screen. Spoken words and
words on screen were chosen among what a library had heard and read, so that they say how such
words are found, and not how well they are heard or read. Every file that has the words is right.
A slip is one letter left out, doubled, changed or swapped, drawn with a fixed seed.

Names were mended after 60 of 80 were found with a slip, and the limit of changed words is what
was measured first: neither has been judged by other words yet.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from pathlib import Path

import click

from benchmarks.common import Row, at_least, at_most, command, conclude, data_option, need, scratch
from engine.library.facade import Library

_EXACT, _SLIPPED, _FOREIGN = 76, 60, 4
_NAMES = Path(__file__).parent / "names.csv"
_TRANSLATED = Path(__file__).parent / "translated_words.csv"
_LATIN = ("es", "de", "fr", "pt")
_SEED = 20261128
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def _asked() -> list[dict[str, str]]:
    with _NAMES.open(newline="") as stream:
        return list(csv.DictReader(stream))


def _slip(text: str, drawn: random.Random) -> str:
    """Make one slip in the longest word of letters of a text, or in its digits."""
    at = max(_words(text), key=lambda span: (text[span[0]].isalpha(), span[1] - span[0]))
    place = drawn.randrange(at[0] + 1, at[1]) if at[1] - at[0] > 1 else at[0]
    other = drawn.choice(_LETTERS)
    kind = drawn.randrange(4)
    if kind == 3 and place + 1 < at[1] and text[place] != text[place + 1]:
        return text[:place] + text[place + 1] + text[place] + text[place + 2 :]
    return text[:place] + ("", text[place] * 2, other, "")[kind] + text[place + 1 :]


def _words(text: str) -> Iterator[tuple[int, int]]:
    begin = 0
    for at in range(len(text) + 1):
        if at == len(text) or not text[at].isalnum():
            if at > begin:
                yield begin, at
            begin = at + 1


def _first(library: Library, home: Path, query: str, right: str) -> bool:
    found = library.search(query, top=1, group="asset")
    wanted = {str((home / path).resolve()) for path in right.split("|")}
    return bool(found) and found[0].path in wanted


def _changed(library: Library) -> int:
    """Count the words of other languages for which something else is looked for."""
    with _TRANSLATED.open(newline="") as stream:
        words = [(row[name], row["word"]) for row in csv.DictReader(stream) for name in _LATIN]
    changed = 0
    for word, meaning in words:
        notes = library.search(word, top=1).notes
        changed += any("is taken as" in note and repr(meaning) not in note for note in notes)
    return changed


def _table(library: Library, home: Path) -> Iterator[Row]:
    drawn = random.Random(_SEED)
    exact: dict[str, list[bool]] = {}
    slipped: list[bool] = []
    for row in _asked():
        hit = _first(library, home, row["query"], row["right"])
        exact.setdefault(row["kind"], []).append(hit)
        slip = _slip(row["query"], drawn)
        slipped.append(_first(library, home, slip, row["right"]))
        if not (hit and slipped[-1]):
            click.echo(f"missed: {row['query']!r} {hit}, {slip!r} {slipped[-1]}", err=True)
    for kind, hits in exact.items():
        yield f"{kind}, typed exactly", f"{sum(hits)} of {len(hits)}", None
    every = [hit for hits in exact.values() for hit in hits]
    yield "all, typed exactly: first", f"{sum(every)} of {len(every)}", at_least(sum(every), _EXACT)
    yield (
        "all, with one slip: first", f"{sum(slipped)} of {len(slipped)}",
        at_least(sum(slipped), _SLIPPED),
    )  # fmt: skip
    changed = _changed(library)
    yield (
        "words of four other languages that are changed", f"{changed} of 80",
        at_most(changed, _FOREIGN),
    )  # fmt: skip


@command(__doc__)
@data_option
@click.option("--library", "made", type=Path, help="A library of the folder that is there.")
def main(data: Path, made: Path | None) -> None:
    home = data / "home"
    need(home)
    with scratch() as folder, Library.open(made or folder / "library", create=not made) as library:
        library.index([home])
        rows = list(_table(library, home))
    conclude("Names and words of a person's folder.", ("what is asked", "found"), rows)


if __name__ == "__main__":
    main()
