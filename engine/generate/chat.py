"""The protocol of a chat with a language model: messages and replies, whoever makes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    from engine.common.progress import CancelToken

Role: TypeAlias = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True)
class Text:
    """A part of a message that is read."""

    text: str


@dataclass(frozen=True, slots=True)
class ChatImage:
    """A part of a message that is looked at."""

    jpeg: bytes = field(repr=False)
    seconds: float | None = None
    """The time in its video; None where it is of none."""


@dataclass(frozen=True, slots=True)
class ChatMedia:
    """A part of a message that is heard or watched, as a file."""

    content: bytes = field(repr=False)
    mime: str
    """``audio/wav``, ``video/mp4``."""


Part: TypeAlias = Text | ChatImage | ChatMedia


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a chat."""

    role: Role
    parts: tuple[Part, ...]

    @classmethod
    def from_text(cls, role: Role, text: str) -> Message:
        """Make a message that is one text."""
        return cls(role, (Text(text),))

    @property
    def text(self) -> str:
        """All that is to be read in it; pictures are left out."""
        return "\n".join(part.text for part in self.parts if isinstance(part, Text))


@dataclass(frozen=True, slots=True)
class Schema:
    """The JSON that an answer must be, as a JSON Schema with a name."""

    name: str
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one exchange, as the model's server counts them; 0 where it does not say."""

    asked: int = 0
    answered: int = 0

    @property
    def total(self) -> int:
        return self.asked + self.answered


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer of the model."""

    text: str
    model: str
    """The model that answered, in its server's words."""
    usage: Usage = field(default_factory=Usage)


class Chat(Protocol):
    """A model that answers messages."""

    model: str
    """The model that is asked for; part of every cache's key."""

    def reply(
        self,
        messages: Sequence[Message],
        *,
        seconds: float,
        schema: Schema | None = None,
        most_tokens: int | None = None,
        on_text: Callable[[str], None] | None = None,
        cancel: CancelToken | None = None,
    ) -> Reply:
        """Answer the last of ``messages``.

        Args:
            seconds: from the call to its end at most, whatever the server does.
            schema: what the answer must be, where the model can be held to that. The
                caller checks all the same.
            most_tokens: of the answer.
            on_text: called with each piece of the answer as it comes, where the model can do
                that, and else with the whole.
            cancel: ends the call from another thread.

        Raises:
            ChatFailed: no answer came in time, or none that can be read.
            Cancelled: ``cancel`` was.
            UsageError: the model is not installed or not configured.
        """
        ...
