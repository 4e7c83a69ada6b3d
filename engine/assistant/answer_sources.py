"""The sources that an answer is made from, and the options of one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.assistant.answer import OnSentence
from engine.assistant.rivals import RivalNames
from engine.assistant.scope import EVERYWHERE, FileScope
from engine.assistant.verification import Verifier
from engine.config import Settings
from engine.store import Store
from engine.types import Query, SearchResult
from engine.types.arrays import Vectors

if TYPE_CHECKING:
    from engine.common.progress import CancelToken
    from engine.generate.chat import Chat

RunQuery = Callable[[Query], SearchResult]


@dataclass(frozen=True, slots=True)
class AskOptions:
    """Options of an answer; see ``Library.ask``."""

    chat: Chat | None = None
    where: Sequence[str] | str = ()
    scope: FileScope = EVERYWHERE
    seconds: float | None = None
    on_sentence: OnSentence | None = None
    cancel: CancelToken | None = None


@dataclass(frozen=True, slots=True)
class AnswerSources:
    """The sources of answers: the library, its searches and the verifier."""

    store: Store
    settings: Settings
    run: RunQuery
    verifier: Verifier
    rivals: RivalNames
    vectors: Callable[[Sequence[int]], dict[int, Vectors]]
    """Return the unit vectors (dim,) of moments in the shared space, of those that have one."""
    embed: Callable[[str], Vectors]
    """Return the unit vector (dim,) of a text there."""
