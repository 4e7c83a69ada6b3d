"""All that turns media into vectors of one library: an encoder and its bridges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from engine.encoders.base import (
    Embedded,
    Encoder,
    ScreenBridge,
    SoundBridge,
    Spectrogram,
    SpeechBridge,
    revision_of,
)
from engine.types import Space, Tag, Vectors

_REVISION = 1
"""Of the code that mixes a sound's vector from those of its words."""
_SOUND_PHRASE = "the sound of a {}"
_SOME_SOUND = "a sound"
_TAG_FLOOR = 0.15
_MAX_TAGS = 3


@dataclass(frozen=True)
class Towers:
    """An encoder, the sound bridge, and those of speech and screen where they are installed.

    The shared space is the encoder's. Its revision names all that decides where a text,
    a picture or a sound lies in it: the encoder, the sound bridge, and how the words
    that the bridge hears are put. It does not name the bridges of speech and screen. They
    only write down what is said and what is to be read; the text tower embeds that like
    any other text. So a vector lies where its words lie, whoever wrote them down, and a
    library that was indexed without either bridge can be searched with it, and the other
    way round. Better ears would hear other words in the same file, and better eyes read
    others, which is other data and no other geometry: to hear and read it again, index
    into a new library.
    """

    encoder: Encoder
    sound: SoundBridge
    speech: SpeechBridge | None = None
    screen: ScreenBridge | None = None

    @cached_property
    def shared(self) -> Space:
        """The space that text queries, and that every modality enters."""
        space = self.encoder.shared
        mixing = revision_of(code=_REVISION, phrases=(_SOUND_PHRASE, _SOME_SOUND))
        return replace(space, revision=f"{space.revision}+{self.sound.revision}+{mixing}")

    @property
    def looks(self) -> Space:
        """Where pictures resemble pictures. ``shared``, for an encoder with one space."""
        looks = self.encoder.looks
        return self.shared if looks.name == self.shared.name else looks

    @property
    def sounds(self) -> Space:
        """Where sounds resemble sounds."""
        return self.sound.sounds

    @property
    def image_size(self) -> int:
        """The shortest side, in pixels, to which decoders may reduce pictures: what the
        encoder wants or, where text is read, what the screen bridge wants if it is more."""
        return max(self.encoder.image_size, self.screen.side if self.screen else 0)

    @property
    def spaces(self) -> tuple[Space, ...]:
        """Every space of the library, the shared one first."""
        return tuple({s.name: s for s in (self.shared, self.looks, self.sounds)}.values())

    def check(self) -> None:
        """Raise ``EncoderUnavailable`` unless every tower can be built."""
        self.encoder.check()
        self.sound.check()

    @cached_property
    def _vocabulary(self) -> Vectors:
        """The sound bridge's words in the shared space, and last "a sound": (words + 1, dim)."""
        phrases = [_SOUND_PHRASE.format(word) for word in self.sound.vocabulary]
        return self.encoder.embed_texts([*phrases, _SOME_SOUND])

    def embed_sounds(self, windows: Sequence[Spectrogram]) -> Embedded:
        """Embed prepared windows: their features, and their words in the shared space.

        A window's shared vector is the probability-weighted sum of the words'
        vectors, as for pictures (ConSE, Norouzi et al. 2014). What probability no
        word has goes to "a sound": it is all that is known of such a window, and
        keeps it from standing before those that a word is true of.
        """
        heard = self.sound.listen(windows)
        rest = 1 - heard.probabilities.sum(axis=1, keepdims=True)
        mixed = np.concatenate([heard.probabilities, rest], axis=1) @ self._vocabulary
        vectors = {
            self.shared.name: mixed / np.linalg.norm(mixed, axis=1, keepdims=True),
            self.sounds.name: heard.features,
        }
        return Embedded(vectors, tuple(self._tags(row) for row in heard.probabilities))

    def _tags(self, row: Vectors) -> tuple[Tag, ...]:
        """The probable words of one window, most probable first."""
        best = np.argsort(-row)[:_MAX_TAGS]
        words = self.sound.vocabulary
        return tuple(Tag(words[i], round(float(row[i]), 3)) for i in best if row[i] >= _TAG_FLOOR)
