"""The image bridge: EfficientNet-Lite2's 1,000 classes, put into words.

A picture's vector in the shared space is the probability-weighted sum of its
classes' vectors (ConSE, Norouzi et al. 2014). The class vectors are fitted to
text (``engine.training.pictures``), so that both a class's own name and the general
words above it find the picture. The tower's pooled features are the space
``looks``, which tells two dogs of one breed apart where words cannot.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from engine.common.artifact_cache import Damaged, load_cached
from engine.common.package_weights import sha256
from engine.common.vectors import l2_normalize
from engine.config import Settings
from engine.encoders.protocols import Pixels
from engine.encoders.revisions import revision_of
from engine.encoders.runtime.backend import Done, Pending, Then
from engine.encoders.runtime.onnx_session import Outputs, PinnedTower
from engine.encoders.weight_files import EFFICIENTNET
from engine.types import Tag
from engine.types.arrays import Vectors

SIDE = 260
LOOKS_DIM = 1280
CLASSES = 1000
MIDDLE_DIM = 1120
_DIMS = (LOOKS_DIM, CLASSES, MIDDLE_DIM)
_CROP = 0.89
"""Share of the shorter side that is kept; the tower was trained on such crops."""
_REVISION = 1
"""Revision of the exporting code, as far as vectors depend on it."""
_GRAPH = 3
"""Revision of the layout of the exported graph, which no vector depends on."""
_CODE = 1
"""Revision of all other code between a picture and its features and probabilities."""
_MIDDLE = 1
"""Revision of the code between a picture and what is in the middle of the tower."""
_WORDS = 1
"""Revision of the code between probabilities and the vector in the shared space."""
_ROWS = 4
"""Pictures that one thread computes at a time: the layers of more of them leave its caches."""
_TAG_FLOOR = 0.1
_MAX_TAGS = 5
HEAD = Path(__file__).parent / "heads" / "pictures.safetensors"


class Seen(NamedTuple):
    """The tower's outputs for n pictures."""

    features: Vectors
    """Unit pooled features, (n, 1280)."""
    probabilities: Vectors
    """Probabilities of the classes, (n, 1000)."""
    middle: Vectors
    """Means and maxima of the channels of earlier stages, (n, 1120)."""


class CompactPictures:
    """Pictures to features, class probabilities and words. Built at first use."""

    resized_side = round(SIDE / _CROP)

    def __init__(self, settings: Settings, head: Path | None = None) -> None:
        """``head`` is the file of another head whose class vectors put pictures into words."""
        self._settings = settings
        self._file = head or HEAD
        self._tower = PinnedTower(
            settings, "compact/efficientnet", EFFICIENTNET, _GRAPH, _export, by_rows=_ROWS
        )

    @property
    def looks_revision(self) -> str:
        """Changes whenever the same picture would get other features or probabilities."""
        return revision_of(
            weights=EFFICIENTNET.sha256, export=_REVISION, code=_CODE, side=SIDE, crop=_CROP
        )

    @property
    def middle_revision(self) -> str:
        """Changes whenever the same picture would get other numbers in the middle."""
        return revision_of(looks=self.looks_revision, middle=_MIDDLE)

    @cached_property
    def revision(self) -> str:
        """Changes whenever the same picture would get another vector of the shared space."""
        return revision_of(looks=self.looks_revision, head=sha256(self._file), words=_WORDS)

    def check(self) -> None:
        """Raise ``EncoderUnavailable`` unless the tower can be had."""
        self._tower.check()

    @cached_property
    def names(self) -> list[str]:
        """The 1,000 class names in the order of the probabilities."""
        key = f"compact/imagenet-names-r{_REVISION}.json"
        return load_cached(self._settings, key, _export_names, _read_names)

    @cached_property
    def head(self) -> Mapping[str, Vectors]:
        """The fitted head, float32: ``class_vectors`` (1000, dim), ``unknown`` (dim,), and more."""
        from safetensors.numpy import load_file

        return {name: tensor.astype(np.float32) for name, tensor in load_file(self._file).items()}

    def prepare(self, image: Image.Image) -> Pixels:
        """Resize the shorter side to 292 pixels and crop the centre: (260, 260, 3) uint8."""
        width, height = image.size
        scale = self.resized_side / min(width, height)
        # Resizing only what the crop keeps costs less than resizing all of it.
        kept = SIDE / scale
        left, top = (width - kept) / 2, (height - kept) / 2
        crop = image.resize(
            (SIDE, SIDE), Image.Resampling.BICUBIC, box=(left, top, left + kept, top + kept)
        )
        return np.asarray(crop, dtype=np.uint8)

    def see(self, pixels: Sequence[Pixels]) -> Seen:
        """Return what the tower says of n pictures."""
        return self.submit(pixels).result()

    def submit(self, pixels: Sequence[Pixels]) -> Pending[Seen]:
        """``see``, to be collected later."""
        if not pixels:
            return Done(Seen(*(np.zeros((0, dim), np.float32) for dim in _DIMS)))
        return Then(self._tower.submit(pixels=np.stack(pixels)), _seen)

    def words(self, probabilities: Vectors) -> Vectors:
        """Class probabilities (n, 1000) as unit vectors of the shared space, (n, 384).

        The less a picture is of any class in particular, the shorter is its sum
        of class vectors, and the more of it is ``unknown``, which no text is near.
        """
        mixed = probabilities @ self.head["class_vectors"] + self.head["unknown"]
        return l2_normalize(mixed)

    def tags(self, probabilities: Vectors) -> tuple[tuple[Tag, ...], ...]:
        """Return the probable classes of each picture by name, most probable first."""
        top = np.argsort(-probabilities, axis=1)[:, :_MAX_TAGS]
        return tuple(
            tuple(Tag(self.names[c], round(float(row[c]), 3)) for c in best if row[c] >= _TAG_FLOOR)
            for row, best in zip(probabilities, top, strict=True)
        )


def _seen(outputs: Outputs) -> Seen:
    return Seen(*outputs)


def _export(weights: Path, out: Path) -> None:
    from engine.encoders.compact.export_pictures import export

    export(weights, out)


def _export_names(out: Path) -> None:
    from engine.encoders.compact.export_pictures import export_names

    export_names(out)


def _read_names(path: Path) -> list[str]:
    """Read the class names that ``_export_names`` wrote."""
    try:
        names = json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError) as error:
        raise Damaged(str(error)) from error
    if not (isinstance(names, list) and len(names) == CLASSES):
        raise Damaged(f"it does not hold {CLASSES:,} names")
    return names
