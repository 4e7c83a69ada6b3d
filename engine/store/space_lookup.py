"""Find spaces by name, and tell which of them searches read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from engine.errors import UsageError
from engine.store.records import SpaceInfo


def find_space(name: str, infos: Mapping[str, SpaceInfo], *, ready: bool = False) -> SpaceInfo:
    """Return the space of this name that texts query.

    Raises:
        UsageError: there is none, or it is not ``ready`` where that is asked.
    """
    info = infos.get(name)
    if info is None or info.role is None:
        there = ", ".join(i.space.name for i in infos.values() if i.role is not None)
        raise UsageError(
            f"no space that texts query is called {name!r}; there is {there or 'none yet'}"
        )
    if ready and not info.ready:
        again = f"sensorium index --add-space {info.role.encoder}"
        raise UsageError(f"the space {name} is still being filled: {again}")
    return info


def require_droppable(info: SpaceInfo) -> None:
    """Raise ``UsageError`` for the default space."""
    if info.default:
        raise UsageError(
            f"{info.space.name} is the default space; make another the default first:"
            " sensorium spaces default NAME"
        )


def serving(infos: Iterable[SpaceInfo]) -> set[str]:
    """Return the names of the spaces that searches read.

    They are all but those that only spaces use which are still being filled.
    """
    known = list(infos)
    used: dict[bool, set[str]] = {True: set(), False: set()}
    for info in known:
        if info.role is not None:
            used[info.ready] |= {info.space.name, info.role.looks, info.role.sounds}
    return {info.space.name for info in known} - (used[False] - used[True])
