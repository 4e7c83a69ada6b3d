"""Names of open_clip models: five routes to weights, each with one name that is kept.

| typed | means | kept as |
|---|---|---|
| ``open_clip:MODEL/PRETRAINED`` | weights that open_clip knows by a tag | the same |
| ``MODEL__PRETRAINED`` | the same, as Immich writes it | ``open_clip:MODEL/PRETRAINED`` |
| ``hf-hub:ORG/NAME`` | a repository of a model hub | the same |
| a folder | ``open_clip_config.json`` and weights | its absolute path |
| ``open_clip:MODEL/./FILE`` | a checkpoint, of open_clip's architecture | the same, absolute |
| a checkpoint | with an ``open_clip_config.json`` beside it | its absolute path |

A path behind ``MODEL/`` begins with ``.``, ``/`` or ``~``, or ends as checkpoints do.
Reading a name looks at the disk at most, and imports nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from engine.errors import EncoderUnavailable

PREFIX = "open_clip:"
HUB_PREFIX = "hf-hub:"
CONFIG = "open_clip_config.json"
CHECKPOINTS = (".safetensors", ".pt", ".pth", ".bin", ".ckpt")
_IMMICH = re.compile(r"([A-Za-z0-9](?:[\w.-]*?))__([\w-]+)", re.ASCII)
_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Tagged:
    """Weights that open_clip knows by a tag."""

    model: str
    tag: str

    @property
    def name(self) -> str:
        return f"{PREFIX}{self.model}/{self.tag}"


@dataclass(frozen=True, slots=True)
class Repository:
    """A model on a hub, with its own config."""

    repo: str

    @property
    def name(self) -> str:
        return f"{HUB_PREFIX}{self.repo}"


@dataclass(frozen=True, slots=True)
class Folder:
    """A model on this machine, as open_clip writes it."""

    path: Path

    @property
    def name(self) -> str:
        return str(self.path)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A file of weights on this machine."""

    file: Path
    model: str | None
    """open_clip's name of the architecture; None where a config lies beside the file."""

    @property
    def name(self) -> str:
        return f"{PREFIX}{self.model}/{self.file}" if self.model else str(self.file)


Source: TypeAlias = Tagged | Repository | Folder | Checkpoint


def parse(name: str) -> Source | None:
    """Return the source that a name means; None where it means no model of open_clip.

    Raises:
        EncoderUnavailable: it begins like one of these names, and is not whole.
    """
    if name.startswith(PREFIX):
        return _prefixed(name)
    if name.startswith(HUB_PREFIX):
        if _REPOSITORY.fullmatch(repo := name.removeprefix(HUB_PREFIX)):
            return Repository(repo)
        raise EncoderUnavailable(f"{name!r} names no repository: {HUB_PREFIX}ORG/NAME")
    if tagged := _IMMICH.fullmatch(name):
        return Tagged(tagged[1], _clean(tagged[2]))
    return _local(name)


def _prefixed(name: str) -> Source:
    rest = name.removeprefix(PREFIX)
    model, _, path = rest.partition("/")
    if model and path and (path[0] in "./~" or path.endswith(CHECKPOINTS)):
        return Checkpoint(_absolute(path), model)
    model, _, tag = rest.rpartition("/")
    if not (model and tag):
        raise EncoderUnavailable(f"{name!r} does not name weights: {PREFIX}MODEL/PRETRAINED")
    return Tagged(model.replace("/", "-"), _clean(tag))


def _clean(tag: str) -> str:
    """Return a tag as open_clip itself writes it, whatever others make of it."""
    return tag.lower().replace("-", "_")


def _local(name: str) -> Source | None:
    try:
        path = _absolute(name) if name else None
        if path is not None and path.is_dir():
            return Folder(path.resolve())
        if path is not None and path.name.endswith(CHECKPOINTS) and path.is_file():
            return Checkpoint(path, None)
    except (OSError, RuntimeError, ValueError):  # too long for a path, or unknown user
        pass
    return None


def _absolute(path: str) -> Path:
    """Make a path absolute without following its last link.

    In a hub's cache a file is a link to one without a suffix, and the suffix says how to read it.
    """
    found = Path(path).expanduser()
    return found.parent.resolve() / found.name if found.name not in ("", "..") else found.resolve()
