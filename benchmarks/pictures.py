"""Quality on pictures: search by their class names and by general words.

    python -m benchmarks.pictures --data DIR [--wordnet DIR]

All rows come from one run, through the facade that users call. The general words
and the classes that they are true of stand in general_words.csv; none of them is
the name of a class, but compact's head was fitted to them as to all general words.
So they are also asked of a head that is fitted here without them, for which WordNet
is needed; their synonyms ("domestic dog") are still in that fit.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
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
    pictures,
    rows,
)
from engine.config import Settings
from engine.encoders import registry
from engine.encoders.compact.encoder import CompactEncoder
from engine.encoders.compact.text import MiniLM
from engine.library.facade import Library
from engine.store import Store
from engine.training.pictures import fit, read_nouns
from engine.types.arrays import Vectors

_WORDS = Path(__file__).parent / "general_words.csv"
_WORDNET = Path("/usr/share/wordnet")
_CAP = 10

Precisions = dict[str, float]
"""Each general word with its precision at R, the number of right pictures, R <= 10."""


def _names(made: Indexed, labels: Sequence[str]) -> list[list[int]]:
    return [made.found(f"a picture showing a {label}", 5) for label in labels]


def _r_precision(made: Indexed, wnids: Sequence[str]) -> Precisions:
    precisions = {}
    for row in rows(_WORDS):
        right = {place for place, wnid in enumerate(wnids) if wnid in row["wnids"].split()}
        cut = min(_CAP, len(right))
        found = made.found(f"a picture of a {row['word']}", cut)
        precisions[row["word"]] = len(right & set(found)) / cut
    return precisions


def _refitted(wordnet: Path, unseen: Collection[str]) -> dict[str, Vectors]:
    """The head fitted without some words, rounded as the file of a head is."""
    head = fit(MiniLM(Settings.from_env()), read_nouns(wordnet), unseen)
    return {name: tensor.astype(np.float16).astype(np.float32) for name, tensor in head.items()}


def _library_with(head: dict[str, Vectors], folder: Path) -> Library:
    """An empty library whose pictures are put into words by ``head``."""
    settings = replace(Settings.from_env(), ocr=False)
    towers = registry.towers(registry.COMPACT, settings)
    assert isinstance(towers.encoder, CompactEncoder)
    vars(towers.encoder._pictures)["head"] = head  # what the cached property would load
    return Library(Store.create(folder, registry.COMPACT), settings, towers)


def _unseen(files: Sequence[Path], wnids: Sequence[str], wordnet: Path) -> Precisions | None:
    """The general words asked of a head that never saw them, where WordNet is there."""
    if not (wordnet / "data.noun").is_file():
        click.echo(f"no WordNet in {wordnet} (--wordnet): the head is not fitted again\n")
        return None
    head = _refitted(wordnet, [row["word"] for row in rows(_WORDS)])
    with indexed(files, lambda folder: _library_with(head, folder)) as made:
        return _r_precision(made, wnids)


def _rows(
    found: Sequence[Sequence[int]], seen: Precisions, unseen: Precisions | None
) -> Iterator[Row]:
    text = "a picture showing a {label}"
    first = float(np.mean([ranking[:1] == [i] for i, ranking in enumerate(found)]))
    five = float(np.mean([i in ranking for i, ranking in enumerate(found)]))
    yield text, "R@1", f"{first:.3f}", at_least(first, 0.95)
    yield text, "R@5", f"{five:.3f}", at_least(five, 0.97)
    for precisions, which in ((seen, ""), (unseen, ", head fitted without them")):
        if precisions is not None:
            mean = float(np.mean(list(precisions.values())))
            text = f"a picture of a {{word}}, {len(precisions)} general words{which}"
            yield text, f"mean R-precision, R <= {_CAP}", f"{mean:.3f}", at_least(mean, 0.85)


@command(__doc__)
@data_option
@click.option(
    "--wordnet",
    type=click.Path(path_type=Path),
    default=_WORDNET,
    show_default=True,
    help="Folder with WordNet 3.0's data.noun (Debian: wordnet-base).",
)
@click.option("--per-word", is_flag=True, help="Also print each general word.")
def main(data: Path, wordnet: Path, per_word: bool) -> None:
    files, labels = pictures(data)
    wnids = [row["wnid"] for row in labels]
    with indexed(files) as made:
        found = _names(made, [row["label"] for row in labels])
        seen = _r_precision(made, wnids)
    unseen = _unseen(files, wnids, wordnet)
    for precisions in filter(None, (seen, unseen) if per_word else ()):
        click.echo(", ".join(f"{word} {value:.2f}" for word, value in precisions.items()) + "\n")
    conclude(
        f"Quality, {len(labels)} pictures, text to picture.",
        ("query", "measure", "compact"),
        list(_rows(found, seen, unseen)),
    )


if __name__ == "__main__":
    main()
