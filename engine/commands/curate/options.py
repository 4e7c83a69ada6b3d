"""What the commands of `sensorium curate` are asked: their options, and what those mean."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.commands.options import AnyPath, Command, json_option, library_option, wait_option
from engine.errors import UsageError

if TYPE_CHECKING:
    from engine.library import Library
    from engine.types import Filter, Modality

_COMMAND = "sensorium.curate"


class Remembering(click.Group):
    """Remembers how a command of its was called, for whoever wants the same again."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        ctx.meta[_COMMAND] = shlex.join(["sensorium", str(self.name), *args])
        return super().resolve_command(ctx, args)


def typed() -> str:
    """The command that runs, as it was typed."""
    return str(click.get_current_context().meta[_COMMAND])


@dataclass(frozen=True, slots=True)
class Ending:
    """What is to become of what a command finds."""

    apply: str | None
    tag: str | None
    to: Path | None
    hard: bool
    wait: bool
    as_json: bool
    out: Path | None = None
    report: Path | None = None

    def check(self) -> None:
        """Refuse before anything is computed what could not be done afterwards.

        Raises:
            UsageError: options contradict each other, or a file cannot be written.
        """
        from engine.common.atomic_write import check_place
        from engine.curate.records import check_out

        self._check_acts()
        if self.out is not None:
            check_out(self.out)
        if self.report is not None:
            check_place(self.report)

    def _check_acts(self) -> None:
        on_disk = self.apply in ("move", "link")
        if on_disk and self.to is None:
            raise UsageError(f"--apply {self.apply} needs a folder: --to FOLDER")
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


_ACT = (
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
    click.option("--hard", is_flag=True, help="Make hard links, not symbolic ones."),
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


def act_options(command: Command) -> Command:
    """What to do with what was found, gathered as ``ending``."""
    return _gathered(command, _ACT)


def ending_options(command: Command) -> Command:
    """Those, and where what is found is written."""
    return _gathered(command, (*_WRITE, *_ACT))


def _gathered(command: Command, options: Sequence[Callable[[Any], Any]]) -> Command:
    names = {one.name for one in fields(Ending)}

    def call(*args: Any, **given: Any) -> Any:
        ending = Ending(**{name: given.pop(name) for name in names & given.keys()})
        ending.check()
        return command(*args, ending=ending, **given)

    call.__name__, call.__doc__ = command.__name__, command.__doc__
    call.__click_params__ = getattr(command, "__click_params__", [])  # type: ignore[attr-defined]
    for option in reversed(options):
        call = option(call)
    return call  # type: ignore[return-value]


def kind_option(command: Command) -> Command:
    """Which kinds of files."""
    return click.option(
        "--kind",
        "kinds",
        type=click.Choice(("image", "video", "audio")),
        multiple=True,
        help="Only files of this kind. May be repeated.",
    )(command)


def where_option(command: Command) -> Command:
    """Which assets."""
    return click.option(
        "--where",
        metavar="FILTER",
        multiple=True,
        help="Only files of which this is true, such as 'tags has beach'. May be repeated.",
    )(command)


def seed_option(command: Command) -> Command:
    """For what is drawn."""
    return click.option(
        "--seed", default=0, show_default=True, help="The same seed draws the same."
    )(command)


def top_option(command: Command) -> Command:
    """How many findings."""
    return click.option(
        "--top", type=click.IntRange(min=1), metavar="N", help="The N worst at most."
    )(command)


def modality_option(multiple: bool) -> Callable[[Command], Command]:
    """What is compared."""
    said = "May be repeated; all that there are by default." if multiple else "Needed where"
    if not multiple:
        said += " the library holds several."
    return click.option(
        "--modality",
        "modalities",
        type=click.Choice(("image", "keyframe", "sound", "speech", "screen")),
        multiple=multiple,
        help=f"What is compared: pictures, videos by their keyframes, or what is heard. {said}",
    )


def filter_of(where: Sequence[str]) -> Filter | None:
    """The filters of a command as one."""
    from engine.query.language.where_parser import parse_where
    from engine.types import AllOf

    parsed = tuple(map(parse_where, where))
    return AllOf(parsed) if len(parsed) > 1 else (parsed[0] if parsed else None)


def chosen(library: Library, modalities: Sequence[str]) -> list[Modality]:
    """The modalities that are asked for, else those that show or sound like something.

    Raises:
        UsageError: the library holds none of them.
    """
    from engine.curate.asset_vectors import present
    from engine.types import Modality

    if modalities:
        return list(dict.fromkeys(map(Modality, modalities)))
    wanted = (Modality.IMAGE, Modality.KEYFRAME, Modality.SOUND)
    found = [modality for modality in present(library.store) if modality in wanted]
    if not found:
        raise UsageError(f"{library.store.path} holds nothing yet: sensorium index PATH")
    return found


def only(library: Library, modality: str | None) -> Modality:
    """The one modality that is asked for, or that there is.

    Raises:
        UsageError: there are several, and none was named.
    """
    found = chosen(library, [modality] if modality else ())
    if len(found) > 1:
        raise UsageError(f"the library holds {', '.join(found)}: choose one with --modality")
    return found[0]
