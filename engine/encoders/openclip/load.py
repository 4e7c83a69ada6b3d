"""An open_clip model, loaded from its source with all that goes with it."""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from threading import RLock, get_ident
from typing import Any

from PIL import Image

from engine.common.silence import quiet
from engine.encoders import hub
from engine.encoders.hub import first_sentence
from engine.encoders.openclip import files
from engine.encoders.openclip.names import Checkpoint, Folder, Repository, Source, Tagged, parse
from engine.encoders.revisions import model_revision
from engine.errors import EncoderUnavailable, ExtraMissing, SensoriumError

_REVISION = 1
"""Revision of the code between a picture or a text and its vector."""
_PROBES = ("A dog's 2nd walk, at 10:45 am!", "Zürich; 東京")
"""Other tokenizers make other tokens of them."""
_PREPARATION = ("mean", "std", "interpolation", "resize_mode")
_DRAWN = (
    *("uniform_", "normal_", "trunc_normal_", "xavier_uniform_", "xavier_normal_"),
    *("kaiming_uniform_", "kaiming_normal_"),
)
"""Functions of ``torch.nn.init`` that draw the first weights of layers."""
_loading = RLock()
"""Keeping quiet is for the whole process, so models are loaded one at a time."""


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model with its tokenizer, its transforms and its revision."""

    model: Any
    """CLIP, CustomTextCLIP or CoCa of open_clip, float32, on the CPU, in evaluation mode."""
    tokenize: Any
    """A list of n texts to tokens, (n, context length), int64."""
    resize: Any
    """The transforms that take a picture to the pixels of the tower."""
    mean: Any
    """(1, 3, 1, 1), of pixels in [0, 1]; ``std`` alike."""
    std: Any
    revision: str
    dim: int
    logit_scale: float
    """The factor of a cosine, the exponential of the parameter."""
    logit_bias: float | None
    """The summand after that, where the model has a bias (SigLIP, Zhai et al. 2023)."""


def load(name: str) -> LoadedModel:
    """Load a model, and fetch first what of it is not on disk.

    Raises:
        EncoderUnavailable: open_clip has no such model, its weights are neither on disk
            nor to be fetched, or they are not loaded, because they are of another
            architecture or hold more than tensors.
        ExtraMissing: its tokenizer or its text tower needs transformers.
    """
    source = fetch(name)
    with _loading, quiet(), _one_line(name), hub.offline():
        return _load(source)


def fetch(name: str) -> Source:
    """Have all of a model's files on disk; says of which source they are.

    Raises:
        EncoderUnavailable: as in ``load``.
    """
    source = parse(name)
    if source is None:
        raise EncoderUnavailable(f"{name}: there is no such folder or checkpoint")
    with _one_line(name):
        for part in files.needed(source):
            if part.find() is None:
                part.fetch()
    return source


def _load(source: Source) -> LoadedModel:
    import torch

    open_clip = files.open_clip()
    config = files.config(source)
    _must_be_readable(source, config)
    model, transform = _model(source, config)
    tokenize = _tokenizer(source, config["text_cfg"])
    *resize, _tensor, normalize = transform.transforms
    settings = {
        "code": _REVISION,
        "model": _as_built(source, config, model),
        "pictures": open_clip.get_model_preprocess_cfg(model),
        "tokens": tokenize(list(_PROBES)).tolist(),
    }
    bias = model.logit_bias
    return LoadedModel(
        model=model.eval(),
        tokenize=tokenize,
        resize=_chain(resize),
        mean=torch.tensor(normalize.mean).view(1, 3, 1, 1),
        std=torch.tensor(normalize.std).view(1, 3, 1, 1),
        revision=model_revision(model, settings),
        dim=int(config["embed_dim"]),
        logit_scale=float(model.logit_scale.detach().exp()),
        logit_bias=None if bias is None else float(bias.detach()),
    )


def _model(source: Source, config: Mapping[str, Any]) -> tuple[Any, Any]:
    """Make the model and its transforms for pictures, by open_clip's own factory."""
    open_clip = files.open_clip()
    name, options = _as_open_clip(source)
    text = config["text_cfg"]
    tower = files.text_tower(text, files.folder_of(source))
    if isinstance(tower, Path):
        options["text_cfg"] = {**text, "hf_model_name": str(tower), "hf_model_pretrained": False}
    alone = isinstance(source, Checkpoint) and source.model is None
    with _nothing_drawn():
        model, _, transform = open_clip.create_model_and_transforms(
            name, pretrained_text=False, weights_only=True,
            load_weights=not alone, require_pretrained=not alone, **options,
        )  # fmt: skip
    if isinstance(source, Checkpoint) and alone:
        open_clip.load_checkpoint(model, str(source.file), weights_only=True)
    return model, transform


