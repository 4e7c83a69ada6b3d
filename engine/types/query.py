"""Queries, filters and plans as frozen dataclasses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from engine.types.enums import Fusion, Group, Kind, Modality, PartKind, Placement, Sort


@dataclass(frozen=True, slots=True)
class QueryPart:
    """One part of a query: a text or an example, and how much it counts."""

    value: str
    """The text, or the path or URL of the example."""
    asked: PartKind = PartKind.TEXT
    weight: float = 1.0
    """Negative for an excluded part."""
    quoted: tuple[tuple[int, int], ...] = field(default=(), compare=False)
    """The places [begin, end) of ``value`` that stood in quotes, where no name is looked for."""
    content: bytes | None = field(default=None, repr=False, compare=False)
    """The bytes of an example that is no file, of which ``value`` is a name of its own."""


_EQUAL, _ORDERED = ("=", "!="), ("<", "<=", ">", ">=")
FILTER_OPERATORS: Mapping[str, tuple[str, ...]] = {
    "kind": _EQUAL,
    "path": _EQUAL,
    "date": _ORDERED,
    "duration": _ORDERED,
    "size": _ORDERED,
    "place": _EQUAL,
    "tags": _EQUAL,
    "speech": _EQUAL,
    "screen": _EQUAL,
}
"""The operators of a ``Condition`` by its field."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison of a filter. All fields but the last two are facts of the asset.

    | field | operators | value |
    |---|---|---|
    | kind | = != | ``image``, ``video`` or ``audio`` |
    | path | = != | a glob of the absolute path; without a slash, of the file's name |
    | date | < <= > >= | ISO 8601 without a zone, cut off where it is coarse: ``2024-06`` |
    | duration | < <= > >= | seconds |
    | size | < <= > >= | bytes |
    | place | = != | a box (south, west, north, east) in degrees; west > east crosses 180 |
    | tags | = != | a word: whether the asset, or any moment of it, has a tag of it |
    | speech | = != | ``yes`` or ``no``: whether anything is said in the asset |
    | screen | = != | ``yes`` or ``no``: whether there is anything to be read in what it shows |

    What an asset lacks (a duration, a place) no comparison of it is true of, ``!=``
    aside. A date is when the media says it was made, and the file's own date where it
    says nothing.
    """

    field: str
    op: str
    value: str | float | tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class AllOf:
    """All of these are true."""

    filters: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of these is true."""

    filters: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """This is not true."""

    filter: Filter


Filter: TypeAlias = "Condition | AllOf | AnyOf | Not"


