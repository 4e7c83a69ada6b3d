"""Answers about one item of a request that cannot be read."""

from __future__ import annotations

from engine.errors import InvalidQuery, MediaError, SensoriumError
from engine.server.problems import Problem, status_of


def unreadable(error: SensoriumError, message: str, param: str) -> Problem:
    """Return what is wrong with an item, by its cause: too large, of no known type, damaged.

    Args:
        param: the place of the item in the request.
    """
    cause = error.__cause__ if isinstance(error, InvalidQuery) else error
    if isinstance(cause, InvalidQuery | None) or not isinstance(cause, SensoriumError):
        return Problem(422, MediaError.code, message, param)
    return Problem(status_of(cause), cause.code, message, param)
