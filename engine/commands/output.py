"""Results as JSON, as a table on a terminal, and as plain lines in a pipe."""

from __future__ import annotations

import dataclasses
import json
import re
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from engine.commands.options import print_json
from engine.store.paths import printable
from engine.types import Failure, Hit, IndexReport, Query, SearchResult, Span, Why

if TYPE_CHECKING:
    from rich.console import Console

    from engine.commands.doctor import Check
    from engine.library import Library
    from engine.store import SpaceInfo
    from engine.store.compaction import Compaction
    from engine.store.verify import VerifyReport

_MAX_WORDS = 60
"""Characters of what is said, or seen, that fit into a line."""
_NARROW = 72
"""Columns of a terminal below which a table has no room for a path."""
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""What ends a line, drives a terminal or turns the order of letters around."""
_UNDECODED = re.compile("[\ud800-\udfff]")
"""Bytes of a name that are no UTF-8."""


def hits(
    result: SearchResult, *, as_json: bool, filepath_only: bool, explain: bool = False
) -> None:
    """Print a result. With ``filepath_only`` each file is named once."""
    if as_json:
        print_json(search_document(result, explain=explain))
        return
    for note in result.notes:
        _say(note, err=True)
    if result.partial:
        click.echo("partial: the deadline came before all was searched", err=True)
    if filepath_only:
        for path in dict.fromkeys(hit.path for hit in result.hits):
            _print(file_name(path))
    elif not result.hits:
        click.echo(nothing(result), err=True)
    elif sys.stdout.isatty():
        _table(result.hits)
    else:
        for hit in result.hits:
            facts = (f"{hit.score:.2f}", hit.kind, span(hit))
            _print("\t".join((*facts, file_name(hit.path), words(hit))))


def nothing(result: SearchResult) -> str:
    """Why there are no hits, in a line."""
    if result.plan is not None and result.plan.passing == 0:
        return "nothing found: no file passes the filter"
    if not result.below:
        return "nothing found"
    return (
        f"nothing here matches: of {result.below} moments none is better than the background"
        " (--all shows the nearest)"
    )


def search_document(result: SearchResult, *, explain: bool = False) -> dict[str, Any]:
    """The contract of ``search --json``; tests hold it."""
    document = {
        "query": _query(result.query),
        "took_ms": {stage: round(ms, 3) for stage, ms in result.took_ms.items()},
        "below": result.below,
        "partial": result.partial,
        "reranked": result.reranked,
        "notes": result.notes,
        "hits": [_fields(hit) | _nested(hit) for hit in result.hits],
    }
    if explain and result.plan is not None:
        document["plan"] = dataclasses.asdict(result.plan)
        document["refills"] = result.refills
        document["outcomes"] = [dataclasses.asdict(outcome) for outcome in result.outcomes]
    return document


def _nested(hit: Hit) -> dict[str, Any]:
    return {"why": [*map(_fields, hit.why)], "spans": [*map(_fields, hit.spans)]}


def _fields(value: Hit | Why | Span) -> dict[str, Any]:
    """A value's fields as they are: ``asdict`` copies them all, in a millisecond a page."""
    return {field: getattr(value, field) for field in value.__slots__}


def _query(query: Query) -> dict[str, Any]:
    """What of a query is not as it is by itself."""
    plain, asked = dataclasses.asdict(Query()), dataclasses.asdict(query)
    return {key: value for key, value in asked.items() if key == "top" or value != plain[key]}


def span(hit: Hit) -> str:
    """``1:05`` or ``1:05-1:20`` for what has a time, a dash for a picture."""
    if hit.start is None:
        return "-"
    if hit.end is None or hit.end - hit.start < 1:
        return clock(hit.start)
    return f"{clock(hit.start)}-{clock(hit.end)}"


