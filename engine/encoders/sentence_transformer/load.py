"""A model of sentence-transformers, loaded with what it says of itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from engine.common.optional_package import without_looking_for_garbage
from engine.common.silence import quiet_transformers
from engine.config import Settings
from engine.encoders import hub
from engine.encoders.hub import first_sentence
from engine.encoders.revisions import model_revision
from engine.encoders.runtime import choose
from engine.encoders.sentence_transformer.names import PREFIX, ModelName, parse
from engine.errors import EncoderUnavailable, ExtraMissing, UsageError

_REVISION = 1
"""Revision of the code between an input and its vector."""
_JOINED = 2
"""Revision of what is joined: shots, and since 2 the windows of a video's sound as well."""
_FETCHED = ("*.json", "*.txt", "*.jinja", "*.model", "*.safetensors")
_SETTINGS = (".json", ".txt", ".jinja", ".model")
_OF_NO_VECTOR = {"README.md", "model_card.json", "generation_config.json"}
_PICKLES = ("pytorch_model*.bin", "*.pt", "*.pth", "*.pkl")
_USUAL_SIDE, _USUAL_RATE = 1024, 16_000
"""Pixels and samples per second where a model's processor names none."""


@dataclass(frozen=True, slots=True)
class LoadedSentenceModel:
    """A model, and what was learned by asking it."""

    model: Any
    """``SentenceTransformer``, in float32, or on a GPU in bfloat16 where it was trained so."""
    takes: frozenset[str]
    """Its modalities, of ``text``, ``image``, ``audio`` and ``video``."""
    dim: int
    rate: int
    """Samples per second of the sounds that it takes."""
    side: int
    """The shortest side of the pictures that it takes, in pixels."""
    revision: str

    def takes_together(self, *modalities: str) -> bool:
        """Tell whether one input may hold all of these."""
        return bool(self.model.supports(tuple(sorted(modalities))))


def load(name: str, settings: Settings) -> LoadedSentenceModel:
    """Load a model, and fetch first what of it is not on disk.

    Numbers are float32 on a CPU. On a GPU they are bfloat16 where the weights are, and never
    float16, in which models of this kind overflow (EmbeddingGemma 2 says so).

    Raises:
        ExtraMissing: sentence-transformers is not installed.
        EncoderUnavailable: there is no such model, its weights are neither on disk nor to be
            fetched, they are no tensors alone, or it takes no text.
    """
    wanted = parse(name)
    folder = fetch(name)
    with quiet_transformers(), _one_line(name), hub.offline():
        refuse_pickles(folder)
        return _load(wanted, folder, settings)


def fetch(name: str) -> Path:
    """Have all of a model's files on disk; return its folder.

    Raises: as ``load``.
    """
    if not find_spec("sentence_transformers"):
        raise ExtraMissing(f"the encoder {name}", "st")
    wanted = parse(name)
    with _one_line(name):
        return fetch_folder(wanted.model)


def fetch_folder(model: str) -> Path:
    """Return the folder of a model: its own, or that of the hub's cache, fetched first.

    Raises:
        Exception: whatever the hub's client does, where it is neither on disk nor to be had.
    """
    if (folder := Path(model)).is_absolute():
        return folder
    from huggingface_hub import snapshot_download

    offline = hub.unreachable() is not None
    return Path(snapshot_download(model, allow_patterns=list(_FETCHED), local_files_only=offline))


def _load(wanted: ModelName, folder: Path, settings: Settings) -> LoadedSentenceModel:
    from engine.torchvision_ops import declare_missing_operators

    declare_missing_operators()
    with without_looking_for_garbage():
        import torch
        from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(
        str(folder),
        device="cpu",
        trust_remote_code=False,
        local_files_only=True,
        model_kwargs={"use_safetensors": True, "dtype": torch.float32},
    ).eval()
    takes = frozenset(m for m in ("text", "image", "audio", "video") if model.supports(m))
    if "text" not in takes:
        raise EncoderUnavailable("it takes no text, so nothing could be searched for by words")
    dim = _dim(model, wanted)
    revision = model_revision(model, _settings(model, folder, dim, wanted.joint))
    if choose.device(settings, "torch") == "cuda":
        model.to("cuda", dtype_on_gpu(model))
    return LoadedSentenceModel(model, takes, dim, _rate(model), _side(model), revision)


