"""The files that a query names as examples: where they are, and what they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Unpack

from engine.common.user_path import expanded, is_url, resolved
from engine.config import Settings
from engine.errors import InvalidQuery, PathNotFound
from engine.query.example_values import example_part, region_part
from engine.query.language import SearchOptions, build_query
from engine.query.media_fragments import Fragment, split_fragment
from engine.query.prepare import ExampleFile, media_type, naming_file
from engine.types import Kind, PartKind, Query, QueryPart

if TYPE_CHECKING:
    from engine.types.examples import Example, Region


@contextmanager
def resolve_examples(
    query: Query, settings: Settings
) -> Iterator[tuple[Query, Mapping[str, ExampleFile]]]:
    """Yield the query with all examples known for pictures or sounds, and their files.

    What a URL names is fetched, and kept for the length of the ``with``, and so is what a
    caller gave as bytes.

    Raises:
        InvalidQuery: an example is not there, or is neither picture, video nor sound.
    """
    with ExitStack() as kept:
        files: dict[str, ExampleFile] = {}

        def known(part: QueryPart) -> QueryPart:
            if part.asked in (PartKind.TEXT, PartKind.CONCEPT):
                return part
            if part.value not in files:
                files[part.value] = _local(part, settings, kept)
            # A result keeps its query, and shall not keep the bytes of an example with it.
            return replace(_of_kind(part, files[part.value]), content=None)

        # A file that was given twice, by its name and as a picture, is one example.
        parts, *then = [tuple(dict.fromkeys(map(known, stage))) for stage in query.stages]
        yield replace(query, parts=parts, then=tuple(then)), files


def _local(part: QueryPart, settings: Settings, kept: ExitStack) -> ExampleFile:
    if part.content is not None:
        return _example(_written(part.content, kept), split_fragment(part.value)[1])
    if is_url(part.value):
        from engine.media.fetch import fetched

        address, fragment = split_fragment(part.value)
        return _example(kept.enter_context(fetched(address, settings)), fragment)
    return local_file(part.value)


def _written(content: bytes, kept: ExitStack) -> Path:
    """Write an example to a file of its own: a folder would take as long as decoding it."""
    with NamedTemporaryFile(prefix="sensorium-", delete=False) as file:
        path = Path(file.name)
        kept.callback(path.unlink, missing_ok=True)
        file.write(content)
    return path


def local_file(value: str | Path) -> ExampleFile:
    """Return the file of an example; ``clip.mp4#t=12`` is a moment of it.

    Raises:
        InvalidQuery: it is the home folder of nobody, or no path at all; or it is a region that
            no picture has.
    """
    whole = local_path(value)
    path, fragment = split_fragment(str(value))
    if fragment == Fragment() or whole.exists():
        return ExampleFile(whole)
    return _example(local_path(path), fragment)


def _example(path: Path, fragment: Fragment) -> ExampleFile:
    return ExampleFile(path, fragment.start, fragment.end, fragment.region)


def local_path(value: str | Path) -> Path:
    """Return the path of an example, with ``~`` as the folder that it stands for.

    Raises:
        InvalidQuery: it is the home folder of nobody, or no path at all.
    """
    try:
        return expanded(value)
    except PathNotFound as error:
        raise InvalidQuery(str(error)) from None


def similar_query(
    example: Example,
    local: bool = True,
    *,
    region: Region | None = None,
    text: str | None = None,
    **options: Unpack[SearchOptions],
) -> Query:
    """Return the query for what is like an example, and like words and others where they are given.

    Without words, examples are compared by looks and sound alone. Their own files are left out.

    Args:
        local: as for ``build_query``.

    Raises:
        InvalidQuery: the example or the region is none, and as ``build_query``.
    """
    part = region_part(example_part(example, PartKind.FILE, "path"), region)
    options["more"] = [part, *options.get("more", ())]
    query = build_query(text, local=local, **options)
    worded = any(each.asked is PartKind.TEXT for each in query.parts)
    own = _own_files(query)
    written = query.as_written and replace(query.as_written, leave_out=own)
    return replace(query, likeness=not worded, leave_out=own, as_written=written)


def _own_files(query: Query) -> tuple[str, ...]:
    parts = (part for stage in query.stages for part in stage)
    examples = (p for p in parts if p.asked not in (PartKind.TEXT, PartKind.CONCEPT))
    return tuple(file for part in examples if (file := own_file(part)) is not None)


def own_file(part: QueryPart) -> str | None:
    """Return the file of an example, which nothing shall find; None for what is no file here."""
    if part.content is not None or is_url(part.value):
        return None
    try:
        return str(resolved(local_file(part.value).path))
    except PathNotFound as error:
        raise InvalidQuery(str(error)) from None


def _of_kind(part: QueryPart, file: ExampleFile) -> QueryPart:
    """Return the part as a picture or a sound, which it must be where the query says so.

    Raises:
        InvalidQuery: it is a picture that was named as a sound, or the other way round.
    """
    try:
        with naming_file(part.value):
            kind = media_type(file.path).kind
    except InvalidQuery:
        if part.asked is PartKind.FILE:
            raise
        return part  # reading it says what is wrong with it
    if kind is Kind.AUDIO and file.region is not None:
        raise InvalidQuery(f"{part.value}: a sound has no region", arguments=("region",))
    if part.asked is PartKind.AUDIO and kind is Kind.IMAGE:
        raise InvalidQuery(
            f"{part.value} is a picture, not a sound: give it as image=", arguments=("image",)
        )
    if part.asked is PartKind.IMAGE and kind is Kind.AUDIO:
        raise InvalidQuery(
            f"{part.value} is a sound, not a picture: give it as audio=", arguments=("audio",)
        )
    if part.asked is not PartKind.FILE:
        return part
    return replace(part, asked=PartKind.AUDIO if kind is Kind.AUDIO else PartKind.IMAGE)
