"""clip-retrieval's own back end: python clip_retrieval_back.py FOLDER PORT

It runs as `clip-retrieval back` does, but for two things. Texts are encoded by this library's
text tower, which stands in for the CLIP model that it would download, so that both servers
compute the same vectors; and it listens on the loopback interface alone.
"""

from __future__ import annotations

import json
import sys
import types
from pathlib import Path
from typing import Any

import torch

from engine.config import Settings
from engine.encoders import registry


class _Texts(list[str]):
    """Texts in the place of their tokens."""

    def to(self, _: str) -> _Texts:
        return self


class _TextTower:
    """A CLIP model whose texts are encoded by a tower of this library."""

    def __init__(self) -> None:
        self._towers = registry.towers(registry.default_encoder(), Settings())
        self._space = self._towers.shared.name

    def encode_text(self, texts: _Texts) -> torch.Tensor:
        return torch.from_numpy(self._towers.embed_queries(self._space, texts).copy())


def _load_clip(*_: Any, **__: Any) -> tuple[Any, None, type[_Texts]]:
    return _TextTower(), None, _Texts


def main(folder: str, port: str) -> None:
    import flask

    stand_in = types.ModuleType("all_clip")
    vars(stand_in)["load_clip"] = _load_clip
    sys.modules["all_clip"] = stand_in
    run = flask.Flask.run
    flask.Flask.run = lambda self, **_: run(self, host="127.0.0.1", port=int(port))  # type: ignore[method-assign]
    # The package itself imports all that makes datasets and indexes as well.
    package = types.ModuleType("clip_retrieval")
    package.__path__ = [str(Path(base) / "clip_retrieval") for base in sys.path]
    sys.modules["clip_retrieval"] = package
    from clip_retrieval.clip_back import clip_back

    indices = Path(folder) / "indices.json"
    indices.write_text(json.dumps({"all": folder}))
    clip_back(
        indices_paths=str(indices), port=int(port), enable_mclip_option=False,
        provide_aesthetic_embeddings=False, use_jit=False, columns_to_return=["url", "caption"],
    )  # fmt: skip


if __name__ == "__main__":
    main(*sys.argv[1:])
