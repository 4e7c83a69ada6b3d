"""Several encoders over one run: a file is decoded once, and prepared for each of them.

``combine`` makes one ``Towers`` of several, the default's first, so that whoever decodes
and batches need not know how many there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np
from PIL import Image

from engine.encoders.protocols import Embedded, Encoder, Heard, Pixels, SoundBridge, Spectrogram
from engine.encoders.runtime.backend import Done, Pending, Pipelined, Then
from engine.encoders.towers import Towers
from engine.types import Modality, Space
from engine.types.arrays import Vectors

_SEEN = frozenset({Modality.IMAGE, Modality.KEYFRAME})
_WRITTEN = frozenset({Modality.SPEECH, Modality.SCREEN})


@dataclass(frozen=True, slots=True)
class PerEncoder:
    """One picture, or one window of sound, as each of several towers takes it."""

    parts: tuple[Any, ...]
    """None for a tower that does not take it."""

    @property
    def nbytes(self) -> int:
        """Bytes that the parts hold, those that are the same array counted once."""
        return sum({id(p): p.nbytes for p in self.parts if p is not None}.values())


@dataclass(frozen=True)
class MultiEncoder(Towers):
    """The towers of several encoders; speech and screen are bridged as the first has it."""

    members: tuple[Towers, ...] = field(kw_only=True)

    @property
    def shared(self) -> Space:
        """The first one's."""
        return self.members[0].shared

    @property
    def looks(self) -> Space:
        """The first one's."""
        return self.members[0].looks

    @property
    def image_size(self) -> int:
        """What the one wants that wants most."""
        return max(member.image_size for member in self.members)

    @property
    def spaces(self) -> tuple[Space, ...]:
        """Every space of each."""
        return tuple({s.name: s for member in self.members for s in member.spaces}.values())

    def check(self) -> None:
        for member in self.members:
            member.check()

    def embed_sounds(self, windows: Sequence[Spectrogram]) -> Embedded:
        """What each says of windows that ``windows`` prepared."""
        each = cast(Sequence[PerEncoder], windows)
        said = [
            _said(member.embed_sounds, [one.parts[at] for one in each])
            for at, member in enumerate(self.members)
            if Modality.SOUND in member.modalities
        ]
        return _merged(said, len(each))


class _Pictures:
    """Implements ``Encoder`` for pictures, by those of several that take any."""

    def __init__(self, members: Sequence[Towers]) -> None:
        self._seeing = [m for m in members if m.modalities & _SEEN]
        self.name = members[0].encoder.name
        self.shared = members[0].encoder.shared
        self.looks = members[0].encoder.looks
        self.image_size = max(member.encoder.image_size for member in members)
        self.check = members[0].encoder.check
        self.embed_texts = members[0].encoder.embed_texts

    def prepare_image(self, image: Image.Image) -> Pixels:
        parts = tuple(m.encoder.prepare_image(image) for m in self._seeing)
        return cast(Pixels, PerEncoder(parts))  # which nobody looks into on the way to embed_images

    def embed_images(self, pixels: Sequence[Pixels]) -> Embedded:
        each = cast(Sequence[PerEncoder], pixels)
        said = [
            _said(member.encoder.embed_images, [one.parts[at] for one in each])
            for at, member in enumerate(self._seeing)
        ]
        return _merged(said, len(each))


class _PicturesInFlight(_Pictures):
    """Implements ``Pipelined`` as well, where one of several does."""

    def picture_batch(self) -> int:
        """What each can take."""
        encoders = (member.encoder for member in self._seeing)
        return min(e.picture_batch() for e in encoders if isinstance(e, Pipelined))

    def submit_images(self, pixels: Sequence[Pixels]) -> Pending[Embedded]:
        each = cast(Sequence[PerEncoder], pixels)
        sent = [
            _sent(member.encoder, [one.parts[at] for one in each])
            for at, member in enumerate(self._seeing)
        ]
        return _All(sent, len(each))