def dtype_on_gpu(model: Any) -> Any:
    """Return the numbers that a model computes with on a GPU: never float16, see ``load``."""
    import torch

    trained = getattr(model.config, "dtype", None)
    return torch.bfloat16 if trained == torch.bfloat16 else torch.float32


def _dim(model: Any, wanted: ModelName) -> int:
    """Return how many dimensions are kept. Models are mistaken of their own, so a text says it."""
    full = int(model.encode(["a"], show_progress_bar=False).shape[1])
    if wanted.dim and wanted.dim > full:
        raise UsageError(f"it has {full} dimensions, and {wanted.dim} are asked for")
    return wanted.dim or full


def _settings(model: Any, folder: Path, dim: int, joint: bool) -> dict[str, Any]:
    """Return what decides what goes into the tensors, and what is kept of what comes out."""
    joined = _JOINED if joint else joint
    return {"code": _REVISION, "files": settings_files(folder), "dim": dim, "joint": joined} | {
        "prompts": model.prompts,
        "prompt": model.default_prompt_name,
    }


def settings_files(folder: Path) -> dict[str, str]:
    """Return the hashes of the files beside the weights, by their paths in the folder."""
    return {
        path.relative_to(folder).as_posix(): hashlib.blake2b(path.read_bytes()).hexdigest()
        for path in _files_of_settings(folder)
    }


def _files_of_settings(folder: Path) -> Iterator[Path]:
    """Yield the files beside the weights, of the model and of each of its modules."""
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.suffix in _SETTINGS and not _says_nothing(path):
            yield path
    for module in _module_folders(folder):
        for path in sorted(module.rglob("*")):
            if path.is_file() and path.suffix in _SETTINGS and not _says_nothing(path):
                yield path


def _says_nothing(path: Path) -> bool:
    return path.name in _OF_NO_VECTOR or path.name.endswith(".index.json")


def _module_folders(folder: Path) -> list[Path]:
    """Return the folders of modules beside the first one, which is in the model's own."""
    try:
        modules = json.loads((folder / "modules.json").read_text())
        paths = [folder / module["path"] for module in modules if module["path"]]
    except (OSError, ValueError, LookupError, TypeError):
        return []
    return [path for path in paths if path.is_dir()]


def refuse_pickles(folder: Path) -> None:
    """Refuse a folder of which a part has no other weights than pickles, which can run code.

    Raises:
        EncoderUnavailable: it is such a one.
    """
    for place in (folder, *_module_folders(folder)):
        pickles = [found for pattern in _PICKLES for found in place.glob(pattern)]
        if pickles and not any(place.glob("*.safetensors")):
            raise EncoderUnavailable(
                f"{pickles[0].name} may hold more than tensors, and such a file can run code;"
                " save the model as safetensors"
            )


def _rate(model: Any) -> int:
    heard = getattr(model.processor, "feature_extractor", model.processor)
    rate = getattr(heard, "sampling_rate", None)
    return int(rate) if isinstance(rate, int) else _USUAL_RATE


def _side(model: Any) -> int:
    """Return the shortest side of the pictures that a model's processor makes."""
    seen = getattr(model.processor, "image_processor", model.processor)
    size: Any = getattr(seen, "size", None)
    try:
        sides = [int(value) for value in dict(size).values() if value]
    except (TypeError, ValueError):
        return _USUAL_SIDE
    # Some name numbers of pixels in all, and some none: what comes in is then left as it is.
    return max(sides) if sides and max(sides) <= _USUAL_SIDE else _USUAL_SIDE


@contextmanager
def model_loading(name: str, names: str) -> Iterator[None]:
    """Say whatever goes wrong while a model is fetched and loaded as one line.

    Args:
        name: the kind of the model and its name.
        names: what such a name stands for, after the prefix.

    Raises:
        EncoderUnavailable: something did.
    """
    try:
        yield
    except ExtraMissing:
        raise
    except Exception as error:
        raise EncoderUnavailable(
            f"{name} cannot be loaded ({first_sentence(error)}); {names}"
        ) from error


def _one_line(name: str) -> AbstractContextManager[None]:
    return model_loading(
        f"encoder {name}",
        f"{PREFIX}NAME names a model of sentence-transformers, on a hub that can be reached or in"
        " a folder with its modules.json and model.safetensors",
    )
