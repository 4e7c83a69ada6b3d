"""Options that the commands of `sensorium curate` share."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

import click

from engine.commands.options import (
    AnyPath,
    Command,
    absolute_option,
    json_option,
    library_option,
    wait_option,
)
from engine.common.atomic_write import check_place
from engine.errors import UsageError
from engine.types import Kind, Modality

_COMMAND = "sensorium.curate"
"""Key of the command line in the context of click."""


class Remembering(click.Group):
    """A group that remembers the command line of its command, to record it in a run."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Remember the arguments, and find the command as usual."""
        ctx.meta[_COMMAND] = shlex.join(["sensorium", str(self.name), *args])
        return super().resolve_command(ctx, args)


def command_line() -> str:
    """Return the command that runs, as it was typed."""
    return str(click.get_current_context().meta[_COMMAND])


@dataclass(frozen=True, slots=True)
class ResultHandling:
    """Options of writing, acting on and printing the results of a command."""

    apply: Literal["tag", "move", "link"] | None
    tag: str | None
    to: Path | None
    hard: bool
    wait: bool
    as_json: bool
    yes: bool = False
    absolute: bool = False
    out: Path | None = None
    report: Path | None = None

    def check(self) -> None:
        """Refuse before anything is computed what could not be done afterwards.

        Raises:
            UsageError: options contradict each other, or a file cannot be written.
        """
        self._check_action()
        if self.report is not None:
            check_place(self.report)

    def _check_action(self) -> None:
        on_disk = self.apply in ("move", "link")
        if on_disk and self.to is None:
            raise UsageError(f"--apply {self.apply} needs a folder: --to FOLDER")
        if self.apply == "move" and not self.yes:
            raise UsageError(
                "--apply move moves your own files; add --yes if that is what you want"
            )
        if self.to is not None and not on_disk:
            raise UsageError("--to is for --apply move and --apply link")
        if self.to is not None and self.to.exists() and not self.to.is_dir():
            raise UsageError(f"--to {self.to}: it is a file, and no folder")
        if self.hard and self.apply != "link":
            raise UsageError("--hard is for --apply link")
        if self.tag is not None and self.apply is None:
            raise UsageError("--tag names what --apply does; add --apply tag")
        if self.tag is not None and not self.tag.strip():
            raise UsageError("a tag is empty; write --tag WORD")

    def run_options(self) -> dict[str, Any]:
        """Return the options of a run, as the methods of ``library.curate`` take them."""
        return {
            "out": self.out, "wait": self.wait, "command": command_line(), "progress": True,
        }  # fmt: skip


_ACTION = (
    click.option(
        "--apply",
        type=click.Choice(("tag", "move", "link")),
        help="Tag the files, move them to --to, or link to them from there. `sensorium undo`"
        " takes it back.",
    ),
    click.option(
        "--tag", metavar="WORD", help="Tag all with this  [default: what each is found to be]"
    ),
    click.option(
        "--to", type=AnyPath(path_type=Path), help="The folder to move to, or to link from."
    ),
    click.option("--yes", is_flag=True, help="Do move files: --apply move needs it."),
    click.option("--hard", is_flag=True, help="Make hard links, not symbolic ones."),
    absolute_option,
    wait_option,
    library_option,
    json_option,
)
_WRITE = (
    click.option(
        "--out",
        type=AnyPath(path_type=Path),
        help="Also write what is found to a .parquet, .csv or .jsonl file.",
    ),
    click.option(
        "--report",
        type=AnyPath(path_type=Path),
        help="Write a page of HTML with pictures, which opens offline.",
    ),
)


def action_options(command: Command) -> Command:
    """Add the options of what to do with findings, gathered as ``handling``."""
    return _gathered(command, _ACTION)


def handling_options(command: Command) -> Command:
    """Add those options and where findings are written, gathered as ``handling``."""
    return _gathered(command, (*_WRITE, *_ACTION))


def _gathered(command: Command, options: Sequence[Callable[[Any], Any]]) -> Command:
    names = {field.name for field in fields(ResultHandling)}

    def call(*args: Any, **given: Any) -> Any:
        handling = ResultHandling(**{name: given.pop(name) for name in names & given.keys()})
        handling.check()
        return command(*args, handling=handling, **given)

    call.__name__, call.__doc__ = command.__name__, command.__doc__
    call.__click_params__ = getattr(command, "__click_params__", [])  # type: ignore[attr-defined]
    for option in reversed(options):
        call = option(call)
    return call  # type: ignore[return-value]


def kind_option(command: Command) -> Command:
    """Add ``--kind``, which may be repeated, as ``kinds``."""
    return click.option(
        "--kind",
        "kinds",
        type=click.Choice([kind.value for kind in Kind]),
        multiple=True,
        help="Only files of this kind. May be repeated.",
    )(command)


def where_option(command: Command) -> Command:
    """Add ``--where``, a filter of files, which may be repeated."""
    return click.option(
        "--where",
        metavar="FILTER",
        multiple=True,
        help="Only files of which this is true, such as 'tags has beach'. May be repeated.",
    )(command)


def seed_option(command: Command) -> Command:
    """Add ``--seed`` for random draws."""
    return click.option(
        "--seed",
        type=click.IntRange(min=0),
        default=0,
        show_default=True,
        help="The same seed draws the same.",
    )(command)


def top_option(command: Command) -> Command:
    """Add ``--top``, a limit of findings."""
    return click.option(
        "--top", type=click.IntRange(min=1), metavar="N", help="The N worst at most."
    )(command)


def modalities_option(command: Command) -> Command:
    """Add ``--modality``, which may be repeated, as ``modalities``."""
    return _modality_option("May be repeated; all that there are by default.", True)(command)


def modality_option(command: Command) -> Command:
    """Add ``--modality`` for a single modality."""
    return _modality_option("Needed where the library holds several.", False)(command)


def _modality_option(remark: str, multiple: bool) -> Callable[[Command], Command]:
    return click.option(
        "--modality",
        "modalities" if multiple else "modality",
        type=click.Choice([modality.value for modality in Modality]),
        multiple=multiple,
        help=f"What is compared: pictures, videos by their keyframes, or what is heard. {remark}",
    )
