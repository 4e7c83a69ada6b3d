"""Options that all methods of ``library.curate`` take, and the recording of their runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from functools import wraps
from pathlib import Path
from typing import Concatenate, ParamSpec, TypedDict, TypeVar

from engine.common.progress import CancelToken, Progress, noting_what_is_kept
from engine.common.progress_bar import watched
from engine.common.user_path import expanded
from engine.curate.finders.outcome import CurationContext, CurationOutcome
from engine.curate.records import check_out, record
from engine.curate.run import CurationRun, RunBinding, summary_line

Owner = TypeVar("Owner")
P = ParamSpec("P")
T = TypeVar("T")


class RunOptions(TypedDict, total=False):
    """Options of making and recording a run, apart from what it looks for."""

    progress: bool | Progress
    """True for a bar on a terminal or in a notebook."""
    cancel: CancelToken | None
    """Cancels the call from another thread; nothing is recorded then."""
    wait: bool
    """Wait for another writer instead of raising ``LibraryBusy``."""
    out: str | Path | None
    """Also write the findings to a .parquet, .csv or .jsonl file."""
    command: str | None
    """The command that would make the run again; by default the call itself."""


def records_call(
    method: Callable[Concatenate[Owner, P], T],
) -> Callable[Concatenate[Owner, P], T]:
    """Record the call itself as the command of a run, where no command is given."""

    @wraps(method)
    def call(self: Owner, /, *args: P.args, **kwargs: P.kwargs) -> T:
        if kwargs.get("command") is None:
            kwargs["command"] = _as_python(method.__name__, args, kwargs)
        return method(self, *args, **kwargs)

    return call


def _as_python(name: str, args: Sequence[object], kwargs: Mapping[str, object]) -> str:
    named = [f"{key}={_plain(value)!r}" for key, value in kwargs.items() if key not in _UNRECORDED]
    return f"library.curate.{name}({', '.join([*(repr(_plain(a)) for a in args), *named])})"


_UNRECORDED = frozenset(RunOptions.__annotations__)
"""Arguments that do not decide what is found."""


def _plain(value: object) -> object:
    """Return paths and enums as text, also in a list, so that their repr can be typed."""
    if isinstance(value, Path | StrEnum):
        return str(value)
    if isinstance(value, list | tuple):
        return type(value)(map(_plain, value))
    return value


def recorded_run(
    context: CurationContext, find: Callable[[Progress], CurationOutcome], options: RunOptions
) -> CurationRun:
    """Search, and record what is found.

    Raises:
        UsageError: the file to write findings to cannot be written; nothing is searched then.
        LibraryBusy: another process writes, and ``wait`` is false.
        Cancelled: the token says so; nothing is recorded then.
    """
    out = options.get("out")
    file = None if out is None else expanded(out)
    if file is not None:
        check_out(file)
    with (
        noting_what_is_kept(lambda: "nothing of it was recorded, and no file was touched"),
        watched(options.get("progress", False), options.get("cancel")) as progress,
    ):
        outcome = find(progress)
        run = record(
            context.store, outcome.kind, options.get("command") or "", outcome.settings,
            outcome.findings, generation=outcome.generation, out=file,
            wait=options.get("wait", False),
        )  # fmt: skip
    return CurationRun(
        run.run_id, run.kind, run.settings, tuple(outcome.findings), outcome.facts,
        tuple(outcome.notes), summary_line(outcome.line, len(outcome.findings)), run.command,
        run.created, run.generation, outcome.details, tuple(outcome.problems),
        RunBinding(context, outcome.sections),
    )  # fmt: skip