@dataclass(frozen=True, slots=True)
class Query:
    """A question: parts, of which at least one is wanted, in one stage or several."""

    parts: tuple[QueryPart, ...] = ()
    then: tuple[tuple[QueryPart, ...], ...] = ()
    """The parts of later stages: moments of the same asset, in this order."""
    kinds: tuple[Kind, ...] = ()
    """Only assets of these kinds; empty means all."""
    filter: Filter | None = None
    """Only assets of which this is true."""
    top: int = 20
    likeness: bool = False
    """Compare examples by looks and sound alone, not by what words would say of them."""
    leave_out: tuple[str, ...] = ()
    """Paths whose moments are not shown, such as those of examples."""
    fusion: Fusion = Fusion.CALIBRATED
    weights: tuple[tuple[str, float], ...] = ()
    """Factors for branches: by modality, or of ``words``, the full text search."""
    group: Group = Group.SHOT
    likely: bool = False
    """Leave out what is less likely than not to be an answer."""
    within: float = 60.0
    """Seconds that may lie between the moments of two stages."""
    deadline_ms: float | None = None
    """Milliseconds after which branches that have not begun are left out."""
    rerank: str | None = None
    """The reranker that orders the best hits: ``cross``, ``lm``, ``llm``, or None."""
    rerank_top: int = 50
    """The number of hits that are reranked."""
    space: str | None = None
    """The space that is asked in the place of the library's default one."""
    sort: Sort | None = None
    """The order in which the best hits are shown; None is the likeliest first, and the newest
    of a filter alone."""
    spelling: bool = True
    """Mend slips of typing in words that nothing knows; off for a query with double quotes."""
    understood: tuple[str, ...] = ()
    """Notes about words that were taken for a filter or for courtesy, one line each."""
    as_written: Query | None = None
    """The query in which every word is looked for, where some were understood otherwise."""

    @classmethod
    def of(
        cls,
        text: str | None = None,
        *,
        image: str | None = None,
        audio: str | None = None,
        exclude: Sequence[str] = (),
        kinds: tuple[Kind, ...] = (),
        top: int = 20,
    ) -> Query:
        """Return a query of one stage.

        Args:
            text: a text as it stands.
            image: the path of an example; ``audio`` likewise.
            exclude: texts whose likeness counts against a moment.
        """
        asked_for = ((text, PartKind.TEXT), (image, PartKind.IMAGE), (audio, PartKind.AUDIO))
        parts = [QueryPart(value, asked) for value, asked in asked_for if value is not None]
        parts += [QueryPart(value, weight=-1.0) for value in exclude]
        return cls(tuple(parts), kinds=kinds, top=top)

    @property
    def lists(self) -> bool:
        """True for a filter alone: it asks for files, and for nothing in them."""
        asks = any(part.value.strip() for parts in self.stages for part in parts)
        return not asks and not self.then and (self.filter is not None or bool(self.kinds))

    @property
    def stages(self) -> tuple[tuple[QueryPart, ...], ...]:
        """The parts of every stage, in their order."""
        return (self.parts, *self.then)

    @property
    def text(self) -> str:
        """The texts that are asked for, less those that are excluded."""
        asked = (part for parts in self.stages for part in parts)
        worded = (PartKind.TEXT, PartKind.CONCEPT)
        return " ".join(p.value for p in asked if p.asked in worded and p.weight > 0)


QUALITY = "quality"
"""The name of branches that ask how a picture is, beside what it shows."""


@dataclass(frozen=True, slots=True)
class Branch:
    """One thing to run: a vector against one modality of a space, or words in FTS5."""

    name: str
    """``text``, ``image``, ``audio``, ``concept``, ``quality``, ``words``, ``early`` or ``not``;
    see ``why``."""
    space: str | None
    """None for the full text index."""
    modality: Modality | None
    """None for the full text index, which holds every modality."""
    parts: tuple[QueryPart, ...]
    """The question: one part, or several whose vectors are composed into one."""
    weight: float = 1.0
    """Negative for an excluded part."""
    stage: int = 0
    vectors: int = 0
    """The number of vectors that it searches."""
    exact: bool = True
    """Every vector is scored, and not the nearest lists alone."""
    placement: Placement | None = None
    """None where nothing is filtered."""
    family: str | None = None
    """The encoder's shared space, where it asks a text in several: see ``query.families``."""

    @property
    def term(self) -> str:
        """The question, as the user put it."""
        return " + ".join(part.value for part in self.parts)

    @property
    def asks(self) -> str:
        """The kind of query that backgrounds are known for: ``text``, ``image``, ``audio``, or
        a concept by its name."""
        kinds = {part.asked for part in self.parts}
        if kinds == {PartKind.CONCEPT}:
            return f"{PartKind.CONCEPT} {self.term}"
        return str(kinds.pop()) if len(kinds) == 1 else "text"


@dataclass(frozen=True, slots=True)
class Plan:
    """The way in which a query will be run. A plain value: a test can compare two of them."""

    query: Query
    branches: tuple[Branch, ...]
    fetch: int
    """Candidates asked of each branch before fusing."""
    fusion: Fusion = Fusion.CALIBRATED
    """The fusion of the query, or the one that stands in for it."""
    moments: int = 0
    """The number of moments that are searched: those that pass the filter, where there is one."""
    passing: int | None = None
    """Moments that pass the filter; None where there is none."""
    notes: tuple[str, ...] = ()
    """Deviations from what was asked, and their reasons, one line each."""
