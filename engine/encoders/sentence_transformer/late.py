"""Models of late interaction: many vectors a picture, and many a query (``late:NAME``).

NAME is a repository of a model hub or a folder: ColPali's family (Faysse et al. 2024), as
``MultiVectorEncoder`` of sentence-transformers loads it. A score is MaxSim (Khattab and Zaharia
2020): the sum, over the vectors of the query, of the best likeness among those of the picture.
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.common.choices import LATE_RERANKER
from engine.config import Settings
from engine.encoders.revisions import model_revision
from engine.encoders.runtime import choose
from engine.encoders.sentence_transformer.load import dtype_on_gpu, settings_files
from engine.encoders.sentence_transformer.reranker_model import RerankerModel
from engine.errors import EncoderUnavailable

PageVectors: TypeAlias = NDArray[np.void]
"""The vectors of a picture, (n,), each a ``scale`` (float16) and a ``code`` (int8, (dim,))."""

_REVISION = 1
_POOLED = 3
"""Vectors of a picture that are kept as one, clustered by likeness: at a third of them retrieval
keeps some 98 % of its quality (Clavie et al. 2024, "Reducing the Footprint of Multi-Vector
Retrieval"), and with int8 a picture of 1,024 vectors of 128 takes 44 kB for 512."""
_END = b"LATE"
PAGE_MARKS = b"\x93NUMPY", _END
"""The first and the last bytes of the vectors of a picture in a file."""


@dataclass(frozen=True, slots=True)
class _Loaded:
    model: Any
    pooling: Any
    revision: str


class LateInteraction(RerankerModel[_Loaded]):
    """Embeds pictures and queries into many vectors each. Making one loads nothing."""

    prefix = LATE_RERANKER
    example = f"{LATE_RERANKER}vidore/colqwen2-v1.0-hf"
    kind = "a model of ColPali's family that takes pictures"

    def _load(self, folder: Path) -> _Loaded:
        return _load(folder, self._settings)

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """Return the vectors of a query, (tokens, dim), L2-normalised."""
        with self._lock:
            (rows,) = self._loaded.model.encode_query(
                [text], normalize_embeddings=True, convert_to_numpy=True, show_progress_bar=False
            )
        return np.asarray(rows, np.float32)

    def embed_pages(self, images: Sequence[Image.Image]) -> list[PageVectors]:
        """Return the pooled vectors of each picture, as they are kept."""
        if not images:
            return []
        loaded = self._loaded
        with self._lock:
            found = loaded.model.encode_document(
                list(images), batch_size=len(images), normalize_embeddings=True,
                token_pooling=loaded.pooling, convert_to_numpy=True, show_progress_bar=False,
            )  # fmt: skip
        return [quantized(np.asarray(rows, np.float32)) for rows in found]


def quantized(rows: NDArray[np.float32]) -> PageVectors:
    """Return vectors (n, dim) in int8, each with a scale of its own."""
    largest = np.abs(rows).max(axis=1, keepdims=True)
    scale = np.where(largest > 0, largest / 127, 1).astype(np.float16)
    kept = np.zeros(len(rows), [("scale", np.float16), ("code", np.int8, (rows.shape[1],))])
    kept["scale"] = scale[:, 0]
    kept["code"] = np.rint(rows / scale.astype(np.float32)).clip(-127, 127)
    return kept


def maxsim(query: NDArray[np.float32], page: PageVectors) -> float:
    """Return the sum, over the vectors of a query (n, dim), of the best likeness in a picture."""
    if not len(page):
        return float("-inf")
    likeness = (query @ page["code"].astype(np.float32).T) * page["scale"].astype(np.float32)
    return float(likeness.max(axis=1).sum())


def page_bytes(page: PageVectors) -> bytes:
    """Return the vectors of a picture as a file holds them."""
    stream = io.BytesIO()
    np.save(stream, page, allow_pickle=False)
    return stream.getvalue() + _END


def read_page(content: bytes) -> PageVectors:
    """Return the vectors of a picture from a file's content; the inverse of ``page_bytes``."""
    found: PageVectors = np.load(io.BytesIO(content), allow_pickle=False)
    return found


def _load(folder: Path, settings: Settings) -> _Loaded:
    from engine.torchvision_ops import declare_missing_operators

    declare_missing_operators()
    import torch
    from sentence_transformers import MultiVectorEncoder
    from sentence_transformers.multi_vector_encoder.modules import HierarchicalTokenPooling

    if not (folder / "config.json").is_file() and not (folder / "modules.json").is_file():
        raise EncoderUnavailable("it has neither a config.json nor a modules.json")
    model = MultiVectorEncoder(
        str(folder), device="cpu", trust_remote_code=False, local_files_only=True,
        model_kwargs={"use_safetensors": True, "dtype": torch.float32},
    )  # fmt: skip
    if not model.supports("image"):
        raise EncoderUnavailable("it takes no pictures")
    decided = {"code": _REVISION, "pooled": _POOLED, "files": settings_files(folder)}
    revision = model_revision(model, {**decided, "prompts": json.dumps(model.prompts)})
    if choose.device(settings, "torch") == "cuda":
        model.to("cuda", dtype_on_gpu(model))
    return _Loaded(model, HierarchicalTokenPooling(_POOLED, num_protected_tokens=0), revision)
