"""Moments that belong together, as one hit: its best moment, and how many more.

Everything here is in the order of the ranking: the first moment of a group stands for it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.types import Group, Modality, MomentRecord

_SEEN = {Modality.IMAGE: "seen", Modality.KEYFRAME: "seen", Modality.SCREEN: "seen"}
"""A picture and what is to be read in it are one place."""
_ALIKE = {
    Modality.IMAGE: 0.93,
    Modality.KEYFRAME: 0.93,
    Modality.SOUND: 0.97,
    Modality.SPEECH: 0.95,
    Modality.SCREEN: 0.95,
}
"""Cosines from which two moments are as good as the same, in the space of their likeness."""

MOST_OTHERS = 50

Likeness = Callable[[Sequence[MomentRecord]], Mapping[int, NDArray[np.float32]]]
"""The vectors, by moment id, in which moments of one modality resemble each other."""


@dataclass(slots=True)
class HitGroup:
    """The best moment of a group, and how many follow it."""

    record: MomentRecord
    more: int = 0
    others: list[int] = field(default_factory=list)
    """The numbers of the first ``MOST_OTHERS`` that follow it."""

    def follow(self, record: MomentRecord) -> None:
        """Count a moment among those that follow."""
        self.more += 1
        if self.more <= MOST_OTHERS:
            self.others.append(record.moment_id)


def group_moments(
    ranked: Iterable[Sequence[MomentRecord]],
    group: Group,
    top: int,
    likeness: Likeness,
    counted: int | None = None,
) -> list[HitGroup]:
    """Group moments that come in pages, best first, and return the first ``top`` groups.

    Args:
        counted: the moments, best first, that count among what a group has more of, so that
            pages are read until the groups are there and so many have been; None for all.
    """
    read = 0
    keep = _KEEPERS[group](likeness)
    groups: list[HitGroup] = []
    for page in ranked:
        keep.look_at(page)
        for record in page:
            leader = keep.leader_of(record)
            if leader is not None:
                leader.follow(record)
                continue
            made = HitGroup(record)
            keep.lead(made)
            if len(groups) < top:
                groups.append(made)
        read += len(page)
        if len(groups) == top and (
            group is Group.NONE or (counted is not None and read >= counted)
        ):
            break
    return groups


class _Keeper(ABC):
    """Knows the groups that there are, and which of them a moment belongs to."""

    def __init__(self, likeness: Likeness) -> None:
        self.likeness = likeness

    def look_at(self, page: Sequence[MomentRecord]) -> None:  # noqa: B027
        """Prepare for the moments that come next; most keepers need not."""

    @abstractmethod
    def leader_of(self, record: MomentRecord) -> HitGroup | None:
        """Return the group that a moment belongs to, of those that there are."""

    @abstractmethod
    def lead(self, made: HitGroup) -> None:
        """Take note of a new group."""


class _Alone(_Keeper):
    """No grouping: every moment is a hit of its own."""

    def leader_of(self, _: MomentRecord) -> HitGroup | None:
        return None

    def lead(self, _: HitGroup) -> None:
        """Do nothing."""


class _Asset(_Keeper):
    """One hit for each file."""

    def __init__(self, likeness: Likeness) -> None:
        super().__init__(likeness)
        self._led: dict[int, HitGroup] = {}

    def leader_of(self, record: MomentRecord) -> HitGroup | None:
        return self._led.get(record.asset_id)

    def lead(self, made: HitGroup) -> None:
        self._led[made.record.asset_id] = made


class _Shot(_Keeper):
    """One hit for a shot, a sentence, a stretch of sound or a picture. A moment beside one
    that belongs to a stretch belongs to it as well."""

    def __init__(self, likeness: Likeness) -> None:
        super().__init__(likeness)
        self._taken: dict[tuple[int, str], list[tuple[MomentRecord, HitGroup]]] = {}

    def leader_of(self, record: MomentRecord) -> HitGroup | None:
        taken = self._taken.get(_place(record), ())
        leader = next((led for other, led in taken if _same_place(record, other)), None)
        if leader is not None:
            self._taken[_place(record)].append((record, leader))
        return leader

    def lead(self, made: HitGroup) -> None:
        self._taken.setdefault(_place(made.record), []).append((made.record, made))


@dataclass(slots=True)
class _Leaders:
    """The groups of one modality, with the vectors of those who lead them."""

    groups: list[HitGroup] = field(default_factory=list)
    rows: list[NDArray[np.float32]] = field(default_factory=list)


class _Alike(_Shot):
    """One hit for what is as good as the same, anywhere in the library."""

    def __init__(self, likeness: Likeness) -> None:
        super().__init__(likeness)
        self._vectors: dict[int, NDArray[np.float32]] = {}
        self._leaders: dict[Modality, _Leaders] = {}

    def look_at(self, page: Sequence[MomentRecord]) -> None:
        self._vectors |= self.likeness(page)

    def leader_of(self, record: MomentRecord) -> HitGroup | None:
        return super().leader_of(record) or self._resembled(record)

    def _resembled(self, record: MomentRecord) -> HitGroup | None:
        vector, modality = self._vectors.get(record.moment_id), record.moment.modality
        leaders = self._leaders.get(modality)
        if vector is None or leaders is None:
            return None
        cosines = np.stack(leaders.rows) @ vector
        best = int(cosines.argmax())
        return leaders.groups[best] if cosines[best] >= _ALIKE[modality] else None

    def lead(self, made: HitGroup) -> None:
        super().lead(made)
        vector = self._vectors.get(made.record.moment_id)
        if vector is not None:
            leaders = self._leaders.setdefault(made.record.moment.modality, _Leaders())
            leaders.groups.append(made)
            leaders.rows.append(vector)


_KEEPERS: Mapping[Group, Callable[[Likeness], _Keeper]] = {
    Group.NONE: _Alone,
    Group.ASSET: _Asset,
    Group.SHOT: _Shot,
    Group.ALIKE: _Alike,
}


def _place(record: MomentRecord) -> tuple[int, str]:
    modality = record.moment.modality
    return record.asset_id, _SEEN.get(modality, modality)


def _same_place(record: MomentRecord, other: MomentRecord) -> bool:
    """Tell whether two moments of one asset are one place to a viewer or listener."""
    a, b = record.moment, other.moment
    if a.start is None or b.start is None or a.end is None or b.end is None:
        return True
    if a.modality is Modality.SOUND:
        return a.start <= b.end and b.start <= a.end
    return a.start < b.end and b.start < a.end
