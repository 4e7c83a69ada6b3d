"""`sensorium search` and `sensorium similar`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from engine.commands.options import (
    AnyPath,
    Command,
    Messages,
    device_option,
    json_option,
    library_option,
    open_library,
    warn,
)

_FUSIONS = ("calibrated", "rrf", "weighted", "max", "early", "interaction")
_GROUPS = ("shot", "asset", "alike", "none")


class _Weights(click.ParamType[dict[str, float]]):
    """``image=2,speech=0.5``."""

    name = "weights"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> dict[str, float]:
        weights = {}
        for pair in str(value).split(","):
            name, equals, number = pair.partition("=")
            try:
                weights[name.strip()] = float(number)
            except ValueError:
                equals = ""
            if not equals:
                self.fail(f"{pair!r} is no weight; write image=2,speech=0.5", param, ctx)
        return weights


def _merged(
    _: click.Context, __: click.Parameter, given: tuple[Mapping[str, float], ...]
) -> dict[str, float]:
    return {name: weight for weights in given for name, weight in weights.items()}


def _several(command: Command, *options: Any) -> Command:
    for option in reversed(options):
        command = option(command)
    return command


def _hit_options(command: Command) -> Command:
    """What search and similar share."""
    return _several(
        command,
        click.option(
            "--kind",
            "kinds",
            type=click.Choice(("image", "video", "audio")),
            multiple=True,
            help="Only files of this kind, which is what the content is and not what the name"
            " says: an .mp4 with nothing but sound is audio. May be repeated.",
        ),
        click.option("-t", "--top", default=10, show_default=True, help="How many hits at most."),
        click.option(
            "--group",
            type=click.Choice(_GROUPS),
            default="shot",
            show_default=True,
            help="What is one hit: the moments of a shot, of a file (asset), what is as good as"
            " the same anywhere (alike), or every moment (none).",
        ),
        click.option(
            "--all", "show_all", is_flag=True, help="Also what is no better than the background."
        ),
        click.option(
            "-f",
            "--filepath-only",
            is_flag=True,
            help="Print only the files' paths, one a line. A path with line ends or other"
            " control characters is printed as a JSON string, in double quotes.",
        ),
        click.option(
            "--explain", is_flag=True, help="Show the plan first, and then what came of it."
        ),
        library_option,
        device_option,
        json_option,
    )


def _filter_options(command: Command) -> Command:
    return _several(
        command,
        click.option(
            "--where",
            metavar="FILTER",
            multiple=True,
            help="Only files of which this is true, such as 'tags has beach' or 'duration < 1m and"
            " date >= 2024'. May be repeated.",
        ),
        click.option("--after", metavar="DATE", help="Only what was made at this date or later."),
        click.option("--before", metavar="DATE", help="Only what was made before this date."),
    )


def _ranking_options(command: Command) -> Command:
    return _several(
        command,
        click.option(
            "--fusion",
            type=click.Choice(_FUSIONS),
            default="calibrated",
            show_default=True,
            help="How the scores of the modalities become one: late (calibrated, rrf, weighted,"
            " max), early (one vector of all parts), or interaction (each part by the best"
            " moment of a file).",
        ),
        click.option(
            "--weight",
            "weights",
            type=_Weights(),
            callback=_merged,
            multiple=True,
            metavar="NAME=N,...",
            help="Factors for modalities (image, keyframe, sound, speech, screen) and for words,"
            " the full text search.",
        ),
        click.option(
            "--within",
            default=60.0,
            show_default=True,
            help="Seconds that may lie between what `then` joins.",
        ),
        click.option(
            "--rerank",
            type=click.Choice(("none", "lm", "llm")),
            default="none",
            show_default=True,
            help="Put the best hits in order by a language model: a small one on this machine"
            " (lm), or that of OPENAI_BASE_URL (llm).",
        ),
        click.option(
            "--rerank-top", default=50, show_default=True, help="How many hits are reranked."
        ),
        click.option(
            "--space",
            metavar="NAME",
            help="Ask this space in the place of the default one; `sensorium spaces list` has"
            " them.",
        ),
        click.option(
            "--deadline-ms",
            type=float,
            metavar="MS",
            help="Return the best that was found by then, marked as partial.",
        ),
    )


@click.command()
@click.argument("text", nargs=-1)
@click.option("--image", type=AnyPath(), help="An example picture.")
@click.option("--audio", type=AnyPath(), help="An example sound.")
@click.option("--not", "exclude", metavar="TEXT", multiple=True, help="What you do not want.")
@_filter_options
@_ranking_options
@_hit_options
def search(
    text: tuple[str, ...],
    image: str | None,
    audio: str | None,
    exclude: tuple[str, ...],
    where: tuple[str, ...],
    after: str | None,
    before: str | None,
    rerank: str,
    show_all: bool,
    **options: Any,
) -> None:
    """Find moments by TEXT, by an example, or by both.

    TEXT is a query such as

    \b
      a dog barking at the sea
      2: red car + ./street.jpg - night
      "the speaker mentions latency" then "a chart"
      a beach kind:video after:2024-01-01 duration:<1m

    where + adds a text, a file or a URL, - takes one away, a number before a colon is a
    weight, `then` joins moments of one video in order, and double quotes keep what is in
    them as it is. docs/language.md has all of it.
    """
    from engine.query.language.build_query import query_of

    dates = [_dated(name, date) for name, date in (("after", after), ("before", before))]
    query = {key: options.pop(key) for key in _OF_THE_QUERY}
    asked = query_of(
        text, image=image, audio=audio, exclude=exclude, where=[*where, *filter(None, dates)],
        floor=not show_all, rerank=None if rerank == "none" else rerank, **query,
    )  # fmt: skip
    _run(
        lambda library, on_plan: library.run(asked, on_plan=on_plan, progress=Messages()), **options
    )


def _dated(name: str, date: str | None) -> str | None:
    """A filter by a date. In quotes it can be nothing else, and an empty one is an error."""
    if date is None:
        return None
    escaped = date.replace("\\", "\\\\").replace('"', '\\"')
    return f'{name} "{escaped}"'


_OF_THE_QUERY = (
    "kinds", "top", "fusion", "weights", "group", "within", "rerank_top", "deadline_ms",
    "space",
)  # fmt: skip


@click.command()
@click.argument("file", type=AnyPath())
@_hit_options
def similar(file: str, kinds: tuple[str, ...], top: int, **options: Any) -> None:
    """Find moments that look or sound like FILE, which need not be in the library."""
    floor, group = not options.pop("show_all"), options.pop("group")
    _run(
        lambda library, on_plan: library.similar(
            file, kinds=kinds, top=top, floor=floor, group=group, on_plan=on_plan
        ),
        **options,
    )


def _run(
    ask: Any, *, library: Path | None, explain: bool, as_json: bool, filepath_only: bool
) -> None:
    """Ask an open library, and print what comes of it."""
    if explain and not as_json:
        _explained(ask, library)
        return
    from engine.commands import output

    with open_library(library) as opened:
        result = ask(opened, None)
        warn(opened)
    output.hits(result, as_json=as_json, filepath_only=filepath_only, explain=explain)


def _explained(ask: Any, library: Path | None) -> None:
    from engine.commands import explain

    with open_library(library) as opened:
        result = ask(opened, explain.plan)
        warn(opened)
    explain.result(result)
