"""PE-AV's models, loaded with all that goes with them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from engine.common.silence import quiet_transformers
from engine.config import Settings
from engine.encoders import hub
from engine.encoders.hub import first_sentence
from engine.encoders.pe_av.names import PREFIX
from engine.encoders.revisions import model_revision
from engine.encoders.runtime import choose
from engine.encoders.sentence_transformer.load import fetch_folder, refuse_pickles
from engine.errors import EncoderUnavailable, ExtraMissing

_REVISION = 1
"""Revision of the code between an input and its vector."""
_PROBES = ("A dog's 2nd bark, at 10:45 am!", "Zürich; 東京")
_MOST_TOKENS = 512
_VIDEO, _FRAMES = "pe_audio_video", "pe_audio"


@dataclass(frozen=True, slots=True)
class LoadedPeAv:
    """A model with its tokenizer, and what prepares sounds and videos."""

    model: Any
    tokenize: Any
    sounds: Any
    videos: Any
    """None for a model of sounds alone."""
    most_tokens: int
    revision: str
    device: str

    @property
    def dim(self) -> int:
        return int(self.model.config.text_config.hidden_size)

    @property
    def side(self) -> int:
        """The side of the frames that it takes, in pixels."""
        size = dict(self.videos.size) if self.videos is not None else {}
        return max((int(value) for value in size.values() if value), default=1)


def load(model: str, name: str, settings: Settings) -> LoadedPeAv:
    """Load a model of texts, sounds and videos; the last one is kept for its other spaces.

    Raises:
        ExtraMissing: transformers is not installed.
        EncoderUnavailable: there is no such model, it is another kind, its weights are no
            tensors alone, or they are neither on disk nor to be fetched.
    """
    return _loaded(model, name, settings, _VIDEO)


def load_frames(model: str, name: str, settings: Settings) -> LoadedPeAv:
    """Load a model that tells when a sound is heard; otherwise as ``load``."""
    return _loaded(model, name, settings, _FRAMES)


def fetch(model: str, name: str) -> Path:
    """Have all of a model's files on disk; raises as ``load``."""
    if not find_spec("transformers"):
        raise ExtraMissing(f"the encoder {name}", "clap")
    with _one_line(name):
        return fetch_folder(model)


def _loaded(model: str, name: str, settings: Settings, kind: str) -> LoadedPeAv:
    folder = fetch(model, name)
    with quiet_transformers(), _one_line(name), hub.offline():
        refuse_pickles(folder)
        weights = sorted((f.name, f.stat().st_mtime_ns) for f in folder.glob("*.safetensors"))
        return _cached(folder, kind, choose.device(settings, "torch"), tuple(weights))


@lru_cache(maxsize=2)
def _cached(folder: Path, kind: str, device: str, _weights: Any) -> LoadedPeAv:
    from engine.torchvision_ops import declare_missing_operators

    declare_missing_operators()
    import transformers

    config = json.loads((folder / "config.json").read_text())
    if config.get("model_type") != kind:
        raise ValueError(f"its config.json is of a {config.get('model_type')}, and not of {kind}")
    classes = {_VIDEO: "PeAudioVideoModel", _FRAMES: "PeAudioFrameLevelModel"}
    local: dict[str, Any] = {"local_files_only": True}
    tokenize = transformers.AutoTokenizer.from_pretrained(folder, trust_remote_code=False, **local)
    sounds = transformers.PeAudioFeatureExtractor.from_pretrained(folder, **local)
    videos = None
    if kind == _VIDEO:
        from transformers.models.pe_video.video_processing_pe_video import PeVideoVideoProcessor

        videos = PeVideoVideoProcessor.from_pretrained(folder, **local)
    model, found = getattr(transformers, classes[kind]).from_pretrained(
        folder, use_safetensors=True, output_loading_info=True, **local
    )
    if missing := sorted(found["missing_keys"]):
        raise ValueError(f"the weights lack {missing[0]} and {len(missing) - 1} more tensors")
    model = model.float().eval()
    most = min(int(tokenize.model_max_length), _MOST_TOKENS)
    settings = {
        "code": _REVISION,
        "config": config,
        "sounds": sounds.to_dict(),
        "videos": None if videos is None else videos.to_dict(),
        "tokens": [tokenize(list(_PROBES))["input_ids"], most],
    }
    revision = model_revision(model, settings)
    return LoadedPeAv(model.to(device), tokenize, sounds, videos, most, revision, device)


@contextmanager
def _one_line(name: str) -> Iterator[None]:
    try:
        yield
    except ExtraMissing:
        raise
    except Exception as error:
        raise EncoderUnavailable(
            f"encoder {name} cannot be loaded ({first_sentence(error)}); {PREFIX}NAME names a PE-AV"
            " model of transformers, on a hub that can be reached or in a folder with its"
            " config.json and model.safetensors"
        ) from error
