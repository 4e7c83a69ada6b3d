"""The concepts of a library: ``library.concepts``. Wiring only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from engine.common.part_repr import part_repr
from engine.common.progress import NO_PROGRESS, Progress
from engine.common.user_path import expanded, path_list
from engine.config import Settings
from engine.encoders.towers import Towers
from engine.errors import InvalidQuery, UsageError
from engine.query.concepts.concept import (
    FEWEST,
    MOST,
    Concept,
    Examples,
    key_of,
    read_concept,
    write_concept,
)
from engine.query.concepts.direction import share_found
from engine.query.concepts.embed import embed_example
from engine.query.concepts.moments import ExampleVectors, example_vectors
from engine.query.concepts.names import checked_name, is_function_word
from engine.query.concepts.shelf import ConceptShelf, is_of, library_sample
from engine.query.search import Searcher
from engine.store import Store
from engine.types import Condition, PartKind, Space
from engine.types.arrays import Vectors


class Concepts:
    """Teaches names by examples, lists, renames and forgets them, and moves them about.

    Iterating gives the concepts by name; ``concepts["Rex"]`` is one of them.
    """

    def __init__(self, store: Store, settings: Settings, searcher: Searcher) -> None:
        self._store, self._settings, self._searcher = store, settings, searcher
        self._files = ConceptShelf(store.path).files

    def __repr__(self) -> str:
        return part_repr(self, self._store.path)

    def __iter__(self) -> Iterator[Concept]:
        return iter(sorted(self._files.all().values(), key=lambda c: key_of(c.name)))

    def __len__(self) -> int:
        return len(self._files.all())

    def __getitem__(self, name: str) -> Concept:
        """Return a concept by its name, in whatever case.

        Raises:
            UsageError: nothing was taught by that name.
        """
        known = self._files.all()
        if key_of(name) in known:
            return known[key_of(name)]
        names = ", ".join(concept.name for concept in self) or "none yet"
        raise UsageError(f"nothing was taught as {name!r}; taught are: {names}")

    def teach(
        self,
        name: str,
        examples: Sequence[str | Path] | str | Path,
        progress: Progress = NO_PROGRESS,
    ) -> Concept:
        """Teach a name by examples, or give a name that is known more of them.

        Errors are those of ``Library.teach``.
        """
        name = checked_name(name)
        sources = dict.fromkeys(str(expanded(path)) for path in path_list(examples))
        given = {source for of in self._known(name) for source in of.sources}
        new = [source for source in sources if source not in given]
        _check_count(len(given) + len(new))
        towers = self._searcher.towers_of(self._store.encoder)
        return self._save(name, self._embedded(new, towers, progress), {}, towers)

    def teach_moments(
        self, name: str, moments: Sequence[int], against: Sequence[int] = ()
    ) -> Concept:
        """Teach a name by moments of the library, whose stored vectors are taken.

        Errors are those of ``Library.teach_moments``.
        """
        name = checked_name(name)
        towers = self._searcher.towers_of(self._store.encoder)
        rows = example_vectors(self._store, self._searcher, moments, towers)
        opposed = example_vectors(self._store, self._searcher, against, towers)
        given = {source for of in self._known(name) for source in of.sources}
        _check_count(len(given.union(*rows.values()).difference(*opposed.values())))
        return self._save(name, rows, opposed, towers)

    def restore(self, concept: Concept) -> Concept:
        """Take back that a concept was forgotten.

        Raises:
            UsageError: another one has its name by now.
        """
        if key_of(concept.name) in self._files.all():
            raise UsageError(f"{concept.name!r} is taught already; forget it first")
        return self._files.save(replace(concept, file=None))

    def _known(self, name: str) -> tuple[Examples, ...]:
        known = self._files.all().get(key_of(name))
        return known.examples if known else ()

    def _save(
        self, name: str, rows: ExampleVectors, against: ExampleVectors, towers: Towers
    ) -> Concept:
        """Save a name with the examples that it had, and with these."""
        old, known = self._known(name), self._files.all().get(key_of(name))
        merged = [of for of in (_merged(kind, old, rows, against, towers) for kind in _KINDS) if of]
        measured = tuple(self._measured(of) for of in merged)
        file = known.file if known else None
        concept = Concept(name, measured, tuple(self._notes(name, towers)), file)
        return self._files.save(concept)

    def _embedded(
        self, sources: Sequence[str], towers: Towers, progress: Progress
    ) -> ExampleVectors:
        progress.start("looking at examples", len(sources), unit="examples")
        rows: ExampleVectors = {kind: {} for kind in _KINDS}
        for source in sources:
            try:
                kind, vector = embed_example(source, towers, self._settings)
            except InvalidQuery as error:
                raise UsageError(str(error)) from error
            rows[kind][source] = vector
            progress.advance(1)
        return rows

    def _measured(self, of: Examples) -> Examples:
        """Return the examples with the share of them that the others find in this library."""
        spaces = self._store.spaces()
        if not is_of(spaces, of):
            return replace(of, found=None)
        self._searcher.make_level([spaces[of.space.name]])
        with self._searcher.guard.reading():
            sample = library_sample(of.kind, self._searcher.indexes[of.space.name])
        return replace(of, found=share_found(of.vectors, sample))

    def _notes(self, name: str, towers: Towers) -> Iterator[str]:
        heard = {key_of(word) for word in towers.sound.vocabulary}
        tagged = len(self._store.passing(Condition("tags", "=", name), ()))
        if key_of(name) in heard or tagged or is_function_word(name):
            count = f", and the tag of {tagged} moments" if tagged else ""
            yield (
                f"{name!r} is an ordinary word too{count}: a query means what was taught, and"
                f' "{name}" in double quotes the word'
            )

    def rename(self, old: str, new: str) -> Concept:
        """Give a concept another name.

        Raises:
            UsageError: there is no such concept, or another one has that name.
        """
        concept, new = self[old], checked_name(new)
        taken = self._files.all().get(key_of(new))
        if taken is not None and taken.file != concept.file:
            raise UsageError(f"{taken.name!r} is taught already; forget it first")
        return self._files.save(replace(concept, name=new))

    def forget(self, name: str) -> Concept:
        """Forget a concept, and return what it was.

        Raises:
            UsageError: there is no such concept.
        """
        concept = self[name]
        self._files.forget(concept)
        return concept

    def export(self, name: str, out: str | Path) -> Path:
        """Write a concept to a file, which another library can import.

        Raises:
            UsageError: there is no such concept, or the file cannot be written.
        """
        file = expanded(out)
        write_concept(self[name], file)
        return file

    def import_(self, file: str | Path) -> Concept:
        """Take in a concept that ``export`` wrote, measured anew in this library.

        Raises:
            UsageError: it is no concept, its name is taken here, or it was taught with
                another encoder than this library has.
        """
        concept = read_concept(expanded(file))
        checked_name(concept.name)
        if key_of(concept.name) in self._files.all():
            raise UsageError(f"{concept.name!r} is taught already; forget or rename it first")
        towers = self._searcher.towers_of(self._store.encoder)
        spaces = {space.name: space for space in towers.spaces}
        if not all(is_of(spaces, of) for of in concept.examples):
            raise UsageError(
                f"{concept.name!r} was taught with another encoder than {self._store.encoder};"
                " teach it here with its examples"
            )
        measured = tuple(map(self._measured, concept.examples))
        return self._files.save(replace(concept, examples=measured, file=None))


_KINDS = (PartKind.IMAGE, PartKind.AUDIO)


def _check_count(count: int) -> None:
    if not FEWEST <= count <= MOST:
        raise UsageError(f"a name is taught by {FEWEST} to {MOST} examples, and these are {count}")


def _merged(
    kind: PartKind,
    old: Sequence[Examples],
    new: ExampleVectors,
    against: ExampleVectors,
    towers: Towers,
) -> Examples | None:
    """Return the examples of a kind, those that were taught before first."""
    space: Space = towers.looks if kind is PartKind.IMAGE else towers.sounds
    before = [of for of in old if of.kind is kind and of.space.geometry == space.geometry]
    rows = {s: row for of in before for s, row in zip(of.sources, of.vectors, strict=True)}
    rows = {**rows, **{s: row for s, row in new.get(kind, {}).items() if s not in rows}}
    rows = {s: row for s, row in rows.items() if s not in against.get(kind, {})}
    if not rows:
        return None
    opposed = {
        s: row
        for of in before
        if of.against_vectors is not None
        for s, row in zip(of.against, of.against_vectors, strict=True)
    } | against.get(kind, {})
    opposed = {source: row for source, row in opposed.items() if source not in new.get(kind, {})}
    examples = Examples(kind, space, tuple(rows), _stacked(rows))
    if not opposed:
        return examples
    return replace(examples, against=tuple(opposed), against_vectors=_stacked(opposed))


def _stacked(rows: Mapping[str, Vectors]) -> Vectors:
    return np.stack([*rows.values()]).astype(np.float32)
