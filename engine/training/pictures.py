"""Fit the class vectors of the image bridge to text. No picture is involved.

    python -m engine.training.pictures --wordnet /usr/share/wordnet

A class's bare name finds it by that name and not by the general words above it
("a bird"); a vector mixed from the words above finds general words and blurs
the names. So the vectors are fitted: ridge regression over phrases for every
class and for every WordNet 3.0 ancestor of a class asks for a high score where
the phrase is true of the class and none elsewhere. The fit is then mixed with
the text vectors of the name and of the ancestors, which keeps the words that
the phrases did not hold near their own meaning.

Last, the mean class vector is taken off all of them, and a constant vector in a
direction that no text has is added to every picture. Without these, a picture
that is a little of everything, such as a lawn, becomes the mean class, is near to
every general word, and stands before the pictures that a word is true of.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import click
import numpy as np

from engine.config import Settings
from engine.encoders.compact.pictures import HEAD
from engine.encoders.compact.text import MiniLM
from engine.types.arrays import Vectors

_TEMPLATES = ("{}", "a photo of a {}", "a {} in a picture")
_RIDGE = 10.0
"""Strength of the ridge penalty."""
_GENERAL = 0.4
"""Target of a general word, where a class's own name has 1."""
_NAME, _ABOVE = 0.4, 0.2
"""Weights of the text vectors of the name and of the ancestors that are mixed in."""
_DECAY = 0.7
"""Weight of an ancestor per step of distance."""
_UNKNOWN = 0.06
"""Length of the constant vector, where a picture of one certain class has about 0.7."""


class TextTower(Protocol):
    """Embeds texts."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Embed n texts: (n, dim) float32, L2-normalised."""
        ...


@dataclass(frozen=True, slots=True)
class Synset:
    """One noun meaning: its words and the offsets of the meanings right above it."""

    words: tuple[str, ...]
    above: tuple[str, ...]


def read_nouns(folder: Path) -> dict[str, Synset]:
    """Read WordNet's ``data.noun`` by offset (8 digits), as documented in wndb(5)."""
    nouns = {}
    for line in (folder / "data.noun").read_text(encoding="utf-8").splitlines():
        if line.startswith("  "):  # the licence
            continue
        fields = line.partition(" | ")[0].split()
        count = int(fields[3], 16)
        words = tuple(w.replace("_", " ") for w in fields[4 : 4 + 2 * count : 2])
        pointers = fields[5 + 2 * count :]
        above = tuple(
            pointers[i + 1] for i in range(0, len(pointers) - 3, 4) if pointers[i] in ("@", "@i")
        )
        nouns[fields[0]] = Synset(words, above)
    return nouns


def ancestors(nouns: Mapping[str, Synset], offset: str) -> dict[str, int]:
    """Return every meaning above ``offset`` with its distance in steps."""
    found: dict[str, int] = {}
    edge, steps = [offset], 0
    while edge:
        steps += 1
        edge = [a for o in edge for a in nouns[o].above if a not in found]
        found.update(dict.fromkeys(edge, steps))
    return found


def _classes() -> tuple[list[str], list[list[str]]]:
    """WordNet offsets of the 1,000 classes and the names of each."""
    from engine.torchvision_ops import declare_missing_operators

    declare_missing_operators()
    from timm.data.imagenet_info import ImageNetInfo

    info = ImageNetInfo()
    names = [info.index_to_description(i).split(",") for i in range(1000)]
    wnids: list[str] = info.label_names()  # type: ignore[no-untyped-call]
    return [n[1:] for n in wnids], [[w.strip() for w in row] for row in names]


def class_offsets() -> list[str]:
    """Return the WordNet offset of each of the 1,000 classes."""
    return _classes()[0]


def _phrases(
    names: list[list[str]], trees: list[dict[str, int]], nouns: Mapping[str, Synset]
) -> Iterator[tuple[str, Vectors]]:
    """Yield words with their target score for each class, (1000,) float32."""
    for row, words in enumerate(names):
        target = np.zeros(len(names), np.float32)
        target[row] = 1.0
        yield from ((word, target) for word in words[:3])
    share = Counter(offset for tree in trees for offset in tree)
    for offset, count in sorted(share.items()):
        if count > len(names) / 2:  # "entity", "object": true of nearly everything
            continue
        target = np.array([_GENERAL * (offset in tree) for tree in trees], np.float32)
        yield from ((word, target) for word in nouns[offset].words[:2])


def _solve(inputs: Vectors, targets: Vectors, ridge: float) -> Vectors:
    """Solve a ridge regression for the class vectors C (classes, dim).

    They minimise |inputs Cᵀ - targets|² + ``ridge`` |C|².
    """
    gram = inputs.T @ inputs + ridge * np.eye(inputs.shape[1], dtype=np.float32)
    solved: Vectors = np.linalg.solve(gram, inputs.T @ targets).T
    return solved


def _unit(rows: Vectors) -> Vectors:
    scaled: Vectors = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return scaled


def fit(
    tower: TextTower,
    nouns: Mapping[str, Synset],
    unseen: Collection[str] = (),
    ridge: float = _RIDGE,
) -> dict[str, Vectors]:
    """Fit the tensors of the head: ``class_vectors`` (1000, 384) and ``unknown`` (384,).

    Args:
        unseen: words to leave out of the phrases and of the ancestors that are mixed in,
            with none in their place. It shows how a head does on words that it was not
            fitted to; the synonyms of these words stay.
        ridge: strength of the ridge penalty.
    """
    offsets, names = _classes()
    trees = [ancestors(nouns, offset) for offset in offsets]
    seen = [phrase for phrase in _phrases(names, trees, nouns) if phrase[0] not in unseen]
    words, targets = zip(*seen, strict=True)
    phrases = [template.format(word) for template in _TEMPLATES for word in words]
    embedded = tower.embed(phrases)
    fitted = _unit(_solve(embedded, np.tile(np.stack(targets), (len(_TEMPLATES), 1)), ridge))

    first = {offset: nouns[offset].words[0] for tree in trees for offset in tree}
    general = sorted(offset for offset, word in first.items() if word not in unseen)
    rows = dict(zip(general, tower.embed([first[o] for o in general]), strict=True))
    above = np.stack(
        [np.sum([_DECAY**n * rows[o] for o, n in t.items() if o in rows], axis=0) for t in trees]
    )
    own = tower.embed([row[0] for row in names])
    mixed = _unit(fitted + _NAME * own + _ABOVE * _unit(above))
    return {"class_vectors": mixed - mixed.mean(axis=0), "unknown": _UNKNOWN * _unused(embedded)}


def _unused(texts: Vectors) -> Vectors:
    """Return the unit direction (dim,) that texts (n, dim) use least."""
    _, _, directions = np.linalg.svd(texts, full_matrices=False)
    last: Vectors = directions[-1]
    return last


@click.command(help=__doc__.partition("\n")[0] if __doc__ else None)
@click.option(
    "--wordnet",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    required=True,
    help="Folder with WordNet 3.0's data.noun (Debian: wordnet-base).",
)
@click.option("--out", type=click.Path(path_type=Path), default=HEAD, show_default=True)
def main(wordnet: Path, out: Path) -> None:
    from safetensors.numpy import save_file

    head = fit(MiniLM(Settings.from_env()), read_nouns(wordnet))
    save_file({name: tensor.astype(np.float16) for name, tensor in head.items()}, out)
    click.echo(f"{out}: {len(head['class_vectors'])} classes, {out.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
