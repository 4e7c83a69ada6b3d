"""Build a ``Query`` of what a person or a program asks with."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, TypedDict, TypeVar, Unpack

from engine.common import local_time
from engine.common.choices import closest_choice, no_choice
from engine.common.user_path import expanded
from engine.errors import InvalidQuery, PathNotFound
from engine.media.sniff import promises_media
from engine.query.example_values import example_part
from engine.query.language.pasted_paths import quote_path_words, quote_paths
from engine.query.language.plain_words import understand
from engine.query.language.query_parser import ParsedQuery, parse_query, parse_query_words
from engine.query.language.where_parser import parse_where
from engine.types import (
    AllOf,
    AnyOf,
    Condition,
    Filter,
    Fusion,
    Group,
    Kind,
    Modality,
    PartKind,
    Query,
    QueryPart,
    Sort,
)

if TYPE_CHECKING:
    from engine.types.examples import Example, ExampleFile, Picture, Region, Sound

_Choice = TypeVar("_Choice", bound=StrEnum)
_PATTERN = re.compile(r"[^\s*]*\*+[\w.][^\s]*|[^\s*]*[\w.-]\*+[^\s]*")
"""A word with a star in it, as a shell has for names: ``*.jpg``, ``IMG_00*``."""
_QUOTES = ('"', "\u201c")
_SEEN = (Modality.IMAGE, Modality.KEYFRAME, Modality.SCREEN)
"""Modalities that do not answer where only what is heard was meant."""


class QueryOptions(TypedDict, total=False):
    """Options of how a query is run, apart from what it asks; see the fields of ``Query``.

    ``floor`` is an older name of ``likely``.
    """

    fusion: Fusion | str
    weights: Mapping[str, float]
    group: Group | str
    likely: bool
    floor: bool
    within: float
    deadline_ms: float | None
    rerank: str | None
    rerank_top: int
    space: str | None
    sort: Sort | str | None


class SearchOptions(QueryOptions, total=False):
    """The keywords of ``Library.search``, for calls that hand them on."""

    image: Picture | None
    audio: Sound | None
    video: ExampleFile | None
    more: Sequence[Example]
    less: Sequence[Example]
    exclude: Sequence[str] | str
    kinds: Sequence[Kind | str] | str
    where: Sequence[str] | str
    top: int


class SimilarOptions(QueryOptions, total=False):
    """The keywords of ``Library.similar``, for calls that hand them on."""

    region: Region | None
    text: str | None
    more: Sequence[Example]
    less: Sequence[Example]
    kinds: Sequence[Kind | str] | str
    where: Sequence[str] | str
    top: int


_ARGUMENTS = (
    "text", "image", "audio", "video", "more", "less", "exclude", "kinds", "where", "top",
    *QueryOptions.__annotations__,
)  # fmt: skip
"""Names of the arguments of a query, for whoever misspelt one."""


def build_query(
    text: str | Sequence[str] | None = None,
    *,
    image: Picture | None = None,
    audio: Sound | None = None,
    video: ExampleFile | None = None,
    more: Sequence[Example] = (),
    less: Sequence[Example] = (),
    exclude: Sequence[str] | str = (),
    kinds: Sequence[Kind | str] | str = (),
    where: Sequence[str] | str = (),
    top: int = 20,
    local: bool = True,
    **options: Unpack[QueryOptions],
) -> Query:
    """Build a query of what was typed.

    Args:
        text: in the query language (docs/language.md), as one text or as the words of a
            command line.
        image: an example picture or video; ``audio`` an example sound, ``video`` either.
        more: further examples of either; ``less`` those whose likeness counts against a moment.
        exclude: texts that are not wanted, as they stand.
        where: filter expressions, all of which must be true.
        local: look whether words are names of files here, as those with spaces may be.

    Raises:
        QuerySyntax: ``text`` or ``where`` cannot be read.
        InvalidQuery: a kind, or another choice, that there is none of.
    """
    parsed = _parsed(text, local)
    stages = parsed.stages or ((),)
    parts = [
        *stages[0],
        *_examples(image, audio, video),
        *(example_part(each, PartKind.FILE, "more") for each in more),
        *(replace(example_part(each, PartKind.FILE, "less"), weight=-1.0) for each in less),
        *(QueryPart(t, weight=-1.0) for t in as_sequence(exclude)),
    ]
    filters = [*([parsed.filter] if parsed.filter else []), *map(parse_where, as_sequence(where))]
    wanted, rest = _kinds_among([part for clause in filters for part in _conjuncts(clause)])
    query = Query(
        parts=tuple(map(_tokenizable, parts)),
        then=tuple(tuple(map(_tokenizable, stage)) for stage in stages[1:]),
        kinds=_common(parse_kinds(kinds), wanted),
        filter=_all(rest),
        top=top,
    )
    query = with_options(query, **options)
    if _is_quoted(text):
        return replace(query, spelling=False)
    files = tuple(_files_as_words(query)) if local else ()
    query = query if len(stages) > 1 else _as_meant(query)
    return replace(query, understood=(*query.understood, *files)) if files else query


def _parsed(text: str | Sequence[str] | None, local: bool) -> ParsedQuery:
    if text is not None and (isinstance(text, bytes) or not isinstance(text, Sequence)):
        raise InvalidQuery(f"{text!r} is no query: give a str")
    is_file = _is_file if local else _is_none
    if text is None or isinstance(text, str):
        return parse_query(quote_paths(text or "", is_file))
    return parse_query_words(quote_path_words(text, is_file))


def _is_file(path: str) -> bool:
    try:
        return expanded(path).is_file()
    except (PathNotFound, OSError):
        return False


def _files_as_words(query: Query) -> Iterator[str]:
    """Yield a note for each text that is the path of a media file, whether that is there or not."""
    for part in query.parts:
        path = part.value if part.asked is PartKind.TEXT else ""
        if "/" not in path or not promises_media(path):
            continue
        if _is_file(path):
            yield f"{path} is looked for as words; what is like this file: ./{path}"
        elif " " not in path:
            yield f"{path}: there is no such file here; it is looked for as words"


def _is_none(_: str) -> bool:
    return False


def _is_quoted(text: str | Sequence[str] | None) -> bool:
    """Tell whether a part of a query is in double quotes, and so meant word for word."""
    typed = [text or ""] if text is None or isinstance(text, str) else text
    return any(mark in word for word in typed for mark in _QUOTES)


def _as_meant(query: Query) -> Query:
    """Return a query in which courtesy, kinds and dates in words are what they mean."""
    texts = [part for part in query.parts if part.asked is PartKind.TEXT and part.weight > 0]
    if len(texts) != 1 or texts[0].weight != 1 or query.then:
        return query
    (part,) = texts
    if _PATTERN.fullmatch(part.value):
        return _listed(query, part)
    meant = understand(part.value, local_time.today())
    kinds = query.kinds if meant.kind is None else _kinds_of(query.kinds, meant.kind)
    if meant.text == part.value or (not kinds and meant.kind is not None):
        return query
    others = tuple(other for other in query.parts if other is not part)
    if not meant.text and others:
        return query
    parts = (replace(part, value=meant.text), *others) if meant.text else ()
    if meant.unwanted:
        parts = (*parts, QueryPart(meant.unwanted, weight=-1.0))
    seen = [(name, 0.0) for name in _SEEN if meant.heard and name not in dict(query.weights)]
    return replace(
        query,
        parts=parts,
        weights=tuple(sorted([*query.weights, *seen])),
        kinds=kinds,
        filter=_all(filter(None, (query.filter, meant.filter))),
        understood=meant.notes,
        as_written=query,
    )


def _listed(query: Query, pattern: QueryPart) -> Query:
    """Return a query in which a text that is a pattern of names is a filter of paths."""
    shown = f"path:{pattern.value}"
    others = tuple(other for other in query.parts if other is not pattern)
    if any(other.weight > 0 for other in others) or not others:
        filters = (query.filter, parse_query(shown).filter)
        note = f"{pattern.value!r} is taken as {shown}; double quotes around it undo it"
        return replace(
            query, parts=others, filter=_all(filter(None, filters)), understood=(note,),
            as_written=query,
        )  # fmt: skip
    return query


def _kinds_of(asked: tuple[Kind, ...], meant: Kind) -> tuple[Kind, ...]:
    return (meant,) if not asked or meant in asked else ()


def with_options(query: Query, **options: Unpack[QueryOptions]) -> Query:
    """Return the query with these options.

    Raises:
        InvalidQuery: a choice that there is none of.
    """
    changes: dict[str, object] = dict(options)
    for name in changes.keys() - QueryOptions.__annotations__.keys():
        near = closest_choice(name, _ARGUMENTS)
        meant = f"did you mean {near!r}?" if near else f"there are {', '.join(_ARGUMENTS)}"
        raise TypeError(f"there is no argument {name!r} of a query; {meant}")
    if "floor" in changes:
        changes.setdefault("likely", changes.pop("floor"))
        changes.pop("floor", None)
    if "fusion" in options:
        changes["fusion"] = choice(Fusion, options["fusion"], "way to fuse")
    if "group" in options:
        changes["group"] = choice(Group, options["group"], "way to group")
    if (sort := options.get("sort")) is not None:
        changes["sort"] = choice(Sort, sort, "order")
    if "weights" in options:
        changes["weights"] = _weights(options["weights"])
    if not isinstance(space := options.get("space"), str | None):
        raise InvalidQuery(f"space={space!r} is no name of a space", arguments=("space",))
    return replace(query, **changes)  # type: ignore[arg-type]


def _weights(weights: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
    if not isinstance(weights, Mapping):
        raise InvalidQuery(
            f"weights= must be numbers by their names, such as {{'sound': 2}}, not {weights!r}",
            arguments=("weights",),
        )
    return tuple(sorted(weights.items()))


def parse_kinds(kinds: Sequence[Kind | str] | str) -> tuple[Kind, ...]:
    """Return kinds by their names.

    Raises:
        InvalidQuery: there is no such kind.
    """
    return tuple(choice(Kind, kind, "kind") for kind in as_sequence(kinds))


def as_sequence(texts: Sequence[str] | str) -> Sequence[str]:
    """Return a sequence of texts; a lone text or path is one text, and not its letters.

    Raises:
        InvalidQuery: it is neither a text nor a sequence.
    """
    if isinstance(texts, str | os.PathLike):
        return [os.fspath(texts)]
    listed = [texts] if isinstance(texts, bytes) or not isinstance(texts, Iterable) else [*texts]
    for text in listed:
        if not isinstance(text, str | os.PathLike):
            raise InvalidQuery(f"{text!r} is no text: give a str, or a list of them")
    return listed


def choice(choices: type[_Choice], value: str, what: str) -> _Choice:
    """Return a choice by its name.

    Raises:
        InvalidQuery: there is no such choice.
    """
    try:
        return choices(value)
    except ValueError:
        raise InvalidQuery(no_choice(what, value, choices)) from None


def _examples(
    image: Picture | None, audio: Sound | None, video: ExampleFile | None
) -> Iterator[QueryPart]:
    given = (
        ("image", PartKind.IMAGE, image),
        ("audio", PartKind.AUDIO, audio),
        ("video", PartKind.FILE, video),
    )
    for argument, asked, value in given:
        if value is not None:
            yield example_part(value, asked, argument)


def _conjuncts(wanted: Filter) -> Iterator[Filter]:
    if isinstance(wanted, AllOf):
        for clause in wanted.filters:
            yield from _conjuncts(clause)
    else:
        yield wanted


def _kinds_among(filters: Sequence[Filter]) -> tuple[list[set[Kind]], list[Filter]]:
    """Split filters into those that name kinds, as kinds, and the others.

    A plan leaves out what a kind does not have, and needs no filter for most of the rest.
    """
    kinds, rest = [], []
    for clause in filters:
        named = _named_kinds(clause)
        if named:
            kinds.append(named)
        else:
            rest.append(clause)
    return kinds, rest


def _named_kinds(wanted: Filter) -> set[Kind]:
    """Return the kinds that a filter asks for, where it asks for nothing else; else none."""
    if isinstance(wanted, Condition) and (wanted.field, wanted.op) == ("kind", "="):
        return {Kind(str(wanted.value))}
    if isinstance(wanted, AnyOf):
        every = [_named_kinds(clause) for clause in wanted.filters]
        return set().union(*every) if all(every) else set()
    return set()


def _common(asked: tuple[Kind, ...], named: Sequence[set[Kind]]) -> tuple[Kind, ...]:
    """Return the kinds that are left of those that were asked for.

    Raises:
        InvalidQuery: there are none.
    """
    left = set(asked or Kind).intersection(*named)
    if not left:
        raise InvalidQuery("no file is of two kinds at once")
    return asked if not named else tuple(kind for kind in Kind if kind in left)


def _all(filters: Iterable[Filter]) -> Filter | None:
    every = tuple(filters)
    return AllOf(every) if len(every) > 1 else (every[0] if every else None)


def _tokenizable(part: QueryPart) -> QueryPart:
    """Replace bytes of a text that are no UTF-8 by question marks."""
    if part.asked is not PartKind.TEXT:
        return part
    return replace(part, value=part.value.encode("utf-8", "replace").decode())
