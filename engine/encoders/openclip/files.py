"""The files that a source needs on disk: weights, config, tokenizer, a text tower's config."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from engine.common.optional_package import without_looking_for_garbage
from engine.encoders.hub import Needed
from engine.encoders.openclip.kept_tags import kept_tags, packaged_config
from engine.encoders.openclip.names import (
    CHECKPOINTS,
    CONFIG,
    Checkpoint,
    Folder,
    Repository,
    Source,
    Tagged,
)
from engine.errors import EncoderUnavailable

_WEIGHTS = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")
_TOKENIZERS = (
    "tokenizer.json", "tokenizer.model", "spiece.model", "sentencepiece.bpe.model",
    "vocab.json", "vocab.txt",
)  # fmt: skip
_TOKENIZER_SETTINGS = (
    "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "merges.txt",
    "config.json",
)  # fmt: skip


def open_clip() -> Any:
    """open_clip, which is imported late and needs torchvision to be importable."""
    from engine.torchvision_ops import declare_missing_operators

    declare_missing_operators()
    with without_looking_for_garbage():
        import open_clip as module

    return module


def needed(source: Source) -> Iterator[Needed]:
    """Yield what a source takes from a hub.

    In an order in which each part says what follows: take the next only when the last is on disk.

    Raises:
        EncoderUnavailable: open_clip has no such model or tag, or a local file is missing.
    """
    match source:
        case Tagged(model, tag):
            if known := _kept(model, tag):
                yield from needed_of_tag(*known)
                return
            yield _weights(str(pretrained(model, tag)["hf_hub"]))
        case Repository(repo):
            yield Needed(repo, (CONFIG,))
            yield Needed(repo, _WEIGHTS)
        case Folder(path):
            _must_hold(path)
        case Checkpoint(file, _):
            _must_be(file)
    yield from _text(config(source)["text_cfg"], folder_of(source))


def _kept(model: str, tag: str) -> tuple[str, Mapping[str, Any]] | None:
    """Return the address and the config of texts of a tag, where open_clip need not be asked.

    Where it is imported it costs nothing to ask, and may have been told of another config.
    """
    if "open_clip" in sys.modules:
        return None
    for each, name, address in kept_tags() or ():
        if (each, name) == (model, tag) and (parts := packaged_config(model)) is not None:
            return address, parts["text_cfg"]
    return None


def needed_of_tag(address: str, text: Mapping[str, Any]) -> Iterator[Needed]:
    """Yield what a tag takes from a hub, as ``needed`` does, without asking open_clip.

    Args:
        address: of its weights, as open_clip writes it.
        text: the part of the model's config that is about texts.
    """
    yield _weights(address)
    yield from _text(text, None)


def config(source: Source) -> dict[str, Any]:
    """open_clip's config of a model: ``embed_dim``, ``vision_cfg``, ``text_cfg`` and more.

    Raises:
        EncoderUnavailable: there is none, or it is not one.
    """
    match source:
        case Tagged(model) | Checkpoint(_, str(model)):
            _must_be_offered(model)
            found: dict[str, Any] = open_clip().get_model_config(model)
            return found
        case Repository(repo):
            file = Needed(repo, (CONFIG,)).find()
        case Folder(path):
            file = path / CONFIG
        case Checkpoint(at):
            file = at.parent / CONFIG
    return _read(file)["model_cfg"] if file else {}


def folder_of(source: Source) -> Path | None:
    """Return the folder of a model that is on this machine, with its own config."""
    match source:
        case Folder(path):
            return path
        case Checkpoint(file, None):
            return file.parent
    return None


def pretrained(model: str, tag: str) -> Mapping[str, Any]:
    """Return what open_clip knows of a tag: where its weights are, and how pictures are prepared.

    Raises:
        EncoderUnavailable: it has no such model, or no such weights of it.
    """
    _must_be_offered(model)
    if not open_clip().is_pretrained_cfg(model, tag):
        tags = ", ".join(open_clip().list_pretrained_tags_by_model(model))
        there = f"there is {tags}" if tags else "it has none: name a checkpoint, MODEL/./FILE"
        raise EncoderUnavailable(f"open_clip has no weights {tag!r} of {model}; {there}")
    found: Mapping[str, Any] = open_clip().get_pretrained_cfg(model, tag)
    return found


def tokenizer(text: Mapping[str, Any], folder: Path | None) -> Path | None:
    """Return the folder of a tokenizer of transformers; None for open_clip's own.

    The tokenizer is on disk by now.
    """
    if not (hosted := _tokenizer(text, folder)):
        return None
    found = hosted if isinstance(hosted, Path) else hosted.find()
    return found.parent if found and found.is_file() else found


def text_tower(text: Mapping[str, Any], folder: Path | None) -> str | Path | None:
    """Return the name or the folder of a transformers text tower; None for open_clip's own.

    A folder lies inside the model's and holds the tower's config.
    """
    name = str(text.get("hf_model_name") or "")
    if name and folder is not None and (folder / name / "config.json").is_file():
        return folder / name
    return name or None


def _text(text: Mapping[str, Any], folder: Path | None) -> Iterator[Needed]:
    tower = text_tower(text, folder)
    if isinstance(tower, str) and not Path(tower).is_dir():
        yield Needed(tower, ("config.json",))
    if isinstance(hosted := _tokenizer(text, folder), Needed):
        yield hosted


def _tokenizer(text: Mapping[str, Any], folder: Path | None) -> Path | Needed | None:
    """Return the folder of a tokenizer of transformers, or what is needed of a hub."""
    name = text.get("hf_tokenizer_name")
    if not name:
        return None
    if folder and any((folder / file).is_file() for file in _TOKENIZERS):
        return folder
    local = Path(name)
    return local if local.is_dir() else Needed(name, _TOKENIZERS, _TOKENIZER_SETTINGS)


def _weights(address: str) -> Needed:
    """open_clip writes ``ORG/NAME/FILE``, or ``ORG/NAME/`` for what is usual."""
    repo, _, file = address.rpartition("/")
    if file in ("", _WEIGHTS[1]):
        return Needed(repo, _WEIGHTS)
    if file.endswith((".bin", ".pth")):
        return Needed(repo, (f"{file[:-4]}.safetensors", file))
    return Needed(repo, (file,))


def _must_be_offered(model: str) -> None:
    from difflib import get_close_matches

    if model not in (models := open_clip().list_models()):
        near = get_close_matches(model, models, n=1)
        meant = f"did you mean {near[0]}? " if near else ""
        raise EncoderUnavailable(
            f"open_clip has no model {model!r}; {meant}`sensorium models` lists them"
        )


def _must_hold(folder: Path) -> None:
    if not (folder / CONFIG).is_file():
        raise EncoderUnavailable(f"{folder} is no open_clip model: it has no {CONFIG}")
    if not any(any(folder.glob(pattern)) for pattern in ("*.safetensors", "*.bin", "*.pth")):
        raise EncoderUnavailable(f"{folder} holds no weights: {_WEIGHTS[0]} is missing")


def _must_be(file: Path) -> None:
    if not file.name.endswith(CHECKPOINTS):
        kinds = ", ".join(CHECKPOINTS)
        raise EncoderUnavailable(f"{file} is no checkpoint: its name ends in none of {kinds}")
    if not file.is_file():
        raise EncoderUnavailable(f"{file}: there is no such checkpoint")


def _read(file: Path) -> dict[str, Any]:
    try:
        read = json.loads(file.read_text(encoding="utf-8"))
        parts = read["model_cfg"]
        if isinstance(parts["text_cfg"], dict) and isinstance(parts["vision_cfg"], dict):
            return dict(read)
    except FileNotFoundError:
        raise EncoderUnavailable(
            f"there is no {CONFIG} in {file.parent}; of a checkpoint alone, name the"
            " architecture: open_clip:MODEL/./FILE"
        ) from None
    except (OSError, ValueError, KeyError, TypeError):
        pass
    raise EncoderUnavailable(f"{file} is no config of an open_clip model")