@contextmanager
def _nothing_drawn() -> Iterator[None]:
    """Let layers begin with zeros and not with random numbers, for each tensor is read afterwards.

    Drawing 150 million of them, as ViT-B-32 has, is more than half of the time to make it: 0.7 of
    1.2 s. Other threads draw what they ask for.
    """
    from torch.nn import init

    drawn = {name: getattr(init, name) for name in _DRAWN}
    thread = get_ident()

    def zeros_here(function: Any) -> Any:
        def begin(tensor: Any, *args: Any, **options: Any) -> Any:
            here = get_ident() == thread
            return init.zeros_(tensor) if here else function(tensor, *args, **options)

        return begin

    try:
        for name, function in drawn.items():
            setattr(init, name, zeros_here(function))
        yield
    finally:
        for name, function in drawn.items():
            setattr(init, name, function)


def _as_open_clip(source: Source) -> tuple[str, dict[str, Any]]:
    """open_clip's own name of a source, and what to tell its factory besides."""
    match source:
        case Tagged(model, tag):
            return model, {"pretrained": tag, "force_quick_gelu": _quick_gelu(source)}
        case Repository(repo):
            return f"hf-hub:{repo}", {}
        case Folder(path):
            return f"local-dir:{path}", {}
        case Checkpoint(file, None):
            return f"local-dir:{file.parent}", {}
    return str(source.model), {"pretrained": str(source.file), **_usual(str(source.model))}


def _quick_gelu(source: Source) -> bool:
    """Tell whether weights were trained with QuickGELU.

    ``ViT-B-32/openai`` was, and open_clip only warns of it: it would compute other vectors than the
    weights are for.
    """
    return isinstance(source, Tagged) and bool(
        files.pretrained(source.model, source.tag).get("quick_gelu")
    )


def _usual(model: str) -> dict[str, Any]:
    """Return how pictures are prepared for every tag of a model, where that is one way.

    A bare checkpoint says nothing of it, and SigLIP's way is not CLIP's.
    """
    tags = files.open_clip().list_pretrained_tags_by_model(model)
    ways = [
        {f"image_{key}": files.pretrained(model, tag)[key] for key in _PREPARATION} for tag in tags
    ]
    return ways[0] if ways and all(way == ways[0] for way in ways) else {}


def _tokenizer(source: Source, text: Mapping[str, Any]) -> Any:
    """Make the model's tokenizer: open_clip's, or one of transformers.

    One of transformers comes from the model's folder, or else from the hub's cache. It is named by
    its folder: by its repository, transformers would ask the hub for a config that a tokenizer need
    not have.
    """
    place = files.tokenizer(text, files.folder_of(source))
    if place is None:
        return files.open_clip().get_tokenizer(_as_open_clip(source)[0])
    from open_clip.tokenizer import DEFAULT_CONTEXT_LENGTH, HFTokenizer

    options = dict(text.get("tokenizer_kwargs") or {})
    options["trust_remote_code"] = False  # a config may ask for it, and it is not given
    return HFTokenizer(
        str(place),
        context_length=text.get("context_length", DEFAULT_CONTEXT_LENGTH),
        tokenizer_mode=text.get("tokenizer_mode"),
        **options,
    )


def _must_be_readable(source: Source, config: Mapping[str, Any]) -> None:
    """Refuse before transformers would ask whether to run code that comes with a tower."""
    text = config["text_cfg"]
    tower = files.text_tower(text, files.folder_of(source))
    if (tower or text.get("hf_tokenizer_name")) and find_spec("transformers") is None:
        raise ExtraMissing(f"the text tower of {source.name}", "hf")
    if tower is None:
        return
    from open_clip.hf_configs import arch_dict

    found = Path(tower) if Path(tower).is_dir() else None
    file = found / "config.json" if found else hub.Needed(str(tower), ("config.json",)).find()
    kind = json.loads(file.read_text()).get("model_type") if file else None
    if kind not in arch_dict:
        raise EncoderUnavailable(f"its text tower is a {kind}, which open_clip cannot build")


def _as_built(source: Source, config: Mapping[str, Any], model: Any) -> dict[str, Any]:
    """Return all that says how the tensors are put together."""
    built = dict(config)
    if _quick_gelu(source):
        built["quick_gelu"] = True
    if tower := getattr(getattr(model, "text", None), "config", None):
        described = tower.to_dict()
        built["tower"] = {k: v for k, v in described.items() if "version" not in k and k[:1] != "_"}
    return built


@contextmanager
def _one_line(name: str) -> Iterator[None]:
    """Whatever goes wrong while a model is fetched and loaded, as one line."""
    try:
        yield
    except ExtraMissing:
        raise
    except SensoriumError as error:
        raise EncoderUnavailable(f"encoder {name} cannot be had: {error}") from error
    except pickle.UnpicklingError as error:
        raise EncoderUnavailable(
            f"encoder {name} cannot be had: its checkpoint holds more than tensors, and such a"
            " file can run code; save the state dict alone, as safetensors"
        ) from error
    except Exception as error:
        raise EncoderUnavailable(
            f"encoder {name} cannot be had ({first_sentence(error)}); is it a model of open_clip,"
            " and all of it there? encoder=compact needs no model",
            arguments=("encoder",),
        ) from error


def _chain(transforms: Sequence[Any]) -> Any:
    def apply(image: Image.Image) -> Image.Image:
        for transform in transforms:
            image = transform(image)
        return image

    return apply
