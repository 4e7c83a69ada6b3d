"""Models of transformers: found on disk, loaded without anybody's code, and never fetched."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from engine.common.optional_package import importing
from engine.common.progress import CancelToken
from engine.common.silence import quiet_transformers
from engine.config import Settings
from engine.errors import EncoderUnavailable, ExtraMissing
from engine.torchvision_ops import declare_missing_operators

PREFIX = "hf:"
_MISSING = ("a model of transformers", "hf")


def require_transformers() -> None:
    """See that transformers is installed, without importing it.

    Raises:
        ExtraMissing: it is not.
    """
    if find_spec("transformers") is None:
        raise ExtraMissing(*_MISSING)


def model_source(name: str) -> str:
    """Return the folder of a model: one that is named, or the hub's copy on this machine.

    Raises:
        EncoderUnavailable: it is not on this machine.
    """
    folder = Path(name).expanduser()
    if folder.is_dir():
        return str(folder.resolve())
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        return str(snapshot_download(name, local_files_only=True))
    except (HFValidationError, LocalEntryNotFoundError, OSError, ValueError):
        raise EncoderUnavailable(
            f"{name} is no folder of a model, and not on this machine; where there is a network,"
            f" `hf download {name}` fetches it"
        ) from None


@contextmanager
def loading(name: str) -> Iterator[None]:
    """Load a model of transformers in this context, quietly.

    Raises:
        ExtraMissing: transformers is not installed.
        EncoderUnavailable: what is on disk is no such model, or is damaged.
    """
    with importing(*_MISSING, "transformers"):
        declare_missing_operators()
        import transformers  # noqa: F401
    try:
        with quiet_transformers():
            yield
    except (OSError, ValueError, KeyError, RuntimeError, ImportError) as error:
        why = " ".join(str(error).split())[:200]
        raise EncoderUnavailable(f"{name} cannot be loaded: {why}") from error


def load_model(name: str, model: str, auto: str, **options: Any) -> tuple[Any, Any]:
    """Load a model with its processor, from this machine alone and from safetensors alone.

    A kind that the auto class does not list (Audio Flamingo 3) is of the class that it was saved
    as, where that is one of transformers' own that writes.

    Args:
        name: the name that messages call it by.
        model: a folder, or the hub's name of a model that is on disk.
        auto: the auto class of transformers that loads it.
        options: settings of the model that are other than they were saved.

    Raises:
        ExtraMissing: transformers is not installed.
        EncoderUnavailable: the model is not on this machine, is another kind, or is damaged.
    """
    source = model_source(model)
    with loading(name):
        import transformers

        here = {"local_files_only": True}
        processor = transformers.AutoProcessor.from_pretrained(source, **here)
        kind = _class_of(transformers.AutoConfig.from_pretrained(source, **here), auto)
        loaded = kind.from_pretrained(source, use_safetensors=True, **here, **options)
    return processor, loaded.eval()


def _class_of(config: Any, auto: str) -> Any:
    """Return the auto class, or the class of a kind of model that it does not list."""
    import transformers

    listing = getattr(transformers, auto)
    if type(config) in listing._model_mapping:
        return listing
    saved_as = getattr(transformers, (config.architectures or [""])[0], None)
    writes = isinstance(saved_as, type) and issubclass(saved_as, transformers.GenerationMixin)
    return saved_as if writes else listing


class HfModel:
    """``hf:NAME``, a model of transformers on this machine. Making one loads nothing.

    Args:
        model: a folder, or the hub's name of a model that is on disk.
    """

    def __init__(self, model: str, settings: Settings) -> None:
        self.name = f"{PREFIX}{model}"
        self._model, self._settings = model, settings
        self._lock = threading.Lock()

    def check(self) -> None:
        """See that it can be had, without loading it.

        Raises:
            ExtraMissing: transformers is not installed.
            EncoderUnavailable: the model is not on this machine.
        """
        require_transformers()
        model_source(self._model)


class GenerationStops:
    """Ends the writing of a text by time, or by another thread, and remembers which."""

    def __init__(self, seconds: float, cancel: CancelToken | None) -> None:
        self.late = False
        self._deadline, self._cancel = time.monotonic() + seconds, cancel

    def criteria(self) -> Any:
        """Return it as ``generate`` takes it."""
        from transformers import StoppingCriteriaList

        return StoppingCriteriaList([self])

    def __call__(self, ids: Any, *_: Any, **__: Any) -> Any:
        """Tell for each text that is written whether it ends here."""
        import torch

        self.late = self.late or time.monotonic() > self._deadline
        over = self.late or (self._cancel is not None and self._cancel.cancelled)
        return torch.full((ids.shape[0],), over, dtype=torch.bool)