def clock(seconds: float) -> str:
    """Seconds as m:ss, and as h:mm:ss past an hour."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def file_name(path: str) -> str:
    """The path on a line that scripts read: as it is, or else as a JSON string.

    Paths are absolute, so one that begins with a quote is such a string. Bytes that
    are no UTF-8 go into a pipe as they are, and to a terminal escaped as well.
    """
    if _UNSAFE.search(path) or (sys.stdout.isatty() and _UNDECODED.search(path)):
        return json.dumps(path).replace("\x7f", "\\u007f")
    return path


def words(hit: Hit) -> str:
    """What was said or seen at a hit, in one short line."""
    spoken = next((why.words for why in hit.why if why.words), "")
    said = printable(" ".join(spoken.split()))
    short = said if len(said) <= _MAX_WORDS else said[: _MAX_WORDS - 1] + "…"
    return " ".join(filter(None, (short, *map(_then, hit.spans[1:]), more(hit))))


def more(hit: Hit) -> str:
    """How many moments belong together with a hit."""
    return f"(and {hit.more} more like it)" if hit.more else ""


def _then(one: Span) -> str:
    at = "" if one.start is None else f" at {clock(one.start)}"
    return printable(f"[{one.asked}{at}]")


def _table(found: Sequence[Hit]) -> None:
    from rich.console import Console

    console = Console()
    if console.width < _NARROW:
        _blocks(console, found)
    else:
        _columns(console, found)


def _blocks(console: Console, found: Sequence[Hit]) -> None:
    """Each hit in a few short lines, for a terminal that is narrow."""
    from rich.padding import Padding
    from rich.text import Text

    for hit in found:
        console.print(Text(f"{hit.score:.1f}  {hit.kind.value}  {span(hit)}", overflow="fold"))
        console.print(Padding(Text(printable(hit.path), "bold", overflow="fold"), (0, 0, 0, 2)))
        if said := words(hit):
            line = Text(said, "dim", overflow="ellipsis", no_wrap=True)
            console.print(Padding(line, (0, 0, 0, 2)))


def _columns(console: Console, found: Sequence[Hit]) -> None:
    from rich.table import Table
    from rich.text import Text

    rows = [
        (f"{hit.score:.1f}", hit.kind.value, span(hit), printable(hit.path), words(hit))
        for hit in found
    ]
    left = console.width - sum(max(len(row[column]) for row in rows) + 3 for column in range(3))
    longest = max(Text(path).cell_len for *_, path, _ in rows)
    # Words give way to a path until each has half of the room.
    words_room = max(left // 2, left - longest)
    table = Table(box=None, pad_edge=False)
    table.add_column("score", justify="right", style="dim", no_wrap=True)
    table.add_column("kind", no_wrap=True)
    table.add_column("at", justify="right", no_wrap=True)
    table.add_column("file", overflow="fold", style="bold")
    table.add_column("words", overflow="ellipsis", no_wrap=True, style="dim", max_width=words_room)
    for row in rows:
        table.add_row(*map(Text, row))
    console.print(table)


def report(done: IndexReport, *, as_json: bool) -> None:
    """What a run of ``index`` did; failures go to stderr, a line each."""
    for failure in done.failures:
        _say(f"{failure.path}: {failure.reason}", err=True)
    if as_json:
        print_json(dataclasses.asdict(done))
        return
    counts = ("added", "changed", "moved", "removed", "unchanged", "skipped", "failed")
    parts = [f"{getattr(done, name)} {name}" for name in counts if getattr(done, name)]
    verb = "would be: " if done.dry_run else ""
    click.echo(f"{done.found} files: {verb}{', '.join(parts) or 'nothing to do'}")
    if not done.dry_run:
        click.echo(f"{done.moments} new moments in {done.seconds:.1f} s")
    if done.failed and not done.dry_run:
        click.echo("see `sensorium failures`", err=True)


def failures(found: Sequence[Failure], *, as_json: bool) -> None:
    """The failed files, a line each."""
    if as_json:
        print_json({"failures": [dataclasses.asdict(failure) for failure in found]})
        return
    for failure in found:
        _print(f"{file_name(failure.path)}: {printable(failure.reason)}")
    if not found:
        click.echo("no failures", err=True)


def removed(count: int, path: str, *, as_json: bool) -> None:
    """How many files were forgotten."""
    if as_json:
        print_json({"removed": count})
    elif count:
        click.echo(f"forgot {count} file{'s' * (count != 1)}")
    else:
        _say(f"nothing of the library is at {path}", err=True)


def verdict(found: VerifyReport, *, as_json: bool) -> None:
    """What was checked, and a line for every problem."""
    if as_json:
        print_json(dataclasses.asdict(found))
        return
    for problem in found.problems:
        _say(problem)
    how = "every byte read" if found.deep else "names, sizes and counts; --deep reads everything"
    checked = f"{found.moments} moments, {found.vectors} vectors, {found.segments} segments"
    click.echo(f"{'PROBLEMS' if found.problems else 'ok'}: {checked} ({how})")


def rebuilt(count: int, *, as_json: bool) -> None:
    """How many moments the derived parts were made of."""
    if as_json:
        print_json({"moments": count})
    else:
        click.echo(f"rebuilt from {count} moments")


def stats(library: Library, *, as_json: bool) -> None:
    """Counts and sizes, and the spaces."""
    counted, infos = library.stats(), library.store.space_infos()
    roles = {name: _role(info) for name, info in infos.items()}
    document = {
        "library": str(library.store.path),
        "encoder": library.store.encoder,
        "spaces": [
            dataclasses.asdict(info.space) | {"state": roles[name]} for name, info in infos.items()
        ],
        **dataclasses.asdict(counted),
        "indexes": [
            {"space": space, "modality": modality, **dataclasses.asdict(about)}
            for space, modality, about in library.snapshots()
        ],
    }
    if as_json:
        print_json(document)
        return
    for name, value in document.items():
        if isinstance(value, dict):
            value = ", ".join(f"{count} {key}" for key, count in value.items()) or "none"
        elif name == "spaces":
            value = (
                ", ".join(
                    f"{space['name']} ({space['dim']}-d, {space['state']})" for space in value
                )
                or "none"
            )
        elif name == "indexes":
            value = "; ".join(map(_tuned, value)) or "none on disk: exact search, in memory"
        _say(f"{name.replace('_', ' ')}: {value}")


def _role(info: SpaceInfo) -> str:
    """What a space is to its library, in a word."""
    if info.role is None:
        return "likeness"
    return "default" if info.default else "ready" if info.ready else "filling"


def _tuned(about: Mapping[str, Any]) -> str:
    """An index on disk in a line: what it is, and what it was measured to find."""
    recall = ", ".join(f"{name} {value:.3f}" for name, value in about["tuning"]["recall"].items())
    line = (
        f"{about['space']} {about['modality']}: {about['count']} vectors, {about['key']},"
        f" recall@10 {recall} (target {about['target_recall']}),"
        f" {about['tuning']['lists']} lists, {about['tuning']['candidates']} candidates,"
        f" built in {about['seconds']:.0f} s"
    )
    missed = "; ".join(about["missed"])
    return f"{line}, after {missed} missed it" if missed else line


def compacted(done: Compaction, *, as_json: bool) -> None:
    """What a compaction dropped and merged."""
    if as_json:
        print_json(dataclasses.asdict(done))
        return
    for warning in done.warnings:
        _say(warning, err=True)
    click.echo(
        f"{done.segments_before} segments are {done.segments_after} now,"
        f" {done.dropped} rows of deleted moments are gone,"
        f" {(done.bytes_before - done.bytes_after) / 1e6:.1f} MB are free"
    )


def doctor(found: Sequence[Check], *, as_json: bool) -> None:
    """A line for each check, with the way out where something is missing."""
    if as_json:
        print_json({"checks": [dataclasses.asdict(check) for check in found]})
        return
    for check in found:
        mark = "ok" if check.ok else "--" if check.optional else "MISSING"
        _say(f"{mark:8}{check.name}: {check.detail}")


def line(text: str) -> None:
    """One line of results; names of files in it are of ``file_name``."""
    _print(text)


def _print(line: str) -> None:
    """Print a line; a file name that is no UTF-8 goes out as the bytes that it is."""
    try:
        click.echo(line)
    except UnicodeEncodeError:
        click.echo(line.encode("utf-8", "surrogateescape"))


def _say(line: str, *, err: bool = False) -> None:
    """Print a line for people, whatever the names of files in it are made of."""
    if err:
        click.echo(printable(line), err=True)
    else:
        _print(printable(line))
