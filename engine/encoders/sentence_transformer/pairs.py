"""Models that see a query and a document together and say how well they match: ``vl:NAME``.

NAME is a repository of a model hub or a folder: a cross-encoder of sentence-transformers that
takes pictures (Qwen3-VL-Reranker, jina-reranker-m0), or a BLIP with its head of image-text
matching (Li et al. 2022).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.common.choices import SEEING_RERANKER
from engine.config import Settings
from engine.encoders.revisions import model_revision
from engine.encoders.runtime import choose
from engine.encoders.sentence_transformer.load import dtype_on_gpu
from engine.encoders.sentence_transformer.reranker_model import RerankerModel
from engine.errors import EncoderUnavailable

SeenDocument: TypeAlias = "str | Image.Image"
_REVISION = 1
_BLIP = "BlipForImageTextRetrieval"
_BATCH = 8


@dataclass(frozen=True, slots=True)
class LoadedPairs:
    """A model of pairs, and what was learned by asking it."""

    model: Any
    processor: Any
    """The processor of a BLIP; None of a cross-encoder, which has its own."""
    reads: bool
    """True where documents may be texts."""
    sees: bool
    revision: str


class SeeingPairs(RerankerModel[LoadedPairs]):
    """Scores documents, texts and pictures, for a query. Making one loads nothing."""

    prefix = SEEING_RERANKER
    example = f"{SEEING_RERANKER}Qwen/Qwen3-VL-Reranker-2B"
    kind = "a cross-encoder that takes pictures, or a BLIP with its matching head"

    def _load(self, folder: Path) -> LoadedPairs:
        return _load(folder, self._settings)

    @property
    def reads(self) -> bool:
        """Tell whether documents may be texts; a BLIP matches pictures alone."""
        return self._loaded.reads

    def logits(self, query: str, documents: Sequence[SeenDocument]) -> NDArray[np.float64]:
        """Return the log odds that each document matches, (n,), as the model means them.

        Raises:
            EncoderUnavailable: as ``load``.
        """
        found = np.zeros(len(documents), np.float64)
        # Inputs of different modalities are no batch.
        for kind in (str, Image.Image):
            rows = [row for row, document in enumerate(documents) if isinstance(document, kind)]
            for first in range(0, len(rows), _BATCH):
                part = rows[first : first + _BATCH]
                with self._lock:
                    found[part] = self._scores(query, [documents[row] for row in part])
        return found

    def _scores(self, query: str, documents: Sequence[SeenDocument]) -> NDArray[np.float64]:
        import torch

        loaded = self._loaded
        if loaded.processor is None:
            rows = loaded.model.predict(
                [(query, document) for document in documents],
                activation_fn=torch.nn.Identity(),
                batch_size=_BATCH,
                show_progress_bar=False,
            )
            return _log_odds(np.asarray(rows, np.float64))
        inputs = loaded.processor(
            images=list(documents), text=[query] * len(documents),
            return_tensors="pt", padding=True, truncation=True,
        )  # fmt: skip
        with torch.inference_mode():
            scores = loaded.model(**inputs.to(loaded.model.device)).itm_score
        return _log_odds(scores.float().cpu().numpy().astype(np.float64))


def _log_odds(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return one number a pair: of two classes, how far the second, a match, stands out."""
    if scores.ndim == 1:
        return scores
    return scores[:, -1] - scores[:, 0] if scores.shape[1] > 1 else scores[:, 0]


def _load(folder: Path, settings: Settings) -> LoadedPairs:
    from engine.torchvision_ops import declare_missing_operators

    declare_missing_operators()
    config = json.loads((folder / "config.json").read_text())
    device = choose.device(settings, "torch")
    if _BLIP in (config.get("architectures") or ()):
        return _load_blip(folder, config, device)
    import torch
    from sentence_transformers import CrossEncoder

    model = CrossEncoder(
        str(folder), device="cpu", trust_remote_code=False, local_files_only=True,
        model_kwargs={"use_safetensors": True, "dtype": torch.float32},
    )  # fmt: skip
    if not (model.supports("image") or model.supports(("image", "text"))):
        raise EncoderUnavailable("it takes no pictures")
    revision = model_revision(model, {"code": _REVISION, "config": config})
    if device == "cuda":
        model.to("cuda", dtype_on_gpu(model))
    return LoadedPairs(model, None, model.supports("text"), True, revision)


def _load_blip(folder: Path, config: dict[str, Any], device: str) -> LoadedPairs:
    from transformers import AutoProcessor, BlipForImageTextRetrieval

    model = BlipForImageTextRetrieval.from_pretrained(
        folder, local_files_only=True, use_safetensors=True
    ).eval()
    processor = AutoProcessor.from_pretrained(
        folder, local_files_only=True, trust_remote_code=False
    )
    revision = model_revision(model, {"code": _REVISION, "config": config})
    return LoadedPairs(model.float().to(device), processor, False, True, revision)
