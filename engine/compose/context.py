"""The parts of a library that pages are composed from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.assistant.verification import Verifier
from engine.common.progress import Progress
from engine.config import Settings
from engine.generate.budget import MeteredChat
from engine.query.browse.service import Browsing
from engine.query.concepts.service import Concepts
from engine.store import Store
from engine.types import Query, SearchResult

if TYPE_CHECKING:
    from engine.assistant.answer import CitedAnswer
    from engine.common.progress import CancelToken


@dataclass(frozen=True, slots=True)
class ComposeContext:
    """The calls of a library that composing needs, with who watches it and who may write."""

    store: Store
    settings: Settings
    run: Callable[[Query], SearchResult]
    thumbnail: Callable[[int, int], bytes]
    """Return a JPEG of a moment, its longest side so many pixels at most."""
    browse: Browsing
    concepts: Concepts
    verifier: Verifier
    ask: Callable[[str, str], CitedAnswer]
    """Answer a question by the files that pass a filter."""
    near_copies: Callable[[Sequence[str]], Mapping[int, int]]
    """Return, of files, the copies by their numbers, each with the file that stays."""
    chat: MeteredChat | None
    """A model that may write sentences; None for none."""
    progress: Progress
    cancel: CancelToken | None
