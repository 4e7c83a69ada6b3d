"""Work that the first visitor would wait for, done while nobody has asked yet."""

from __future__ import annotations

from contextlib import suppress

from engine.errors import SensoriumError
from engine.server.shelf import Shelf


def read_lists(shelf: Shelf) -> None:
    """Read the order of all files, newest first: the page opens on it, and it is kept.

    What fails here fails again for the one who asks, and is told then.
    """
    for _, library in shelf:
        with suppress(SensoriumError):
            library.browse.assets(limit=1)
