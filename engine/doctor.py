"""Checks of what is installed, what is missing, and how to get it."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from engine.common.package_weights import WeightFile
from engine.config import Settings
from engine.encoders import weight_files
from engine.encoders.languages import INSTALL
from engine.errors import EncoderUnavailable, SensoriumError
from engine.media import place_names

if TYPE_CHECKING:
    from engine.store import Store


@dataclass(frozen=True, slots=True)
class Check:
    """The outcome of one check."""

    name: str
    ok: bool
    detail: str
    """The thing that was found or, where it is missing, the way out."""
    optional: bool = False


def examine(library: Path | None = None, settings: Settings | None = None) -> list[Check]:
    """Look at everything that a library may need. Builds and writes nothing."""
    settings = settings or Settings.load()
    return [
        _faiss(),
        *_weights(),
        _multilingual(),
        _speech(),
        _screen(),
        _cross_encoder(),
        _places(),
        _gpu(),
        Check("cache", True, str(settings.cache)),
        _library(library or settings.library),
        *_head(library or settings.library),
    ]


def _faiss() -> Check:
    installed = [name for name in ("faiss-cpu", "faiss-gpu") if (_version(name))]
    if len(installed) == 2:
        way_out = "faiss-cpu and faiss-gpu hold the same module: pip uninstall one, reinstall other"
        return Check("faiss", False, way_out)
    if not find_spec("faiss"):
        return Check("faiss", False, "pip install 'sensorium[cpu]' (or 'sensorium[gpu]')")
    name = installed[0] if installed else "faiss"
    return Check("faiss", True, f"{name} {_version(name) or ''}".strip())


def _weights() -> Iterator[Check]:
    """Check the files that every embedded encoder needs, each with its hash."""
    for name, files in (
        ("text tower, English", (weight_files.MINILM, weight_files.MINILM_TOKENIZER)),
        ("image bridge", (weight_files.EFFICIENTNET,)),
        ("sound bridge", (weight_files.AISFX,)),
    ):
        yield _located(name, files)


def _located(name: str, files: tuple[WeightFile, ...]) -> Check:
    try:
        for file in files:
            file.locate()
    except EncoderUnavailable as error:
        return Check(name, False, str(error))
    return Check(name, True, f"{files[0].requirement} ({files[0].licence}), hashes as pinned")


def _multilingual() -> Check:
    name = "text tower, multilingual"
    if weight_files.E5_SMALL.find() is None:
        detail = f"new libraries are of compact, which understands English alone: {INSTALL}"
        return Check(name, False, detail, optional=True)
    located = _located(name, (weight_files.E5_SMALL,))
    return Check(name, located.ok, located.detail, optional=True)


def _speech() -> Check:
    if not find_spec("faster_whisper"):
        detail = "speech is not transcribed: pip install 'sensorium[speech]'"
        return Check("speech bridge", False, detail, optional=True)
    located = _located("speech bridge", weight_files.WHISPER)
    return Check(located.name, located.ok, located.detail, optional=True)


def _screen() -> Check:
    if not find_spec("rapidocr"):
        detail = "text in pictures is not read: pip install 'sensorium[ocr]'"
        return Check("screen bridge", False, detail, optional=True)
    located = _located("screen bridge", weight_files.PADDLE_OCR)
    return Check(located.name, located.ok, located.detail, optional=True)


def _cross_encoder() -> Check:
    files = (weight_files.CROSS_ENCODER, weight_files.CROSS_ENCODER_TOKENIZER)
    if files[0].find() is None:
        detail = f"no --rerank cross: pip install --no-deps {files[0].requirement}"
        return Check("cross-encoder", False, detail, optional=True)
    located = _located("cross-encoder", files)
    return Check(located.name, located.ok, located.detail, optional=True)


def _places() -> Check:
    name = "names of places"
    if not place_names.is_installed():
        detail = "files are not found by the town they are from: pip install 'sensorium[places]'"
        return Check(name, False, detail, optional=True)
    package = place_names.PACKAGE
    return Check(name, True, f"{package} {_version(package) or ''}".strip(), optional=True)


def _gpu() -> Check:
    detail = "no GPU here; none is needed"
    if _has_driver() and find_spec("torch"):
        import torch

        if torch.cuda.is_available():
            detail = torch.cuda.get_device_name()
            return Check("GPU", True, detail, optional=True)
    return Check("GPU", False, detail, optional=True)


def _has_driver() -> bool:
    """Look for the driver of a GPU: without one PyTorch finds none, and takes 1.5 s for it."""
    if sys.platform != "linux" or Path("/dev/kfd").exists():
        return True
    with suppress(OSError):
        return bool(ctypes.CDLL("libcuda.so.1"))
    return False


def _library(path: Path) -> Check:
    from engine.errors import LibraryNotFound
    from engine.store import Store

    try:
        with Store.open(path) as store:
            warned = "; ".join(store.warnings)
            return Check("library", not warned, warned or f"{path} ({_spaces(store)})")
    except LibraryNotFound:
        detail = f"none yet at {path}: sensorium index PATH"
        return Check("library", False, detail, optional=True)
    except SensoriumError as error:
        return Check("library", False, str(error))


def _spaces(store: Store) -> str:
    """Return the default's encoder, the spaces beside it, and how to go on with one half filled."""
    beside = []
    for name, info in store.space_infos().items():
        if info.role is not None and not info.default:
            go_on = f", half filled: sensorium index --add-space {info.role.encoder}"
            beside.append(f"{name}{'' if info.ready else go_on}")
    return "; beside it ".join((store.encoder, *beside))


def _head(path: Path) -> Iterator[Check]:
    """Check the heads that a library has learned, of sounds and of captions."""
    from engine.align.aligner import about
    from engine.align.captions import about_captions
    from engine.align.origin import origin
    from engine.encoders import caption_head
    from engine.store import Store

    heads = (("sound head", about, origin), ("caption head", about_captions, caption_head.origin))
    for name, read, line in heads:
        try:
            with Store.open(path) as store:
                found = read(store)
        except EncoderUnavailable as error:
            yield Check(name, False, str(error))
        except SensoriumError:
            return  # the check of the library says so
        else:
            if found is not None:
                yield Check(name, True, line(found))


def _version(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None
