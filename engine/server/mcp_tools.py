"""Tools of the Model Context Protocol: searching, looking, listening and reading for assistants.

Hosts refuse results past a megabyte, base64 included, so pictures are small and few, and a
sound is short. Whatever an assistant cites, it cites by moments, which have a path and a time.
"""

from __future__ import annotations

from typing import Annotated, Any

from mcp.server import MCPServer
from mcp.server.mcpserver import Audio, Image
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations
from pydantic import Field
from typing_extensions import TypedDict  # pydantic reads those of typing from Python 3.12 on

from engine.common.json_text import parseable
from engine.common.result_view import words_of
from engine.errors import SensoriumError
from engine.library import Library
from engine.server.media_access import asset_of, checked_file
from engine.server.native import refuse_paths
from engine.server.problems import Problem
from engine.server.shelf import Shelf
from engine.types import Hit, Kind, MomentRecord, SearchResult

MOST_HITS = 50
MOST_PICTURES = 8
MOST_BYTES = 500_000
"""Bytes of the pictures of one result: 700 kB in base64."""
MOST_SECONDS = 15.0
"""Seconds of a sound: 480 kB, 640 kB in base64."""
_READS = ToolAnnotations(read_only_hint=True, idempotent_hint=True, open_world_hint=False)
_INSTRUCTIONS = """\
Search a person's pictures, videos and sounds by what is seen, heard, said or written in them.
`search` finds moments; `look` shows them; `listen` plays them; `read` has the words around them.
Cite moments by path and time. A confidence below 0.5 means that it is rather no answer."""

_Library = Annotated[
    str | None, Field(description="The name of a library, as status lists it; the first if omitted")
]
_Top = Annotated[int, Field(ge=1, le=MOST_HITS, description="How many moments at most")]
_Moment = Annotated[int, Field(description="The number of a moment, as search gives it")]


class FoundMoment(TypedDict):
    """A moment that was found; times are seconds, none for a picture."""

    library: str
    moment: int
    kind: str
    path: str
    start: float | None
    end: float | None
    confidence: float
    words: str


class Found(TypedDict):
    """Moments, the likeliest first, and what is to be said about the search."""

    moments: list[FoundMoment]
    notes: list[str]


class Words(TypedDict):
    """A text that is said, or to be read on screen; times are seconds."""

    how: str
    start: float | None
    end: float | None
    text: str


class Page(TypedDict):
    """The facts of a moment and of its file."""

    path: str
    kind: str
    date: str | None
    caption: str | None
    tags: list[str]
    words: list[Words]


def make_mcp(shelf: Shelf) -> MCPServer:
    """Return a server of the protocol over the libraries of a shelf; no tool changes anything."""
    server = MCPServer(
        "sensorium", title="Sensorium", instructions=_INSTRUCTIONS, log_level="ERROR"
    )
    tools = Tools(shelf)
    for tool in (tools.search, tools.similar, tools.read, tools.status):
        server.tool(annotations=_READS)(tool)
    for shown in (tools.look, tools.listen):  # pictures and sounds have no structure
        server.tool(annotations=_READS, structured_output=False)(shown)
    return server


