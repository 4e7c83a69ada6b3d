"""A concept: a name, and the examples that it was taught by. One file each, in the library.

A file appears whole or not at all, and holds the vectors of the examples: what is derived
from them and from the library is worked out when a query uses the name. So a concept
outlives a rebuild, and follows the library as it grows.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from secrets import token_hex
from typing import Any

import numpy as np

from engine.common.atomic_write import whole, written
from engine.errors import UsageError
from engine.types import PartKind, Space
from engine.types.arrays import Vectors

FOLDER = "concepts"
FEWEST, MOST = 3, 30
"""Examples of a concept, at least and at most."""
_FORMAT = 1
_SUFFIX = ".safetensors"


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """The examples of one sort, pictures or sounds, in the space where such things are alike."""

    kind: PartKind
    """``image`` or ``audio``."""
    space: Space
    sources: tuple[str, ...]
    """The path of each, as it was given."""
    vectors: Vectors
    """Unit vectors, (n, dim)."""
    found: float | None = None
    """The share of the examples that the others find, left out one at a time; None where the
    library has too little to compare with."""
    against: tuple[str, ...] = ()
    """The path of each example of what it is not."""
    against_vectors: Vectors | None = None
    """Unit vectors of those, (k, dim); None where there are none."""


@dataclass(frozen=True, slots=True, eq=False)
class Concept:
    """A name that a library was taught."""

    name: str
    examples: tuple[Examples, ...]
    """The examples by their sort: pictures, sounds, or both."""
    notes: tuple[str, ...] = ()
    """Remarks about the name or the examples, one line each."""
    file: Path | None = field(default=None, repr=False)

    @property
    def count(self) -> int:
        """The number of examples."""
        return sum(len(of.sources) for of in self.examples)

    @property
    def found(self) -> float | None:
        """The share of the examples that the others find, left out one at a time."""
        known = [(of.found, len(of.sources)) for of in self.examples if of.found is not None]
        return sum(share * n for share, n in known) / sum(n for _, n in known) if known else None

    def document(self) -> dict[str, Any]:
        """Return what is known of it, for JSON."""
        return {
            "name": self.name,
            "examples": [source for of in self.examples for source in of.sources],
            "against": [source for of in self.examples for source in of.against],
            "spaces": [of.space.name for of in self.examples],
            "found": self.found,
            "notes": list(self.notes),
        }


def key_of(name: str) -> str:
    """Return the form of a name in which names are compared."""
    return " ".join(name.casefold().split())


class ConceptFiles:
    """The concepts of a library's folder. Reading follows what other processes write."""

    def __init__(self, library: Path) -> None:
        self._folder = library / FOLDER
        self._read: dict[Path, tuple[tuple[int, int], Concept]] = {}

    def all(self) -> Mapping[str, Concept]:
        """Return the concepts by the form of their names that is compared.

        Raises:
            UsageError: a file is no concept.
        """
        try:
            # A search begins with this, and globbing takes longer.
            files = sorted(file for file in self._folder.iterdir() if file.suffix == _SUFFIX)
        except OSError:
            return {}
        concepts = [concept for file in files if (concept := self._of(file)) is not None]
        return {key_of(concept.name): concept for concept in concepts}

    def _of(self, file: Path) -> Concept | None:
        try:
            state = file.stat()
        except OSError:  # another process has just forgotten it
            return None
        version = state.st_mtime_ns, state.st_ino
        known = self._read.get(file)
        if known is None or known[0] != version:
            known = self._read[file] = version, read_concept(file)
        return known[1]

    def save(self, concept: Concept) -> Concept:
        """Write a concept, in the place of its file where it has one."""
        self._folder.mkdir(exist_ok=True)
        file = concept.file or self._folder / f"{token_hex(8)}{_SUFFIX}"
        with whole(file) as temporary:
            temporary.write_bytes(_bytes(concept))
        return replace(concept, file=file)

    def forget(self, concept: Concept) -> None:
        """Remove the file of a concept."""
        assert concept.file is not None
        concept.file.unlink(missing_ok=True)


def write_concept(concept: Concept, file: Path) -> None:
    """Write a concept to a file of the user's.

    Raises:
        UsageError: the file cannot be written.
    """
    with written(file) as temporary:
        temporary.write_bytes(_bytes(concept))


def _bytes(concept: Concept) -> bytes:
    from safetensors.numpy import save

    spaces = [
        {
            "kind": str(of.kind),
            "name": of.space.name,
            "encoder": of.space.encoder,
            "revision": of.space.revision,
            "sources": of.sources,
            "found": of.found,
            "against": of.against,
        }
        for of in concept.examples
    ]
    about = {
        "format": _FORMAT, "name": concept.name, "examples": spaces, "notes": concept.notes,
    }  # fmt: skip
    tensors = {
        f"examples.{place}": np.ascontiguousarray(of.vectors, np.float32)
        for place, of in enumerate(concept.examples)
    } | {
        f"against.{place}": np.ascontiguousarray(of.against_vectors, np.float32)
        for place, of in enumerate(concept.examples)
        if of.against_vectors is not None
    }
    return save(tensors, metadata={"concept": json.dumps(about)})


def read_concept(file: Path) -> Concept:
    """Read a concept.

    Raises:
        UsageError: the file cannot be read, or is no concept.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, framework="numpy") as stored:
            about = json.loads((stored.metadata() or {})["concept"])
            examples = tuple(
                _examples(
                    of,
                    stored.get_tensor(f"examples.{place}"),
                    stored.get_tensor(f"against.{place}") if of.get("against") else None,
                )
                for place, of in enumerate(about["examples"])
            )
        if about["format"] != _FORMAT:
            raise ValueError(about["format"])
        return Concept(str(about["name"]), examples, tuple(about["notes"]), file)
    except (OSError, SafetensorError, KeyError, ValueError, TypeError) as error:
        raise UsageError(f"{file} is not a concept that this version can read") from error


def _examples(about: Mapping[str, Any], vectors: Vectors, against: Vectors | None) -> Examples:
    sources = tuple(map(str, about["sources"]))
    not_it = tuple(map(str, about.get("against", ())))  # earlier versions knew none
    _check_belong(vectors, sources)
    if against is not None:
        _check_belong(against, not_it)
    space = Space(about["name"], about["encoder"], about["revision"], vectors.shape[1])
    kind = PartKind(about["kind"])
    return Examples(kind, space, sources, vectors, about["found"], not_it, against)


def _check_belong(vectors: Vectors, sources: tuple[str, ...]) -> None:
    if vectors.ndim != 2 or len(vectors) != len(sources) or not np.isfinite(vectors).all():
        raise ValueError("vectors that do not belong to the examples")
