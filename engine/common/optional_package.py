"""Importing packages that are optional, and telling what is wrong with one."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from engine.common.file_state import one_line
from engine.common.memory import has_room_for_blas, is_out_of_memory
from engine.errors import ExtraMissing, OutOfMemory, UsageError


@contextmanager
def importing(what: str, extra: str, *packages: str, blas: bool = False) -> Iterator[None]:
    """Import optional packages in this context.

    Args:
        what: the thing that needs them, as the subject of a sentence.
        extra: the name of the extra of this distribution that brings them.
        packages: the modules by their names.
        blas: one of them brings an OpenBLAS along, which crashes where there is no room.

    Raises:
        ExtraMissing: one of ``packages`` is not installed.
        OutOfMemory: there is no memory to load them.
        UsageError: they are installed, and cannot be loaded.
    """
    if blas and not sys.modules.keys() >= set(packages) and not has_room_for_blas():
        raise OutOfMemory(f"{what} cannot be loaded")
    try:
        yield
    except ImportError as error:
        if is_out_of_memory(error):
            raise OutOfMemory(f"{what} cannot be loaded") from error
        if isinstance(error, ModuleNotFoundError) and error.name in packages:
            raise ExtraMissing(what, extra) from error
        raise UsageError(
            f"{what} cannot be used: {' or '.join(packages)} is installed, but does not load"
            f" ({one_line(error)}); install it anew: pip install --force-reinstall"
            f" 'sensorium[{extra}]'"
        ) from error
    except MemoryError as error:
        raise OutOfMemory(f"{what} cannot be loaded") from error


@contextmanager
def without_looking_for_garbage() -> Iterator[None]:
    """Import a large package in this context.

    All that it makes stays, and looking through it again and again takes a tenth of the time: 0.4 s
    of 4.5 that PyTorch and open_clip take.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
