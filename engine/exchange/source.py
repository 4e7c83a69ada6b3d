"""The files that an import reads, with what a data set says of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from engine.common.progress import Progress
from engine.common.text import printable
from engine.errors import BadImport
from engine.exchange import serialize
from engine.exchange.records import Piece
from engine.types import Asset, Space

_NORM_TOLERANCE = 1e-3
"""Greatest difference of a vector's length from 1."""


@dataclass(frozen=True, slots=True, eq=False)
class ImportedSample:
    """One file of a data set."""

    path: str
    """Absolute, symbolic links resolved."""
    where: str
    """The line, row or member that names it, for messages."""
    caption: str | None = None
    asset: Asset | None = None
    """The facts of a library that it is from; None where another tool made the data set."""
    pieces: tuple[Piece, ...] = ()
    """Moments with vectors, where there are any."""
    tags: tuple[str, ...] = ()
    """Tags that it was given in that library."""


@dataclass(frozen=True, slots=True)
class DatasetVectors:
    """The spaces of a data set's vectors, as the data set states them."""

    spaces: Mapping[str, Space] = field(default_factory=dict)
    """Spaces by name; empty where the data set states none."""
    main: str | None = None
    """The space that texts query."""
    dim: int | None = None
    """The dimension of vectors of no stated space; None where there are none."""


class Source(Protocol):
    """A data set that was opened, and can be read any number of times."""

    vectors: DatasetVectors

    def samples(self) -> Iterator[ImportedSample]:
        """Yield its files, one after another.

        Raises:
            BadImport: it is not what its format says.
        """


UNNAMED = ""
"""The space of vectors for which the data set states none."""
_REPORTED = 64
"""Samples that are reported together."""


def counted(samples: Iterable[ImportedSample], progress: Progress) -> Iterator[ImportedSample]:
    """Yield samples, and report them as they are passed on."""
    number = 0
    for number, sample in enumerate(samples, 1):
        yield sample
        if number % _REPORTED == 0:
            progress.advance(_REPORTED)
    progress.advance(number % _REPORTED)


def read_json(path: Path) -> Mapping[str, Any]:
    """Read a file of one JSON object.

    Raises:
        BadImport: it is none.
    """
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise BadImport(f"{path} cannot be read: {on_one_line(error)}") from error
    if not isinstance(document, dict):
        raise BadImport(f"{path} is no JSON object")
    return document


def read_sidecar(path: Path) -> Mapping[str, Any]:
    """Read the sidecar of an export.

    Raises:
        BadImport: it is none, or a later version wrote it, which may mean something else by it.
    """
    stated = read_json(path)
    version = stated.get("version", serialize.VERSION)
    if not isinstance(version, int) or version > serialize.VERSION:
        raise BadImport(
            f"{path} was written by a later version of Sensorium (version {version!r:.40}, this"
            f" one reads up to {serialize.VERSION}); upgrade Sensorium"
        )
    return stated


def on_one_line(error: Exception) -> str:
    """Return the message of an error without line breaks."""
    return " ".join(str(error).split())


def dataset_vectors(sidecar: Mapping[str, Any]) -> DatasetVectors:
    """Read the spaces of a sidecar.

    Raises:
        BadImport: it cannot be understood.
    """
    try:
        known = [
            Space(
                str(s["name"]), str(s["encoder"]), str(s["revision"]), int(s["dim"]),
                str(s["dtype"]),
            )
            for s in sidecar["spaces"]
        ]  # fmt: skip
        main = sidecar.get("main")
    except (KeyError, TypeError, ValueError) as error:
        raise BadImport(f"{serialize.SIDECAR} does not say what its vectors are of") from error
    return DatasetVectors({space.name: space for space in known}, main)


def check_vector(vector: NDArray[Any], dim: int, sample: ImportedSample) -> None:
    """Refuse a vector that no library takes.

    Raises:
        BadImport: it has another dim, is not finite, or not of unit length.
    """
    of = f"{sample.where}: the vector of {printable(sample.path)}"
    if vector.shape != (dim,):
        raise BadImport(f"{of} has {vector.size} dimensions, and the space {dim}")
    if not np.isfinite(vector).all():
        raise BadImport(f"{of} is not finite")
    length = float(np.linalg.norm(vector.astype(np.float64)))
    if abs(length - 1) > _NORM_TOLERANCE:
        raise BadImport(f"{of} is not of unit length, but {length:.3g}")


def inside(folder: Path, name: object, where: str) -> Path:
    """Return the path of a name below a folder.

    Raises:
        BadImport: the name is none, or leads out of the folder.
    """
    if not isinstance(name, str) or not name or "\0" in name:
        raise BadImport(f"{where} names no file")
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise BadImport(f"{where}: {printable(name)} lies outside of {folder}")
    return path
