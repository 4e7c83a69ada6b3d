"""Models of hubs that are worth a try; docs/encoders.md says by task what each is for.

None was run here with its real weights: what is known of them is what their makers say.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from engine.encoders.hub import Needed
from engine.encoders.offered import Offered

_WEIGHTS = ("model.safetensors", "model.safetensors.index.json")


@dataclass(frozen=True, slots=True)
class RecommendedModel:
    """A model of a hub, and what its makers say of it."""

    name: str
    """The name that ``--encoder`` takes."""
    library: str
    """The package that loads it."""
    dim: int
    parameters: int
    licence: str

    @property
    def repo(self) -> str:
        return self.name.partition(":")[2].partition("@")[0]


MODELS = (
    RecommendedModel(
        "st:google/embeddinggemma-2", "sentence-transformers", 768, 744_000_000, "Apache-2.0"
    ),
    RecommendedModel(
        "st:Qwen/Qwen3-VL-Embedding-2B", "sentence-transformers", 2048, 2_130_000_000, "Apache-2.0"
    ),
    RecommendedModel(
        "st:Qwen/Qwen3-VL-Embedding-8B", "sentence-transformers", 4096, 8_140_000_000, "Apache-2.0"
    ),
    RecommendedModel("pe-av:facebook/pe-av-small", "transformers", 1024, 850_000_000, "Apache-2.0"),
    RecommendedModel(
        "pe-av:facebook/pe-av-base", "transformers", 1024, 1_030_000_000, "Apache-2.0"
    ),
    RecommendedModel(
        "pe-av:facebook/pe-av-large", "transformers", 1024, 2_230_000_000, "Apache-2.0"
    ),
    RecommendedModel("clap:laion/clap-htsat-unfused", "transformers", 512, 153_000_000, "MIT"),
    RecommendedModel(
        "clap:laion/larger_clap_general", "transformers", 512, 194_000_000, "Apache-2.0"
    ),
)
"""The models, the more general first of each kind."""


def recommended() -> Iterator[Offered]:
    """Yield them, with whether their weights are in the hub's cache. Nobody is asked."""
    for model in MODELS:
        found = Needed(model.repo, _WEIGHTS).find()
        whole = found is not None and found.name == _WEIGHTS[0]
        yield Offered(
            model.name,
            model.library,
            model.dim,
            None,
            model.parameters,
            found.stat().st_size if found is not None and whole else None,
            found is not None,
            model.licence,
        )
