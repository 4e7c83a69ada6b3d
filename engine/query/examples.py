"""The files that a query names as examples: where they are, and what they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from engine.common.user_path import expanded, is_url
from engine.config import Settings
from engine.errors import InvalidQuery, PathNotFound
from engine.query.embed import media_type, naming_file
from engine.types import Kind, PartKind, Query, QueryPart


@contextmanager
def resolve_examples(
    query: Query, settings: Settings
) -> Iterator[tuple[Query, Mapping[str, Path]]]:
    """Yield the query with all examples known for pictures or sounds, and their files.

    What a URL names is fetched, and kept for the length of the ``with``.

    Raises:
        InvalidQuery: an example is not there, or is neither picture, video nor sound.
    """
    with ExitStack() as kept:
        files: dict[str, Path] = {}

        def known(part: QueryPart) -> QueryPart:
            if part.asked in (PartKind.TEXT, PartKind.CONCEPT):
                return part
            if part.value not in files:
                files[part.value] = _local(part.value, settings, kept)
            return _of_kind(part, files[part.value])

        # A file that was given twice, by its name and as a picture, is one example.
        parts, *then = [tuple(dict.fromkeys(map(known, stage))) for stage in query.stages]
        yield replace(query, parts=parts, then=tuple(then)), files


def _local(value: str, settings: Settings, kept: ExitStack) -> Path:
    if is_url(value):
        from engine.media.fetch import fetched

        return kept.enter_context(fetched(value, settings))
    return local_path(value)


def local_path(value: str | Path) -> Path:
    """Return the path of an example, with ``~`` as the folder that it stands for.

    Raises:
        InvalidQuery: it is the home folder of nobody, or no path at all.
    """
    try:
        return expanded(value)
    except PathNotFound as error:
        raise InvalidQuery(str(error)) from None


def _of_kind(part: QueryPart, file: Path) -> QueryPart:
    """Return the part as a picture or a sound, which it must be where the query says so.

    Raises:
        InvalidQuery: it is a picture that was named as a sound, or the other way round.
    """
    try:
        with naming_file(part.value):
            kind = media_type(file).kind
    except InvalidQuery:
        if part.asked is PartKind.FILE:
            raise
        return part  # reading it says what is wrong with it
    if part.asked is PartKind.AUDIO and kind is Kind.IMAGE:
        raise InvalidQuery(f"{part.value} is a picture, not a sound: name it with --image")
    if part.asked is PartKind.IMAGE and kind is Kind.AUDIO:
        raise InvalidQuery(f"{part.value} is a sound, not a picture: name it with --audio")
    if part.asked is not PartKind.FILE:
        return part
    return replace(part, asked=PartKind.AUDIO if kind is Kind.AUDIO else PartKind.IMAGE)
