"""What an import reads: files that are on disk, with what a data set says of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from engine.errors import BadImport
from engine.exchange import serialize
from engine.exchange.records import Piece
from engine.store.paths import printable
from engine.types import Asset, Space

_NORM_TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class ImportedSample:
    """One file of a data set."""

    path: str
    """Absolute, symbolic links resolved."""
    where: str
    """The line, row or member that names it, for messages."""
    caption: str | None = None
    asset: Asset | None = None
    """What a library knew of it; None where some other tool made the data set."""
    pieces: tuple[Piece, ...] = ()
    """Moments with vectors, where there are any."""
    tags: tuple[str, ...] = ()
    """That it was given in that library."""


@dataclass(frozen=True, slots=True)
class Vectors:
    """What the vectors of a data set are of."""

    spaces: Mapping[str, Space] = field(default_factory=dict)
    """As the data set itself says; empty where it does not."""
    main: str | None = None
    dim: int | None = None
    """Of vectors of which nothing is said; None where there are none."""


class Source(Protocol):
    """A data set that has been looked at, and can be read as often as one likes."""

    vectors: Vectors

    def samples(self) -> Iterator[ImportedSample]:
        """Its files, one after another.

        Raises:
            BadImport: it is not what its format says.
        """


UNNAMED = ""
"""The space of vectors of which the data set does not say what they are."""


def vectors_of(said: Mapping[str, Any]) -> Vectors:
    """What a sidecar says.

    Raises:
        BadImport: it cannot be understood.
    """
    try:
        known = [
            Space(
                str(s["name"]), str(s["encoder"]), str(s["revision"]), int(s["dim"]),
                str(s["dtype"]),
            )
            for s in said["spaces"]
        ]  # fmt: skip
        main = said.get("main")
    except (KeyError, TypeError, ValueError) as error:
        raise BadImport(f"{serialize.SIDECAR} does not say what its vectors are of") from error
    return Vectors({space.name: space for space in known}, main)


def checked(vector: NDArray[Any], dim: int, sample: ImportedSample) -> None:
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
    """The file of that name below a folder.

    Raises:
        BadImport: the name is none, or leads out of the folder.
    """
    if not isinstance(name, str) or not name or "\0" in name:
        raise BadImport(f"{where} names no file")
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise BadImport(f"{where}: {printable(name)} lies outside of {folder}")
    return path
