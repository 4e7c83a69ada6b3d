"""The command line: its commands, and how errors end it."""

from __future__ import annotations

import errno
import os
import signal
import sys
import threading
from contextlib import suppress
from typing import Any

import click

from engine.commands.align import align
from engine.commands.bench import bench
from engine.commands.classify import classify, evaluate
from engine.commands.compact import compact
from engine.commands.curate.copies import duplicates, leaks, semdedup
from engine.commands.curate.files import alignment, captions, mislabeled, quality
from engine.commands.curate.group import curate, undo
from engine.commands.curate.select import select
from engine.commands.curate.sets import clusters, outliers
from engine.commands.doctor import doctor
from engine.commands.exchange import export_command, import_command
from engine.commands.failures import failures
from engine.commands.index import index
from engine.commands.models import models
from engine.commands.options import complain, report_error
from engine.commands.rebuild import rebuild
from engine.commands.remove import remove
from engine.commands.search import search
from engine.commands.similar import similar
from engine.commands.spaces import spaces
from engine.commands.stats import stats
from engine.commands.verify import verify
from engine.errors import SensoriumError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}


class _Group(click.Group):
    """Turns Sensorium's errors into one line and their exit code."""

    def main(self, *args: Any, **extra: Any) -> Any:
        try:
            return super().main(*args, **extra)
        except OSError as error:
            # Errors of the library and of media are translated where they happen, so
            # one of a full disk that arrives here comes from printing.
            if error.errno not in _FULL:
                raise
            _drop_output()
            complain(f"the output cannot be written: {os.strerror(error.errno).lower()}")
            sys.exit(1)

    def invoke(self, ctx: click.Context) -> Any:
        # A run that is asked to end commits what it has finished, however it is asked.
        # Only the main thread may say so; in another, the process is someone else's.
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            return super().invoke(ctx)
        except SensoriumError as error:
            report_error(ctx, error)
            ctx.exit(error.exit_code)
        except BrokenPipeError:  # the reader, such as `head`, has seen enough
            _drop_output()
            ctx.exit(0)


def _drop_output() -> None:
    """Make stdout drop the rest, which Python would try to write at exit."""
    with suppress(OSError, ValueError):  # a stream that is no file holds nothing back
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="sensorium")
def main() -> None:
    """Find moments in your pictures, videos and sounds by words, offline."""


_IN_ORDER = (
    index, align, search, similar, models, bench, spaces, export_command, import_command, curate,
    undo, classify, evaluate, stats, failures, remove, verify, rebuild, compact, doctor,
)  # fmt: skip
for _command in (
    duplicates, semdedup, leaks, outliers, clusters, quality, captions, mislabeled, select,
):  # fmt: skip
    curate.add_command(_command)
curate.add_command(alignment, "alignment")
for _command in _IN_ORDER:
    main.add_command(_command)


if __name__ == "__main__":
    main()
