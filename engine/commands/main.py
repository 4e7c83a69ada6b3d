"""The command line: its commands, and how errors end it."""

from __future__ import annotations

import atexit
import errno
import os
import sys
import warnings
from collections.abc import Sequence
from contextlib import suppress
from typing import IO, Any, NoReturn

import click

from engine.commands import streams
from engine.commands.command_table import LazyGroup
from engine.commands.crash_guard import run_in_child
from engine.commands.options import JSON_ASKED, TYPED, complain, printed_warnings, report_error
from engine.commands.signals import Stop
from engine.common.file_state import os_reason
from engine.common.mapped_files import watch_pages
from engine.common.memory import (
    is_out_of_memory,
    is_scarce,
    may_lack_memory,
    reserve_for_products,
    save_address_space,
)
from engine.errors import Cancelled, OutOfMemory, SensoriumError, StoreError, UsageError

_NO_SUCH = {errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG}
"""Errors of paths that somebody typed, which are errors of usage."""


class _OneLine(click.UsageError):
    """An option or an argument that cannot be, as one line with the way out."""

    def __init__(self, error: click.UsageError, asked: str = "sensorium") -> None:
        super().__init__(error.message, error.ctx)
        self._asked = asked
        self._help = error if isinstance(error, click.exceptions.NoArgsIsHelpError) else None
        self._line = " ".join(_message(error).split()).rstrip(".")
        self._missing = isinstance(error, click.MissingParameter)

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the line; click's own words are four, and help has lines of its own."""
        if self._help is not None:
            self._help.show(file)
            return
        asked = self.ctx.command_path if self.ctx else self._asked
        way = f"Try '{asked} --help' for help."
        if self._missing:
            from engine.commands.guidance import example

            if (usual := example(asked)) is not None:
                way = f"Such as: {usual}"
        end = "" if self._line.endswith("?") else "."
        line = f"{self._line}{end} {way}"
        if self.ctx is not None and self.ctx.find_root().meta.get(JSON_ASKED):
            report_error(self.ctx, UsageError(line))
        else:
            complain(line)


def _message(error: click.UsageError) -> str:
    if not isinstance(error, click.NoSuchOption | click.NoSuchCommand):
        if error.message.startswith(_TOO_MANY):
            from engine.commands.guidance import words_meant

            return words_meant(error)
        return error.format_message()
    from engine.commands.guidance import command_meant, option_meant

    return option_meant(error) if isinstance(error, click.NoSuchOption) else command_meant(error)


_TOO_MANY = "Got unexpected extra argument"
"""The beginning of click's message for words that a command has no place for."""


class _Group(LazyGroup):
    """Turns Sensorium's errors into one line and their exit code."""

    _own = False
    _out_of_memory = False

    def main(self, args: Sequence[str] | None = None, **extra: Any) -> Any:  # type: ignore[override]
        # A process that is ours; arguments come from another program.
        own = self._own = args is None
        if own:
            if is_scarce():
                run_in_child()
            streams.guard()
            if not sys.warnoptions:  # what libraries warn of is for those who write programs
                warnings.simplefilter("ignore")
            stderr = streams.keep_libraries_silent() if is_scarce() else 2
            watch_pages(ends=True, stderr=stderr)
            save_address_space()
        if "_SENSORIUM_COMPLETE" in os.environ:
            from engine.commands.completion import register

            register()
        self._stop = Stop()
        with self._stop.watching(lasting=own):
            try:
                return super().main(args, **extra)
            except SystemExit as ended:
                code = ended.code if self._stop.number is None else self._stop.exit_code
                if not own:
                    sys.exit(code)
                code = _code_of_lost_output(code)
                if self._out_of_memory:
                    _leave(code)
                sys.exit(code)

    def make_context(self, name: str | None, args: list[str], **extra: Any) -> click.Context:  # type: ignore[override]
        typed = tuple(args)  # which the parser takes apart
        try:
            return super().make_context(name, args, **extra)
        except click.UsageError as error:
            if error.ctx is not None:
                error.ctx.meta[TYPED] = typed
            raise _OneLine(error) from error

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        ctx.meta[JSON_ASKED], ctx.meta[TYPED] = "--json" in args, tuple(args)
        no_option = not args[0].startswith("-")
        if no_option and not ctx.resilient_parsing and self.get_command(ctx, args[0]) is None:
            from engine.commands.guidance import meant

            raise meant(self, args)
        name, command, rest = super().resolve_command(ctx, args)
        if name is not None and command is not None and not ctx.resilient_parsing:
            from engine.commands.command_defaults import use_defaults

            use_defaults(ctx, name, command, rest)
        return name, command, rest

    def _reserve(self) -> None:
        if self._own:
            reserve_for_products()

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with printed_warnings():
                self._reserve()
                return super().invoke(ctx)
        except click.UsageError as error:
            raise _OneLine(error, f"sensorium {ctx.invoked_subcommand}") from error
        except (click.exceptions.Exit, click.ClickException, click.Abort):
            raise
        except KeyboardInterrupt as stopped:
            report_error(ctx, Cancelled(_stopped(stopped)))
            ctx.exit(self._stop.exit_code)
        except BrokenPipeError:  # of a program that runs us, and has seen enough
            ctx.exit(0)
        except BaseException as error:
            if not isinstance(error, Exception) and not is_out_of_memory(error):
                raise  # a panic of Rust is no Exception
            if self._stop.number is not None and not isinstance(error, SensoriumError):
                error = Cancelled(_stopped(error))  # the signal came inside of a library
            known = _known(error, ctx)
            if known is None:
                raise
            report_error(ctx, known)
            self._out_of_memory = isinstance(known, OutOfMemory)
            ctx.exit(known.exit_code)


def _stopped(error: BaseException) -> str:
    """Return that the command was stopped, and what those say of it who were at work."""
    return "; ".join(("stopped", *getattr(error, "__notes__", ())))


def _known(error: BaseException, ctx: click.Context) -> SensoriumError | None:
    """Return an error as one of ours; None for one that nobody expects."""
    if not isinstance(error, OutOfMemory) and is_out_of_memory(error):
        return OutOfMemory(f"{ctx.invoked_subcommand or 'sensorium'} stopped")
    if isinstance(error, Cancelled):
        return Cancelled("; ".join((str(error), *getattr(error, "__notes__", ()))))
    if isinstance(error, SensoriumError):
        return error
    if isinstance(error, OSError):
        place = error.filename
        named = os.fsdecode(place) if isinstance(place, str | bytes) else "a file of this command"
        line = f"{named}: {os_reason(error)}"
        return UsageError(line) if error.errno in _NO_SUCH else StoreError(line)
    if may_lack_memory(error):
        return OutOfMemory(f"{ctx.invoked_subcommand or 'sensorium'} stopped")
    return None


def _leave(code: Any) -> NoReturn:
    """End a process whose memory ran out.

    What libraries of C do when a process ends is left out: Arrow's allocator, for one, frees
    there what it could not allocate.
    """
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()
    os._exit(code if isinstance(code, int) else 1)


def _code_of_lost_output(code: Any) -> Any:
    """Return the code of a process; where its output was lost, say so."""
    lost = streams.lost_output()
    # A reader, such as `head`, that has seen enough is no error.
    if lost is None or lost.errno == errno.EPIPE:
        return code
    complain(f"the output cannot be written: {os_reason(lost)}")
    return code or 1


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(None, "-V", "--version", package_name="sensorium")
def main() -> None:
    """Find moments in your pictures, videos and sounds by words, offline."""


if __name__ == "__main__":
    main()
