"""Scores, hits and reports as frozen dataclasses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from operator import attrgetter
from typing import TYPE_CHECKING, Any, SupportsIndex, TypeAlias, overload

from engine.common.optional_package import importing
from engine.common.shown_as_text import ShownAsText
from engine.errors import UsageError
from engine.types.enums import Kind, Modality
from engine.types.media import Failure
from engine.types.query import Branch, Plan, Query

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    from numpy.typing import NDArray
    from PIL import Image

    from engine.types.arrays import MomentIds


@dataclass(frozen=True, slots=True, eq=False)
class BranchScores:
    """The scores that one branch gives the candidates that it can score."""

    branch: Branch
    ids: MomentIds
    """(n,), int64, ascending."""
    raw: NDArray[np.float64]
    """(n,): cosine similarity in [-1, 1], or BM25 (higher is better) for words."""
    log_odds: NDArray[np.float64]
    """(n,): ``raw`` against its background, in nats; comparable between branches."""
    mean: NDArray[np.float64] | None = None
    """(n,): what is expected of each moment; None for words, which have no background."""
    std: float | None = None
    """The deviation of pairs that do not belong together."""
    literal: NDArray[np.bool_] | None = None
    """(n,): what was asked is, word for word, a name, title or sentence that a moment has, and
    nothing that it resembles speaks against it; None for a branch of vectors."""


@dataclass(frozen=True, slots=True)
class BranchOutcome:
    """The outcome of one branch."""

    branch: Branch
    found: int
    """Moments that it brought into the ranking."""
    ms: float
    skipped: bool = False
    """The deadline came first."""


@dataclass(frozen=True, slots=True)
class Why:
    """The contribution of one branch to a hit."""

    branch: str
    space: str | None
    raw: float
    log_odds: float
    """The raw score against the background of its modality, in nats, before its weight."""
    weight: float = 1.0
    asked: str = ""
    """The text or the example that this is about."""
    mean: float | None = None
    """The score that is expected of the moment, with which ``raw`` is compared; None for words."""
    std: float | None = None
    """The deviation of pairs that do not belong together."""
    words: str | None = None
    """The transcript, or the tags that matched."""

    def __reduce__(self) -> tuple[type[Why], tuple[Any, ...]]:
        return Why, _OF_WHY(self)


@dataclass(frozen=True, slots=True)
class Span:
    """The moment of an asset that answers one stage, or one part, of a query."""

    moment_id: int
    modality: Modality
    start: float | None
    end: float | None
    asked: str
    words: str | None = None

    def __reduce__(self) -> tuple[type[Span], tuple[Any, ...]]:
        return Span, _OF_SPAN(self)


MakeThumbnail: TypeAlias = "Callable[[int], bytes]"
"""Return a JPEG of the moment of this id."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A fused result that the user sees. Times are seconds, None for a picture.

    It is a plain value: it pickles, and compares by its facts. A hit that was pickled has
    lost the library that it came from, and with it its thumbnail.
    """

    rank: int
    score: float
    kind: Kind
    path: str
    asset_id: int
    moment_id: int
    modality: Modality
    start: float | None
    end: float | None
    why: tuple[Why, ...]
    more: int = 0
    """Further moments that belong together with this one, of those that were found."""
    spans: tuple[Span, ...] = ()
    """The moments that answer each stage, for a query that has several; and for interaction,
    each part."""
    confidence: float = 0.0
    """The probability, 0 to 1, that it answers the query."""
    likely: bool = False
    """True if it is more likely than not that it does."""
    others: tuple[int, ...] = ()
    """The numbers of the first of the ``more`` moments, 50 at most."""
    _make_thumbnail: MakeThumbnail | None = field(default=None, repr=False, compare=False)
    """Set by the library that the hit comes from."""

    def open(self, program: str = "") -> None:
        """Open the file with the system's viewer, at the moment where a player can.

        Args:
            program: another command, such as ``mpv --start={start} {path}``, which ends
                before this returns; ``library.settings.open`` has that of SENSORIUM_OPEN.

        Raises:
            PathNotFound: the file is gone.
            UsageError: the system has no program to open files with, or this one fails.
        """
        from engine.common.viewer import open_file

        open_file(self.path, self.start, program)

    def thumbnail(self) -> Image.Image:
        """Return a picture of the moment, RGB, its longest side at most 320 pixels.

        Raises:
            MediaError: its file cannot be read as it is now.
            UsageError: the hit was pickled, and so has no library.
        """
        from io import BytesIO

        from PIL import Image

        return Image.open(BytesIO(self.jpeg()))

    def jpeg(self) -> bytes:
        """Return the bytes of ``thumbnail``, a JPEG.

        Raises:
            MediaError: its file cannot be read as it is now.
            UsageError: the hit was pickled, and so has no library.
        """
        if self._make_thumbnail is None:
            raise UsageError(
                "this hit has no library, because it was pickled or made by hand; ask"
                f" library.thumbnail({self.moment_id})"
            )
        return self._make_thumbnail(self.moment_id)

    def to_dict(self) -> dict[str, Any]:
        """Return all facts, reasons and spans included, as plain dicts and lists."""
        nested = {"why": [*map(_facts, self.why)], "spans": [*map(_facts, self.spans)]}
        return _facts(self) | nested

    def _repr_html_(self) -> str:
        """Return the hit as a picture with its facts, for a notebook."""
        from engine.common.result_html import html_table

        return html_table(SearchResult(Query(), (self,)))

    def __reduce__(self) -> tuple[type[Hit], tuple[Any, ...]]:
        return Hit, _OF_HIT(self)


def _public(value: type[Hit | Why | Span]) -> tuple[str, ...]:
    return tuple(spec.name for spec in fields(value) if not spec.name.startswith("_"))


_NAMES: dict[type[Any], tuple[str, ...]] = {of: _public(of) for of in (Hit, Why, Span)}
"""The fields that are facts, by class; the dataclasses' own ways to copy and to pickle look them
up anew for each value, in half of the time that a page of hits takes between two processes."""
_OF_HIT, _OF_WHY, _OF_SPAN = (attrgetter(*names) for names in _NAMES.values())


def _facts(value: Hit | Why | Span) -> dict[str, Any]:
    """Return the fields as they are: ``asdict`` copies them all, in a millisecond a page."""
    return {name: getattr(value, name) for name in _NAMES[type(value)]}


@dataclass(frozen=True, slots=True, repr=False)
class SearchResult(Sequence[Hit]):
    """The hits of one query, best first, with what came of it.

    It is a sequence of hits: ``len(result)``, ``result[0]``, ``for hit in result``; a slice
    is a result with fewer hits. It shows itself as a table at a prompt, and with pictures in
    a notebook.
    """

    query: Query
    hits: tuple[Hit, ...]
    took_ms: Mapping[str, float] = field(default_factory=dict)
    """Per stage."""
    plan: Plan | None = None
    outcomes: tuple[BranchOutcome, ...] = ()
    refills: int = 0
    """The number of times that more candidates were asked for, for want of hits."""
    below: int = 0
    """Moments that were found and are less likely than not; ``likely=True`` leaves them out."""
    partial: bool = False
    """The deadline came before every branch had run."""
    reranked: str | None = None
    """The reranker of the hits; None where the fused order stands."""
    notes: tuple[str, ...] = ()
    """Deviations from what was asked, and their reasons, one line each."""

    def __len__(self) -> int:
        return len(self.hits)

    def __iter__(self) -> Iterator[Hit]:
        return iter(self.hits)

    @overload
    def __getitem__(self, index: SupportsIndex) -> Hit: ...
    @overload
    def __getitem__(self, index: slice) -> SearchResult: ...
    def __getitem__(self, index: SupportsIndex | slice) -> Hit | SearchResult:
        if isinstance(index, slice):
            return replace(self, hits=self.hits[index])
        return self.hits[index]

    def __repr__(self) -> str:
        from engine.common.result_view import text_table

        return text_table(self)

    def _repr_html_(self) -> str:
        """Return the hits with their pictures, times and reasons, for a notebook."""
        from engine.common.result_html import html_table

        return html_table(self)

    @property
    def likely(self) -> SearchResult:
        """The hits that are more likely than not to answer the query."""
        return replace(self, hits=tuple(hit for hit in self.hits if hit.likely))

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return each hit as plain dicts and lists, reasons included."""
        return [hit.to_dict() for hit in self.hits]

    def to_json(self) -> str:
        """Return the document of ``search --json``, which any parser of JSON can read.

        A name that is no UTF-8 has U+FFFD in the place of such bytes, and ``path_bytes``
        beside it has all of its bytes in base64.
        """
        import json

        from engine.common.json_text import parseable
        from engine.common.result_document import search_document

        return json.dumps(parseable(search_document(self)))

    def to_pandas(self) -> pd.DataFrame:
        """Return a data frame with a row for each hit.

        Its columns are rank, score, confidence, likely, kind, path, modality, start, end, words,
        more, asset_id and moment_id.

        Raises:
            ExtraMissing: pandas is not installed.
        """
        from engine.common.result_view import row_of

        with importing("to_pandas", "pandas", "pandas"):
            import pandas as pd
        columns = list(row_of(_NO_HIT))
        return pd.DataFrame([row_of(hit) for hit in self.hits], columns=columns)

    def to_arrow(self) -> pa.Table:
        """Return a table of Arrow with a row for each hit, in the columns of ``to_pandas``."""
        from engine.common.arrow_table import arrow_table
        from engine.common.result_view import row_of

        return arrow_table([row_of(hit) for hit in self.hits], list(row_of(_NO_HIT)))

    def bound(self, make_thumbnail: MakeThumbnail) -> SearchResult:
        """Have the hits make their thumbnails by this, and return the result.

        They are changed as they are: a copy of each costs more than all of its facts did.
        """
        for hit in self.hits:
            object.__setattr__(hit, "_make_thumbnail", make_thumbnail)
        return self


