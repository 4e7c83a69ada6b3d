"""Work that the first visitor would wait for, done while nobody has asked yet."""

from __future__ import annotations

from contextlib import suppress

from engine.errors import SensoriumError
from engine.server.shelf import Shelf

_UNKNOWN = "sensorius"
"""A word that nobody knows: what it may mean is looked for among all words of a library."""


def prepare(shelf: Shelf) -> None:
    """Read what the first visitor is shown, and then what the first search would wait for."""
    read_lists(shelf)
    load_for_search(shelf)


def load_for_search(shelf: Shelf) -> None:
    """Load the models, indexes and words of all libraries by a search.

    The words of 50,000 files take 1.2 s, which the one would wait for who types the first word
    that the library has not.
    """
    for _, library in shelf:
        with suppress(SensoriumError):
            library.search(_UNKNOWN, top=1)


def read_lists(shelf: Shelf) -> None:
    """Read the order of all files, newest first: the page opens on it, and it is kept.

    What fails here fails again for the one who asks, and is told then.
    """
    for _, library in shelf:
        with suppress(SensoriumError):
            library.browse.assets(limit=1)
