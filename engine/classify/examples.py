"""Learning from a folder of labelled examples, which are embedded as a library does."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from engine.classify.learn import Lesson, Truth, learn
from engine.classify.pooling import CLASSIFIED
from engine.classify.scores import Scorer
from engine.common.file_state import os_reason
from engine.config import Settings
from engine.encoders.towers import Towers
from engine.errors import UsageError
from engine.index.vector_stream import AssetStream
from engine.store import Store
from engine.types import Modality
from engine.types.arrays import Vectors

Examples = Mapping[Modality, tuple[Vectors, Truth]]
"""Vectors (n, dim), and the label of each (n,), by modality."""


@dataclass(frozen=True, slots=True)
class Gain:
    """The gain of examples in one modality."""

    modality: Modality
    examples: int
    labels: int
    """Labels of which there are examples."""
    lesson: Lesson

    def line(self) -> str:
        """Describe the gain in one line."""
        count = f"{self.modality.value}: {self.examples} examples of {self.labels} labels"
        text, both = self.lesson.text, self.lesson.both
        if text is None or both is None:
            return f"{count}, {self.lesson.how}; too few to say what they bring"
        return (
            f"{count}, {self.lesson.how}; held out, accuracy {text.accuracy:.3f} by text alone"
            f" and {both.accuracy:.3f} with them, log loss {text.loss:.3f} and {both.loss:.3f}"
        )


def learn_from_folder(
    scorers: Mapping[Modality, Scorer],
    folder: Path,
    labels: Sequence[str],
    towers: Towers,
    settings: Settings,
) -> tuple[dict[Modality, Scorer], list[Gain], list[str]]:
    """Return scorers that learned from a folder with a folder of files for each label.

    Returns:
        The scorers, what each modality gained, and a line for each file that cannot be read.

    Raises:
        UsageError: there is no such folder, it has no examples, or a folder in it has the
            name of no label.
    """
    folders = _folders(folder, labels)
    examples, notes = embedded(folders, towers, settings)
    if not examples:
        raise UsageError(f"{folder}: nothing in its folders could be read as an example")
    made, gains = dict(scorers), []
    for modality, (vectors, truth) in examples.items():
        scorer = made.get(modality)
        if scorer is not None and len(set(truth.tolist())) > 1:
            lesson = learn(vectors, truth, scorer.odds(vectors))
            made[modality] = replace(scorer, learned=lesson.learned)
            gains.append(Gain(modality, len(truth), len(set(truth.tolist())), lesson))
    return made, gains, notes


def _folders(folder: Path, labels: Sequence[str]) -> dict[Path, int]:
    """Return the folders of examples, with the place of their label."""
    places = {label.casefold(): place for place, label in enumerate(labels)}
    try:
        found = sorted(path for path in folder.iterdir() if path.is_dir())
    except OSError as error:
        raise UsageError(f"cannot read examples in {folder}: {os_reason(error)}") from error
    if not found:
        raise UsageError(f"{folder} has no examples; make a folder in it for each label")
    for path in found:
        if path.name.casefold() not in places:
            raise UsageError(
                f"{path}: no label is called {path.name!r}; rename it, or add the label"
            )
    return {path.resolve(): places[path.name.casefold()] for path in found}


def embedded(
    folders: Mapping[Path, int], towers: Towers, settings: Settings
) -> tuple[Examples, list[str]]:
    """Embed the files in folders; returns a vector and a label for each asset.

    They go through a library that lives as long as this call, so they are cut and embedded
    as what they are to be compared with.
    """
    from indexers.pipeline import run

    # What is said or to be read in an example would be another modality's.
    plain = replace(towers, screen=None, speech=None)
    with (
        tempfile.TemporaryDirectory(prefix="sensorium-examples-") as place,
        Store.create(Path(place) / "library", towers.encoder.name) as store,
    ):
        report = run(store, plain, list(folders), settings)
        notes = [f"{failure.path}: {failure.reason}" for failure in report.failures]
        return _read(store, folders, plain), notes


def _read(store: Store, folders: Mapping[Path, int], towers: Towers) -> Examples:
    space = store.spaces().get(towers.shared.name)
    if space is None:
        return {}
    parts: dict[Modality, list[tuple[Vectors, Truth]]] = {}
    moments = AssetStream(store, space, CLASSIFIED)
    for part in moments.ranges():
        for rows in moments.read(part):
            known = store.assets_numbered(rows.assets.tolist())
            truth = [_label_of(known[i].path, folders) for i in rows.assets.tolist()]
            parts.setdefault(rows.modality, []).append((rows.pooled(), np.array(truth)))
    return {
        modality: (np.concatenate([v for v, _ in found]), np.concatenate([t for _, t in found]))
        for modality, found in parts.items()
    }


def _label_of(path: str, folders: Mapping[Path, int]) -> int:
    return next(folders[above] for above in Path(path).parents if above in folders)
