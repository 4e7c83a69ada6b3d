"""Several encoders in one run: a file is decoded once, and prepared for each of them.

``combine`` makes one ``Towers`` of several, the default's first, so that whoever decodes
and batches need not know how many there are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from PIL import Image

from engine.encoders.protocols import Embedded, Heard, SoundBridge, Spectrogram
from engine.encoders.runtime.backend import Done, Pending, Pipelined, Then
from engine.encoders.towers import PreparedInput, Towers
from engine.types import Modality, Space
from engine.types.arrays import Vectors, Waveform

_VISUAL = frozenset({Modality.IMAGE, Modality.KEYFRAME})


@dataclass(frozen=True)
class MultiEncoder(Towers):
    """The towers of several encoders; speech and screen are bridged as the first has it."""

    members: tuple[Towers, ...] = field(kw_only=True)

    @property
    def shared(self) -> Space:
        """The shared space of the first encoder."""
        return self.members[0].shared

    @property
    def looks(self) -> Space:
        """The space of likeness of the first encoder."""
        return self.members[0].looks

    @property
    def further(self) -> tuple[Space, ...]:
        """The further spaces of the first encoder."""
        return self.members[0].further

    @property
    def modalities(self) -> frozenset[Modality]:
        """The modalities that any of the encoders takes."""
        return frozenset().union(*(member.modalities for member in self.members))

    @property
    def image_size(self) -> int:
        """The largest side in pixels that any of the encoders asks for."""
        return max(member.image_size for member in self.members)

    @property
    def spaces(self) -> tuple[Space, ...]:
        """All spaces of all encoders, each once."""
        return tuple({s.name: s for member in self.members for s in member.spaces}.values())

    def check(self) -> None:
        for member in self.members:
            member.check()

    # --- pictures ---

    @property
    def _seeing(self) -> tuple[Towers, ...]:
        return tuple(member for member in self.members if member.modalities & _VISUAL)

    def prepare_picture(self, image: Image.Image) -> PreparedInput:
        prepared = (member.prepare_picture(image) for member in self._seeing)
        return PreparedInput(tuple(part for item in prepared for part in item.parts))

    @property
    def shot_rates(self) -> tuple[int, ...]:
        """The rates of all encoders that hear shots, each once."""
        return tuple(dict.fromkeys(rate for m in self._seeing for rate in m.shot_rates))

    def prepare_shot(
        self, image: Image.Image, heard: Mapping[int, Waveform], words: str
    ) -> PreparedInput:
        prepared = (member.prepare_shot(image, heard, words) for member in self._seeing)
        return PreparedInput(tuple(part for item in prepared for part in item.parts))

    def picture_batch(self, default: int) -> int:
        """Return the smallest batch of the encoders that choose their own size."""
        encoders = (member.encoder for member in self._seeing)
        sizes = [e.picture_batch() for e in encoders if isinstance(e, Pipelined)]
        return min(sizes, default=default)

    def submit_pictures(self, pictures: Sequence[PreparedInput]) -> Pending[Embedded]:
        sent = [
            _submit_present(member.submit_pictures, pictures, at)
            for at, member in enumerate(self._seeing)
        ]
        return _Merged(sent, len(pictures))

    # --- sounds ---

    @property
    def _hearing(self) -> tuple[Towers, ...]:
        return tuple(member for member in self.members if Modality.SOUND in member.modalities)

    @property
    def sound_rates(self) -> tuple[int, ...]:
        """The sample rates of all sound bridges, each once, the first encoder's first."""
        return tuple(dict.fromkeys(member.sound.rate for member in self._hearing))

    @property
    def joins_sounds(self) -> bool:
        """Tell whether any of the encoders joins what is seen to windows of sound."""
        return any(member.joins_sounds for member in self._hearing)

    def prepare_sound(
        self, heard: Mapping[int, Waveform], image: Image.Image | None = None, words: str = ""
    ) -> PreparedInput:
        """Prepare a window for each encoder; a bridge that two of them have prepares once."""
        prepared: dict[tuple[int, bool], Any] = {}
        keys = [(id(member.sound), member.joins_sounds) for member in self._hearing]
        for key, member in zip(keys, self._hearing, strict=True):
            if member.sound.rate in heard and key not in prepared:
                (prepared[key],) = member.prepare_sound(heard, image, words).parts
        return PreparedInput(tuple(prepared.get(key) for key in keys))

    def embed_windows(self, windows: Sequence[PreparedInput]) -> Embedded:
        parts = [
            _submit_present(partial(_embed_at_once, member), windows, at)
            for at, member in enumerate(self._hearing)
        ]
        return _Merged(parts, len(windows)).result()

    def embed_texts(self, texts: Sequence[str]) -> Embedded:
        return _merge([member.embed_texts(texts) for member in self.members], len(texts))


