"""A model of sentence-transformers that puts pictures in order: checked, fetched, loaded once."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from threading import RLock
from typing import Generic, Protocol, TypeVar

from engine.common.silence import quiet_transformers
from engine.common.user_path import folder_of
from engine.config import Settings
from engine.encoders import hub
from engine.encoders.sentence_transformer.load import (
    fetch_folder,
    model_loading,
    refuse_pickles,
)
from engine.errors import EncoderUnavailable, ExtraMissing


class HasRevision(Protocol):
    """A loaded model, with the revision of all that decides a score."""

    @property
    def revision(self) -> str:
        """The revision."""
        ...


Loaded = TypeVar("Loaded", bound=HasRevision)


class RerankerModel(ABC, Generic[Loaded]):
    """A model that is loaded when it is first used. Making one loads nothing.

    Args:
        name: the prefix, and a repository of a model hub or a folder.
    """

    prefix: str
    """Comes before the model's own name."""
    example: str
    """A name, for whoever gave none."""
    kind: str
    """A phrase for the models that can be named, for whoever named another."""

    def __init__(self, name: str, settings: Settings) -> None:
        self.name = name
        model = name.removeprefix(self.prefix)
        self._model_name = str(folder_of(model) or model)
        self._settings = settings
        self._lock = RLock()

    def check(self) -> None:
        """See that the packages are installed and that there is a name.

        Raises:
            ExtraMissing: they are not.
            EncoderUnavailable: there is none.
        """
        if not find_spec("sentence_transformers"):
            raise ExtraMissing(f"the reranker {self.name}", "st")
        if not self._model_name:
            raise EncoderUnavailable(f"{self.name} names no model; an example is {self.example}")

    def fetch(self) -> None:
        """Have all of its files on disk, and load nothing.

        Raises:
            EncoderUnavailable: they cannot be had.
        """
        self.check()
        with self._one_line():
            fetch_folder(self._model_name)

    def is_loaded(self) -> bool:
        """Tell whether it can answer at once."""
        return "_once" in self.__dict__

    def load(self) -> None:
        """Load it now instead of at first use.

        Raises:
            EncoderUnavailable: it cannot be had, or takes no pictures.
        """
        _ = self._loaded

    @property
    def revision(self) -> str:
        """The revision of the weights and of all that decides a score."""
        return self._loaded.revision

    @property
    def _loaded(self) -> Loaded:
        with self._lock:
            return self._once

    @cached_property
    def _once(self) -> Loaded:
        self.check()
        with quiet_transformers(), self._one_line():
            folder = fetch_folder(self._model_name)
            refuse_pickles(folder)
            with hub.offline():
                return self._load(folder)

    @abstractmethod
    def _load(self, folder: Path) -> Loaded:
        """Load the model of a folder."""

    def _one_line(self) -> AbstractContextManager[None]:
        return model_loading(
            f"reranker {self.name}",
            f"{self.prefix}NAME names {self.kind}, on a hub that can be reached or in a folder",
        )
