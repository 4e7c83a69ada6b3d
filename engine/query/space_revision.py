"""The check that a space of a library is of the weights that are installed."""

from __future__ import annotations

from engine.errors import SpaceMismatch
from engine.types import Space


def check_revision(stored: Space | None, installed: Space) -> None:
    """Refuse a space that other weights than the installed ones have filled.

    Args:
        stored: the space as the library has it; None where it has none of that name.
        installed: the same space as the installed encoder describes it.

    Raises:
        SpaceMismatch: the two differ.
    """
    if stored is not None and stored != installed:
        raise SpaceMismatch(
            f"the library's space {stored.name} was made by revision {stored.revision}, and the"
            f" installed encoder is revision {installed.revision}, which are other weights:"
            " index into a new library"
        )