def _embed_at_once(towers: Towers, windows: Sequence[PreparedInput]) -> Pending[Embedded]:
    return Done(towers.embed_windows(windows))


@dataclass(frozen=True, slots=True)
class _Merged:
    """Implement ``Pending`` for a batch that several encoders have."""

    parts: Sequence[Pending[Embedded]]
    count: int

    def ready(self) -> bool:
        return all(part.ready() for part in self.parts)

    def result(self) -> Embedded:
        return _merge([part.result() for part in self.parts], self.count)


class _SharedBridge:
    """A sound bridge that several encoders have, and that listens once for all of them."""

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


def _same(items: Sequence[Any], others: Sequence[Any]) -> bool:
    return len(items) == len(others) and all(a is b for a, b in zip(items, others, strict=True))


def combine(members: Sequence[Towers]) -> Towers:
    """Make one ``Towers`` of several; a single one is returned as it is."""
    first = members[0]
    if len(members) == 1:
        return first
    keys = [(m.sound.sounds.name, m.sound.revision, m.sound.rate) for m in members]
    bridges = {
        key: _SharedBridge(m.sound)
        for key, m in zip(keys, members, strict=True)
        if keys.count(key) > 1
    }
    ours = tuple(
        replace(member, sound=bridges[key]) if key in bridges else member
        for key, member in zip(keys, members, strict=True)
    )
    return MultiEncoder(
        first.encoder, ours[0].sound, first.speech, first.screen, first.head, members=ours
    )


def members_of(towers: Towers) -> tuple[Towers, ...]:
    """Return the towers of each encoder."""
    return towers.members if isinstance(towers, MultiEncoder) else (towers,)


def _submit_present(
    submit: Callable[[Sequence[PreparedInput]], Pending[Embedded]],
    items: Sequence[PreparedInput],
    at: int,
) -> Pending[Embedded]:
    """Submit part ``at`` of the items that have it; the others get rows without direction."""
    present = [row for row, item in enumerate(items) if item.parts[at] is not None]
    if not present:
        return Done(Embedded({}, ((),) * len(items)))
    sent = submit([PreparedInput((items[row].parts[at],)) for row in present])
    return Then(sent, lambda embedded: _spread(embedded, present, len(items)))


def _spread(embedded: Embedded, rows: Sequence[int], count: int) -> Embedded:
    """Put what was embedded of some of ``count`` items at their places."""
    if len(rows) == count:
        return embedded
    vectors: dict[str, Vectors] = {}
    for space, found in embedded.vectors.items():
        vectors[space] = np.zeros((count, found.shape[1]), np.float32)
        vectors[space][rows] = found
    tags = dict(zip(rows, embedded.tags, strict=True))
    return Embedded(vectors, tuple(tags.get(row, ()) for row in range(count)))


def _merge(parts: Sequence[Embedded], count: int) -> Embedded:
    """Merge the vectors of all, with the tags of the first, whose words the moments carry."""
    vectors = {space: rows for part in reversed(parts) for space, rows in part.vectors.items()}
    return Embedded(vectors, parts[0].tags if parts else ((),) * count)