class Tools:
    """The tools; the first line of each is what an assistant reads of it."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def search(
        self,
        text: Annotated[
            str,
            Field(description="Words, as in 'a dog on a beach kind:video after:2024-01-01'"),
        ],
        top: _Top = 10,
        library: _Library = None,
    ) -> Found:
        """Find moments of pictures, videos and sounds by words.

        A plain description works best. Filters go into the text: kind:image|video|audio,
        after:DATE, before:DATE, path:GLOB, tag:WORD, duration:<1m. `a - b` wants a without b,
        and `"a" then "b"` wants a followed by b in one video.
        """
        with _plain_errors():
            asked = Library.query(text, top=top)
            refuse_paths(asked)
            return self._found(library, lambda chosen: chosen.run(asked), top)

    def similar(self, moment: _Moment, top: _Top = 10, library: _Library = None) -> Found:
        """Find moments that look or sound like a moment."""
        with _plain_errors():
            chosen = self._shelf.library(library)
            record = _record(chosen, moment)
            hit = _as_hit(record)
            checked_file(asset_of(chosen, record.asset_id))
            return self._found(library, lambda each: each.similar(hit, top=top), top)

    def look(
        self,
        moments: Annotated[
            list[int],
            Field(min_length=1, max_length=MOST_PICTURES, description="Numbers of moments"),
        ],
        library: _Library = None,
    ) -> list[Any]:
        """Show moments as pictures: a picture, the frame of a video, the waveform of a sound."""
        with _plain_errors():
            chosen = self._shelf.library(library)
            shown: list[Any] = []
            left = MOST_BYTES
            for number in moments:
                record = _record(chosen, number)
                picture = chosen.thumbnail(number)
                line = f"moment {number}: {parseable(record.path)}{_at(record)}"
                if len(picture) > left:
                    shown.append(f"{line} (left out: the result would be too large)")
                    continue
                left -= len(picture)
                shown += [line, Image(data=picture, format="jpeg")]
            return shown

    def listen(self, moment: _Moment, library: _Library = None) -> list[Any]:
        """Play the sound of a moment, its first 15 seconds."""
        with _plain_errors():
            chosen = self._shelf.library(library)
            record = _record(chosen, moment)
            checked_file(asset_of(chosen, record.asset_id))
            sound = chosen.sound(moment, seconds=MOST_SECONDS)
            line = f"moment {moment}: {parseable(record.path)}{_at(record)}"
            return [line, Audio(data=sound, format="wav")]

    def read(self, moment: _Moment, library: _Library = None) -> Page:
        """Read what is said and written around a moment, and the facts of its file."""
        with _plain_errors():
            chosen = self._shelf.library(library)
            record = _record(chosen, moment)
            details = chosen.details(_as_hit(record))
            asset = details.asset
            words = [
                Words(how=p.modality.value, start=p.start, end=p.end, text=p.text)
                for p in details.passages
            ]
            page = Page(
                path=record.path, kind=record.kind.value, tags=list(details.tags), words=words,
                date=asset.taken_at if asset else None, caption=asset.caption if asset else None,
            )  # fmt: skip
            plain: Page = parseable(page)
            return plain

    def status(self) -> dict[str, dict[str, int]]:
        """Count what each library holds: files by kind, and moments by how they are perceived."""
        with _plain_errors():
            counts: dict[str, dict[str, int]] = {}
            for name, library in self._shelf:
                stats = library.stats()
                files = {f"{kind.value} files": n for kind, n in stats.assets.items()}
                counts[name] = files | {f"{m.value} moments": n for m, n in stats.moments.items()}
            return counts

    def _found(self, library: str | None, ask: Any, top: int) -> Found:
        chosen = self._shelf.libraries([library] if library else [])
        results: list[tuple[str, SearchResult]] = [(name, ask(each)) for name, each in chosen]
        hits = [(name, hit) for name, result in results for hit in result]
        if len(results) > 1:
            hits.sort(key=lambda each: -each[1].confidence)
        found = Found(
            moments=[_moment(name, hit) for name, hit in hits[:top]],
            notes=[note for _, result in results for note in result.notes],
        )
        plain: Found = parseable(found)
        return plain


class _plain_errors:  # noqa: N801 - it is used as a function
    """Have what an assistant did wrong said to it in the words of the engine."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, SensoriumError | Problem):
            raise ToolError(str(error)) from None


def _record(library: Library, number: int) -> MomentRecord:
    try:
        return library.moment(number)
    except KeyError:
        raise Problem(404, "moment_not_found", f"there is no moment {number}", "moment") from None


def _as_hit(record: MomentRecord) -> Hit:
    """Return a moment as the hit that it would be."""
    moment = record.moment
    return Hit(
        1, 0.0, record.kind, record.path, record.asset_id, record.moment_id, moment.modality,
        moment.start, moment.end, (),
    )  # fmt: skip


def _moment(name: str, hit: Hit) -> FoundMoment:
    return FoundMoment(
        library=name, moment=hit.moment_id, kind=hit.kind.value, path=hit.path, start=hit.start,
        end=hit.end, confidence=round(hit.confidence, 3), words=words_of(hit),
    )  # fmt: skip


def _at(record: MomentRecord) -> str:
    moment = record.moment
    if record.kind is Kind.IMAGE or moment.start is None:
        return ""
    return f" from {moment.start:.1f} s to {moment.end or moment.start:.1f} s"
