"""Examples of `sensorium search` and `similar` that are no paths: stdin and the clipboard."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import click

from engine.commands.options import Command, settings
from engine.errors import InvalidQuery

if TYPE_CHECKING:
    from engine.types import PartKind, QueryPart


class TypedExamples(TypedDict, total=False):
    """Examples as ``Library.query`` takes them."""

    image: str | QueryPart
    audio: str | QueryPart
    video: str | QueryPart


EXAMPLES = ("image", "audio", "video")
"""Options of `sensorium search` that name an example."""
STDIN = "-"
_MOST_TEXT = 10_000
"""Bytes: more than this is no query that a person puts into a pipe."""


def clipboard_option(command: Command) -> Command:
    """Add ``--clipboard``."""
    return click.option(
        "--clipboard",
        is_flag=True,
        help="Take the picture, the copied file or the text of the clipboard.",
    )(command)


def example_of(typed: str, asked: PartKind) -> str | QueryPart:
    """Return the example that an option names; ``-`` is what is piped in."""
    if typed != STDIN:
        return typed
    return _part("stdin", _piped(), asked)


def piped_query(asked: PartKind) -> str | QueryPart:
    """Return what is piped in: a text to look for, or an example."""
    content = _piped()
    return _text(content) or _part("stdin", content, asked)


def clipboard_query(asked: PartKind) -> str | QueryPart:
    """Return what the clipboard holds: a text to look for, or an example.

    Raises:
        UsageError: it holds nothing of use, or there is no program that reads it.
    """
    from engine.library.facade import Library

    content = Library.clipboard()
    if isinstance(content, Path):
        from engine.types import QueryPart

        return QueryPart(str(content), asked)
    return content if isinstance(content, str) else _part("the clipboard", content, asked)


def asked_with(
    words: Sequence[str], clipboard: bool, typed: Mapping[str, str | None]
) -> tuple[Sequence[str] | str, TypedExamples]:
    """Return the text and the examples of a search, of which stdin and the clipboard are some.

    Args:
        typed: the options of ``EXAMPLES`` as they were given.
    """
    from engine.types import PartKind

    examples: TypedExamples = {}
    if (image := typed["image"]) is not None:
        examples["image"] = example_of(image, PartKind.IMAGE)
    if (audio := typed["audio"]) is not None:
        examples["audio"] = example_of(audio, PartKind.AUDIO)
    if (video := typed["video"]) is not None:
        examples["video"] = example_of(video, PartKind.FILE)
    text: Sequence[str] | str = words
    for asked, query in ((list(words) == [STDIN], piped_query), (clipboard, clipboard_query)):
        if not asked:
            continue
        found = query(PartKind.FILE)
        if not isinstance(found, str):
            if "video" in examples:
                raise InvalidQuery("one example at a time: stdin, --clipboard or --video")
            examples["video"] = found
            text = () if text == words and query is piped_query else text
        else:
            text = found if query is piped_query or not words else (*words, found)
    return text, examples


def _part(name: str, content: bytes, asked: PartKind) -> QueryPart:
    from engine.types import QueryPart

    return QueryPart(name, asked, content=content)


def _piped() -> bytes:
    if sys.stdin is None or sys.stdin.isatty():
        raise InvalidQuery("nothing is piped in: write `cat FILE | sensorium ... -`")
    most = settings().max_fetch_bytes
    content = sys.stdin.buffer.read(most + 1)
    if len(content) > most:
        raise InvalidQuery(f"stdin: more than {most:,} bytes (SENSORIUM_MAX_FETCH_BYTES)")
    if not content:
        raise InvalidQuery("stdin: what is piped in is empty")
    return content


def _text(content: bytes) -> str | None:
    """Return bytes as a text, where they are one that a person may look for."""
    if len(content) > _MOST_TEXT:
        return None
    try:
        text = content.decode().strip()
    except UnicodeDecodeError:
        return None
    return text if text and all(c.isprintable() or c.isspace() for c in text) else None
