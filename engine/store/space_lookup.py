"""Find spaces by name, and tell which of them searches read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from engine.errors import UsageError
from engine.store.records import SpaceInfo
from engine.types import Modality

_SEEN = {Modality.IMAGE, Modality.KEYFRAME}
"""The modalities that further spaces are for."""


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


def further(info: SpaceInfo, infos: Iterable[SpaceInfo]) -> list[str]:
    """Name the further spaces of an encoder, which its texts are asked in as well.

    They are those that its encoder made, beside its own and those of likeness.
    """
    role = info.role
    if role is None:
        return []
    known = {info.space.name, role.looks, role.sounds}
    return [
        other.space.name
        for other in infos
        if other.role is None
        and other.space.encoder == role.encoder
        and other.space.name not in known
    ]


def role_name(info: SpaceInfo, infos: Iterable[SpaceInfo]) -> str:
    """Return ``text``, ``further`` or ``likeness``: what a space is asked."""
    if info.role is not None:
        return "text"
    known = list(infos)
    asked = {name for other in known for name in further(other, known)}
    return "further" if info.space.name in asked else "likeness"


def is_empty(role: str, vectors: int, moments: Iterable[Modality]) -> bool:
    """Return whether a space has nothing, though a library has what it is for.

    Indexing again fills it. Spaces of likeness may well have nothing: of sounds, where there are
    none.

    Args:
        role: as ``role_name`` has it.
        vectors: the number of its vectors.
        moments: the modalities that the library has moments of.
    """
    return role == "further" and not vectors and bool({*moments} & _SEEN)


def companions(info: SpaceInfo, infos: Iterable[SpaceInfo]) -> set[str]:
    """Name the spaces that go with one that texts query: those of likeness, and further ones."""
    if info.role is None:
        return set()
    return {info.role.looks, info.role.sounds, *further(info, infos)} - {info.space.name}


def serving(infos: Iterable[SpaceInfo]) -> set[str]:
    """Return the names of the spaces that searches read.

    They are all but those that only spaces use which are still being filled.
    """
    known = list(infos)
    used: dict[bool, set[str]] = {True: set(), False: set()}
    for info in known:
        if info.role is not None:
            used[info.ready] |= {info.space.name, *companions(info, known)}
    return {info.space.name for info in known} - (used[False] - used[True])