@dataclass(frozen=True, slots=True)
class _All:
    """Implements ``Pending`` for a batch that several encoders have."""

    parts: Sequence[Pending[Embedded]]
    count: int

    def ready(self) -> bool:
        return all(part.ready() for part in self.parts)

    def result(self) -> Embedded:
        return _merged([part.result() for part in self.parts], self.count)


class _Once:
    """A sound bridge that several encoders have: what they all ask is answered once."""

    def __init__(self, bridge: SoundBridge) -> None:
        self._bridge = bridge
        self._last: tuple[Sequence[Spectrogram], Heard] | None = None
        self.rate, self.sounds = bridge.rate, bridge.sounds
        self.revision, self.vocabulary = bridge.revision, bridge.vocabulary
        self.check, self.prepare, self.words_of = bridge.check, bridge.prepare, bridge.words_of

    def listen(self, windows: Sequence[Spectrogram]) -> Heard:
        known = self._last
        if known is None or not _same(known[0], windows):
            known = self._last = windows, self._bridge.listen(windows)
        return known[1]


def _same(one: Sequence[Any], other: Sequence[Any]) -> bool:
    return len(one) == len(other) and all(a is b for a, b in zip(one, other, strict=True))


def combine(members: Sequence[Towers]) -> Towers:
    """Several towers as one; a single one as it is."""
    first = members[0]
    if len(members) == 1:
        return first
    keys = [(m.sound.sounds.name, m.sound.revision, m.sound.rate) for m in members]
    asked = {
        key: _Once(m.sound) for key, m in zip(keys, members, strict=True) if keys.count(key) > 1
    }
    ours = [
        replace(member, sound=asked[key]) if key in asked else member
        for key, member in zip(keys, members, strict=True)
    ]
    in_flight = any(isinstance(m.encoder, Pipelined) for m in ours if m.modalities & _SEEN)
    pictures = _PicturesInFlight(ours) if in_flight else _Pictures(ours)
    return MultiEncoder(pictures, ours[0].sound, first.speech, first.screen, members=tuple(ours))


def members_of(towers: Towers) -> tuple[Towers, ...]:
    """The towers of each encoder."""
    return towers.members if isinstance(towers, MultiEncoder) else (towers,)


def _said(embed: Any, items: Sequence[Any]) -> Embedded:
    """What a tower says of those items that it takes; of the others, rows without direction."""
    there = _there(items)
    if not there:
        return Embedded({}, ((),) * len(items))
    return _spread(embed([items[at] for at in there]), there, len(items))


def _sent(encoder: Encoder, items: Sequence[Any]) -> Pending[Embedded]:
    """The same, to be collected later, where an encoder does that."""
    there = _there(items)
    if not there or not isinstance(encoder, Pipelined):
        return Done(_said(encoder.embed_images, items))
    sent = encoder.submit_images([items[at] for at in there])
    return Then(sent, lambda said: _spread(said, there, len(items)))


def _there(items: Sequence[Any]) -> list[int]:
    return [at for at, item in enumerate(items) if item is not None]


def _spread(said: Embedded, there: Sequence[int], count: int) -> Embedded:
    """What was said of some of ``count`` items, in their places."""
    if len(there) == count:
        return said
    vectors: dict[str, Vectors] = {}
    for space, rows in said.vectors.items():
        vectors[space] = np.zeros((count, rows.shape[1]), np.float32)
        vectors[space][there] = rows
    tags = dict(zip(there, said.tags, strict=True))
    return Embedded(vectors, tuple(tags.get(at, ()) for at in range(count)))


def _merged(said: Sequence[Embedded], count: int) -> Embedded:
    """The vectors of all, and the tags of the first, whose words the moments carry."""
    vectors = {space: rows for one in reversed(said) for space, rows in one.vectors.items()}
    return Embedded(vectors, said[0].tags if said else ((),) * count)


def embed_texts(towers: Towers, texts: Sequence[str]) -> Embedded:
    """What is said or written, by the text tower of each encoder that takes such moments."""
    vectors = {
        member.shared.name: member.encoder.embed_texts(texts)
        for member in members_of(towers)
        if member.modalities & _WRITTEN
    }
    return Embedded(vectors, ((),) * len(texts))
