"""Options of `sensorium search` and `sensorium similar`, and how their results are printed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from engine.commands.complete import complete_filter
from engine.commands.options import (
    Command,
    absolute_option,
    choice_of,
    device_option,
    json_option,
    library_option,
    open_library,
    warn,
)
from engine.commands.output.text import print_tree
from engine.common.choices import MEASURED_RERANKERS, RERANKERS, no_choice
from engine.types import Fusion, Group, Kind, Sort

if TYPE_CHECKING:
    from engine.library.facade import Library
    from engine.types import Plan, SearchResult

    OnPlan = Callable[[Plan], None]
    Ask = Callable[[Library, OnPlan | None], SearchResult]


Option: TypeAlias = Callable[[Any], Any]

_MEASURED = tuple(f"{prefix}NAME" for prefix in MEASURED_RERANKERS)


class _RerankerName(click.ParamType[str]):
    """The name of a reranker: a word that is known, ``vl:NAME``, or ``late:NAME``."""

    name = "reranker"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name as it stands."""
        known = ("none", *RERANKERS)
        if value not in known and not str(value).startswith(MEASURED_RERANKERS):
            self.fail(no_choice(self.name, value, (*known, *_MEASURED)), param, ctx)
        return str(value)


class _Weights(click.ParamType[dict[str, float]]):
    """Factors by name: ``image=2,speech=0.5``."""

    name = "weights"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> dict[str, float]:
        """Return the factors by their names."""
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


def _with_options(command: Command, *options: Option) -> Command:
    for option in reversed(options):
        command = option(command)
    return command


def _form_options() -> tuple[Option, ...]:
    """Return the options of how hits are printed: as paths, with pictures, in a pager."""
    return (
        click.option(
            "-f",
            "--filepath-only",
            is_flag=True,
            help="Print only the files' paths, one a line, with the bytes that they have: for"
            " names with line ends there is -0. A terminal gets such names as $'...'.",
        ),
        click.option(
            "-0",
            "--print0",
            is_flag=True,
            help="Print only the files' paths, each with a NUL behind it, for xargs -0.",
        ),
        absolute_option,
        click.option(
            "--preview",
            is_flag=True,
            help="Show a picture of each hit, as kitty, iTerm2 or sixel graphics or in blocks,"
            " whichever the terminal can; SENSORIUM_PREVIEW overrules.",
        ),
        click.option(
            "--no-pager",
            is_flag=True,
            help="Print a table that is longer than the terminal without $PAGER.",
        ),
    )


def hit_options(command: Command) -> Command:
    """Add the options that search and similar share."""
    return _with_options(
        command,
        click.option(
            "--kind",
            "kinds",
            type=choice_of(Kind),
            multiple=True,
            help="Only files of this kind, which is what the content is and not what the name"
            " says: an .mp4 with nothing but sound is audio. May be repeated.",
        ),
        click.option("-t", "--top", default=10, show_default=True, help="How many hits at most."),
        click.option(
            "--group",
            type=choice_of(Group),
            default=Group.SHOT.value,
            show_default=True,
            help="What is one hit: the moments of a shot, of a file (asset), what is as good as"
            " the same anywhere (alike), or every moment (none).",
        ),
        click.option(
            "--likely",
            is_flag=True,
            help="Only what is more likely than not to be an answer; exit with 1 where nothing is.",
        ),
        click.option(
            "--all", "show_all", is_flag=True, help="All hits, likely or not, which is the default."
        ),
        *_form_options(),
        click.option(
            "--explain", is_flag=True, help="Show the plan first, and then what came of it."
        ),
        library_option,
        device_option,
        json_option,
    )


def filter_options(command: Command) -> Command:
    """Add the options that leave files out."""
    return _with_options(
        command,
        click.option(
            "--where",
            metavar="FILTER",
            shell_complete=complete_filter,
            multiple=True,
            help="Only files of which this is true, such as 'tags has beach' or 'duration < 1m and"
            " date >= 2024'. May be repeated.",
        ),
        click.option("--after", metavar="DATE", help="Only what was made at this date or later."),
        click.option("--before", metavar="DATE", help="Only what was made before this date."),
    )


def _rerank_options() -> tuple[Option, ...]:
    return (
        click.option(
            "--rerank",
            type=_RerankerName(),
            default="none",
            show_default=True,
            metavar="|".join(("none", *RERANKERS, *_MEASURED)),
            help="Put the best hits in order by what is said, read, captioned or named in"
            " them: a cross-encoder (cross) or a small language model (lm) on this machine, or"
            " the one of OPENAI_BASE_URL (llm); or a model that sees (vl:NAME,"
            " late:NAME), once `sensorium evaluate-rerank` has measured that it gains.",
        ),
        click.option(
            "--rerank-top", default=50, show_default=True, help="How many hits are reranked."
        ),
    )


def ranking_options(command: Command) -> Command:
    """Add the options of fusing and reranking."""
    return _with_options(
        command,
        click.option(
            "--fusion",
            type=choice_of(Fusion),
            default=Fusion.CALIBRATED.value,
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
            "--sort",
            type=choice_of(Sort),
            help="The order of the hits that are shown: the likeliest first, or by date (newest"
            " first), size (largest first) or path. A filter alone lists the newest first.",
        ),
        *_rerank_options(),
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


def run_query(ask: Ask, *, library: Path | None, **output: bool) -> None:
    """Ask an open library, print what comes of it, and remember it for `open` and `show`.

    Where only what is likely was asked for and nothing is, the command ends with 1.

    Args:
        ask: runs the query, and calls what it is given with the plan.
        output: the fields of ``HitOutput``.
    """
    from engine.commands.output.hits import HitOutput, print_hits, print_no_hits

    form = HitOutput(**output)
    drawn = form.explain and not form.as_json
    with open_library(library) as opened:
        result = ask(opened, (lambda plan: print_tree(opened.explain(plan))) if drawn else None)
        opened.remember(result)
        warn(opened)
        if drawn:
            print_tree(opened.explain(result))
            if not result.hits:
                print_no_hits(result)
        else:
            print_hits(result, form, opened.settings.preview)
    if result.query.likely and not result.hits:
        click.get_current_context().exit(1)