_NO_HIT = Hit(0, 0.0, Kind.IMAGE, "", 0, 0, Modality.IMAGE, None, None, ())
"""A hit with every column and no content."""


_OTHER = "other"


@dataclass(frozen=True, slots=True)
class IndexReport(ShownAsText):
    """The outcome of one run of ``index``. Counts are files unless they say otherwise."""

    found: int = 0
    added: int = 0
    changed: int = 0
    moved: int = 0
    removed: int = 0
    unchanged: int = 0
    skipped: int = 0
    """Files that are no media at all, or media of a type that is not read."""
    failed: int = 0
    missing: int = 0
    """Files that vanished in bulk: kept, and hidden from searches."""
    returned: int = 0
    """Files that were missing and are back, with the vectors that they had."""
    moments: int = 0
    """Moments committed in this run."""
    read: int = 0
    """Pictures and videos whose text was looked for in this run."""
    seconds: float = 0.0
    dry_run: bool = False
    failures: tuple[Failure, ...] = ()
    skipped_types: Mapping[str, int] = field(default_factory=dict)
    """Counts of the skipped files by type (``pdf``, ``svg``, ``jxl``); ``other`` is of no type
    that is known."""
    excluded: int = 0
    """Files that were indexed before and that a rule leaves out now: kept, and hidden from
    searches until the rule is taken back."""
    left_out: Mapping[str, int] = field(default_factory=dict)
    """Counts of the files and folders that were passed over, by the rule that says so
    (``--exclude``, ``.sensoriumignore``, ``.nomedia``)."""

    def __str__(self) -> str:
        counts = (
            "added", "changed", "moved", "returned", "removed", "missing", "excluded", "unchanged",
            "skipped", "failed",
        )  # fmt: skip
        parts = [f"{getattr(self, name)} {name}" for name in counts if getattr(self, name)]
        verb = "would be: " if self.dry_run else ""
        counted = f"{self.found} file{'' if self.found == 1 else 's'}"
        files = f"{counted}: {verb}{', '.join(parts) or 'nothing to do'}"
        lines = [files]
        if self.skipped_types.keys() - {_OTHER}:
            lines.append(f"{self.skipped} skipped: {self._types()}")
        elif self.skipped and self.skipped == self.found:
            lines.append("skipped: neither pictures, videos nor sounds")
        if self.left_out:
            rules = ", ".join(f"{count} by {rule}" for rule, count in self.left_out.items())
            lines.append(f"left out, files and folders: {rules}")
        if not self.dry_run:
            lines.append(f"{self.moments} new moments in {self.seconds:.1f} s")
        if self.read:
            lines.append(f"text was looked for in {self.read} pictures and videos")
        return "\n".join(lines)

    def _types(self) -> str:
        """Name the types of the skipped files, the most frequent first, others last."""
        counts = sorted(self.skipped_types.items(), key=lambda t: (t[0] == _OTHER, -t[1], t[0]))
        return ", ".join(f"{count} {name}" for name, count in counts)
