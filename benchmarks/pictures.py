"""Quality on pictures: are they found by their own names, and by general words?

    python -m benchmarks.pictures --data DIR

Both rows come from one run on one library, through the facade that users call.
The general words and the classes that they are true of stand in
general_words.csv; none of the words is the name of a class.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import click
import numpy as np

from benchmarks.common import (
    anonymous_copies,
    build,
    data_option,
    need,
    reached,
    rows,
    scratch,
    table,
)
from engine.library import Library

_WORDS = Path(__file__).parent / "general_words.csv"
_CAP = 10


def _ranking(library: Library, places: Mapping[str, int], text: str, top: int) -> list[int]:
    """The places of the pictures that a text finds, best first."""
    return [places[hit.path] for hit in library.search(text, top=top).hits]


def _names(
    library: Library, places: Mapping[str, int], labels: Sequence[str]
) -> Iterator[list[int]]:
    for label in labels:
        yield _ranking(library, places, f"a picture showing a {label}", 5)


def _r_precision(
    library: Library, places: Mapping[str, int], wnids: Sequence[str]
) -> Iterator[tuple[str, float]]:
    """Each general word with its precision at R, the number of right pictures, R <= 10."""
    for row in rows(_WORDS):
        right = {place for place, wnid in enumerate(wnids) if wnid in row["wnids"].split()}
        cut = min(_CAP, len(right))
        found = _ranking(library, places, f"a picture of a {row['word']}", cut)
        yield row["word"], len(right & set(found)) / cut


@click.command(help=__doc__.partition("\n")[0] if __doc__ else None)
@data_option
@click.option("--per-word", is_flag=True, help="Also print each general word.")
def main(data: Path, per_word: bool) -> None:
    need(data / "images" / "labels.csv")
    labels = rows(data / "images" / "labels.csv")
    with scratch() as folder:
        files = [data / "images" / row["file"] for row in labels]
        places = anonymous_copies(files, folder / "media")
        with build(folder / "library", folder / "media") as library:
            found = list(_names(library, places, [row["label"] for row in labels]))
            words = dict(_r_precision(library, places, [row["wnid"] for row in labels]))
    first = float(np.mean([ranking[:1] == [i] for i, ranking in enumerate(found)]))
    five = float(np.mean([i in ranking for i, ranking in enumerate(found)]))
    precision = float(np.mean(list(words.values())))
    table(
        f"Quality, {len(labels)} pictures, text to picture.",
        ("query", "measure", "compact", "must reach", "reached"),
        [
            ("a picture showing a {label}", "R@1", f"{first:.3f}", 0.95, reached(first, 0.95)),
            ("a picture showing a {label}", "R@5", f"{five:.3f}", 0.97, reached(five, 0.97)),
            (
                f"a picture of a {{word}}, {len(words)} general words",
                "mean R-precision, R <= 10",
                f"{precision:.3f}",
                0.85,
                reached(precision, 0.85),
            ),
        ],
    )
    if per_word:
        click.echo("\n" + ", ".join(f"{word} {value:.2f}" for word, value in words.items()))


if __name__ == "__main__":
    main()
