"""All that turns media into vectors of one library: an encoder and its bridges."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.common.vectors import l2_normalize
from engine.encoders.caption_head import CaptionHead
from engine.encoders.projection import Projection
from engine.encoders.protocols import (
    Embedded,
    EmbedsQueries,
    Encoder,
    FurtherSpaces,
    Heard,
    JointInput,
    KnowsWords,
    Qualities,
    ScreenBridge,
    SoundBridge,
    Spectrogram,
    SpeechBridge,
)
from engine.encoders.revisions import revision_of
from engine.encoders.runtime.backend import Done, Pending, Pipelined, Then
from engine.types import Modality, Space, Tag
from engine.types.arrays import Vectors, Waveform

_REVISION = 1
"""Revision of the code that mixes a sound's vector from those of its words."""
_SOUND_PHRASE = "the sound of a {}"
_SOME_SOUND = "a sound"
_TAG_FLOOR = 0.15
_MAX_TAGS = 3
_HOW_SURE = (1.0, 0.7, 0.4, 0.1)
"""Probabilities of a word that stand for all sounds."""


_WRITTEN = frozenset({Modality.SPEECH, Modality.SCREEN})


@dataclass(frozen=True, slots=True)
class PreparedInput:
    """One picture, or one window of sound, as the tower of each encoder takes it."""

    parts: tuple[Any, ...]
    """An array for each encoder; None for one that does not take this item."""

    @property
    def nbytes(self) -> int:
        """Bytes of all parts, those that are the same array counted once."""
        return sum({id(p): p.nbytes for p in self.parts if p is not None}.values())


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

    Attributes:
        head: takes sounds into the shared space by their features, where the library has
            learned one; what the bridge hears in them then only tags them, or counts in part.
        captions: takes pictures and texts into a further space, where the library has learned
            one from captioned pictures.
    """

    encoder: Encoder
    sound: SoundBridge
    speech: SpeechBridge | None = None
    screen: ScreenBridge | None = None
    head: Projection | None = None
    captions: CaptionHead | None = None

    @cached_property
    def shared(self) -> Space:
        """The space that text queries, and that every modality enters."""
        space = self.encoder.shared
        if self.has_sound_tower:
            return space
        mixing = revision_of(code=_REVISION, phrases=(_SOUND_PHRASE, _SOME_SOUND))
        bridged = replace(space, revision=f"{space.revision}+{self.sound.revision}+{mixing}")
        return bridged.with_head(self.head.revision if self.head else "")

    @cached_property
    def has_sound_tower(self) -> bool:
        """True if the sound bridge bridges nothing: its features lie in the encoder's own space."""
        return self.sound.sounds.name == self.encoder.shared.name

    @property
    def modalities(self) -> frozenset[Modality]:
        """The modalities that enter the shared space: all, where the encoder does not say less."""
        return getattr(self.encoder, "modalities", frozenset(Modality))

    @property
    def looks(self) -> Space:
        """The space in which pictures resemble pictures; ``shared`` where there is one space."""
        looks = self.encoder.looks
        return self.shared if looks.name == self.shared.name else looks

    # What the encoder implements is looked up once: asking a protocol takes 40 us, for each query
    # and each of them.

    @cached_property
    def _with_further(self) -> FurtherSpaces | None:
        return self.encoder if isinstance(self.encoder, FurtherSpaces) else None

    @cached_property
    def _with_qualities(self) -> Qualities | None:
        return self.encoder if isinstance(self.encoder, Qualities) else None

    @cached_property
    def _with_queries(self) -> EmbedsQueries | None:
        return self.encoder if isinstance(self.encoder, EmbedsQueries) else None

    @cached_property
    def words(self) -> KnowsWords | None:
        """The text tower as one that can tell the words that it knows; None where it cannot."""
        return self.encoder if isinstance(self.encoder, KnowsWords) else None

    @property
    def further(self) -> tuple[Space, ...]:
        """The further spaces of pictures in which texts are asked as well."""
        own = self._with_further.further if self._with_further else ()
        if self.captions is None:
            return own
        return (*own, self.captions.space(self.encoder.shared, self.encoder.name))

    @property
    def qualities(self) -> tuple[Space, ...]:
        """The spaces among ``further`` in which texts are asked that name a quality of pictures."""
        return self._with_qualities.qualities if self._with_qualities else ()

    def names_quality(self, space: str, text: str) -> bool:
        """Tell whether a text names a quality of one of the spaces of ``qualities``."""
        encoder = self._with_qualities
        return encoder is not None and encoder.names_quality(space, text)

    def quality_phrases(self, space: str) -> Sequence[str] | None:
        """Return a text for each quality of a space of ``qualities``; None for other spaces."""
        encoder = self._with_qualities
        if encoder is not None and space in {of.name for of in encoder.qualities}:
            return encoder.quality_phrases(space)
        return None

    @property
    def sounds(self) -> Space:
        """The space in which sounds resemble sounds."""
        return self.sound.sounds

    @property
    def image_size(self) -> int:
        """The shortest side, in pixels, to which decoders may reduce pictures for the encoder."""
        return self.encoder.image_size

    @property
    def spaces(self) -> tuple[Space, ...]:
        """Every space of the library, the shared one first."""
        own = (self.shared, self.looks, self.sounds, *self.further)
        return tuple({space.name: space for space in own}.values())

    def spaces_of(self, modality: Modality) -> frozenset[str]:
        """Name the spaces in which a moment of this modality has a vector."""
        beside: tuple[Space, ...] = ()
        if modality in (Modality.IMAGE, Modality.KEYFRAME):
            beside = self.looks, *self.further
        elif modality is Modality.SOUND:
            beside = (self.sounds,)
        return frozenset(space.name for space in (self.shared, *beside))

    def check(self) -> None:
        """Raise ``EncoderUnavailable`` unless every tower can be built."""
        self.encoder.check()
        self.sound.check()

    @cached_property
    def _vocabulary(self) -> Vectors:
        """The sound bridge's words in the shared space, and last "a sound": (words + 1, dim)."""
        phrases = [_SOUND_PHRASE.format(word) for word in self.sound.vocabulary]
        return self.encoder.embed_texts([*phrases, _SOME_SOUND])

    def prepare_picture(self, image: Image.Image) -> PreparedInput:
        """Prepare one RGB picture for ``submit_pictures``. Called from many threads."""
        return PreparedInput((self.encoder.prepare_image(image),))

    @property
    def shot_rates(self) -> tuple[int, ...]:
        """Samples per second of the sound of shots; none where they are seen alone."""
        encoder = self.encoder
        return (encoder.rate,) if isinstance(encoder, JointInput) and encoder.joins else ()

    def prepare_shot(
        self, image: Image.Image, heard: Mapping[int, Waveform], words: str
    ) -> PreparedInput:
        """Prepare one shot of a video for ``submit_pictures``; see ``JointInput``.

        Args:
            heard: its sound at each of ``shot_rates``, where there is any.
            words: what is said meanwhile.
        """
        encoder = self.encoder
        if isinstance(encoder, JointInput) and encoder.joins:
            return PreparedInput((encoder.prepare_shot(image, heard.get(encoder.rate), words),))
        return self.prepare_picture(image)

    def picture_batch(self, default: int) -> int:
        """Return how many pictures to submit at a time: the encoder's choice, or ``default``."""
        encoder = self.encoder
        return encoder.picture_batch() if isinstance(encoder, Pipelined) else default

    def submit_pictures(self, pictures: Sequence[PreparedInput]) -> Pending[Embedded]:
        """Begin to embed pictures; an encoder that is not ``Pipelined`` embeds them at once."""
        pixels = [picture.parts[0] for picture in pictures]
        if isinstance(self.encoder, Pipelined):
            sent = self.encoder.submit_images(pixels)
        else:
            sent = Done(self.encoder.embed_images(pixels))
        return sent if self.captions is None else Then(sent, self._captioned)

    def _captioned(self, seen: Embedded) -> Embedded:
        """Add the vectors of the space of captions."""
        assert self.captions is not None
        space = self.captions.space(self.encoder.shared, self.encoder.name).name
        return replace(
            seen, vectors={**seen.vectors, space: self.captions.place_pictures(seen.vectors)}
        )

    @property
    def sound_rates(self) -> tuple[int, ...]:
        """Samples per second at which a sound is to be decoded; the first decides the windows."""
        return (self.sound.rate,)

    @property
    def joins_sounds(self) -> bool:
        """Tell whether windows of a video's sound are embedded with what is seen and said."""
        return (
            bool(self.shot_rates)
            and self.has_sound_tower
            and {Modality.SOUND, Modality.KEYFRAME} <= self.modalities
        )

    def prepare_sound(
        self, heard: Mapping[int, Waveform], image: Image.Image | None = None, words: str = ""
    ) -> PreparedInput:
        """Prepare one window of sound, by its rate, for ``embed_windows``.

        Args:
            heard: the samples of the window at those of ``sound_rates`` that heard any.
            image: what is seen meanwhile, for encoders that join that (``joins_sounds``).
            words: what is said meanwhile.
        """
        encoder, samples = self.encoder, heard[self.sound.rate]
        if image is not None and self.joins_sounds and isinstance(encoder, JointInput):
            return PreparedInput((encoder.prepare_shot(image, samples, words),))
        return PreparedInput((self.sound.prepare(samples),))

    def embed_windows(self, windows: Sequence[PreparedInput]) -> Embedded:
        """Embed windows that ``prepare_sound`` prepared, as ``embed_sounds`` does."""
        return self.embed_sounds([window.parts[0] for window in windows])

    def embed_texts(self, texts: Sequence[str]) -> Embedded:
        """Embed spoken or written text into the shared space, where it takes such moments."""
        vectors = {}
        if self.modalities & _WRITTEN:
            vectors[self.shared.name] = self.encoder.embed_texts(texts)
        return Embedded(vectors, ((),) * len(texts))

    def embed_queries(self, space: str, texts: Sequence[str]) -> Vectors:
        """Embed n texts that ask in the shared space or in a further one, (n, dim)."""
        encoder, captions = self.encoder, self.captions
        if captions is not None and space == captions.space(encoder.shared, encoder.name).name:
            return captions.place_texts(self.embed_queries(captions.asked, texts))
        if self._with_queries is not None:
            return self._with_queries.embed_queries(space, texts)
        further = self._with_further
        if further is not None and space in {s.name for s in further.further}:
            return further.embed_texts_in(space, texts)
        return encoder.embed_texts(texts)

    def embed_sounds(self, windows: Sequence[Spectrogram]) -> Embedded:
        """Embed prepared windows: their features, and their words in the shared space.

        A window's shared vector is the probability-weighted sum of the words'
        vectors, as for pictures (ConSE, Norouzi et al. 2014). What probability no
        word has goes to "a sound": it is all that is known of such a window, and
        keeps it from standing before those that a word is true of. Where there is a
        head, it says where the window lies by its features, alone or in part.
        """
        heard = self.sound.listen(windows)
        vectors = {self.sounds.name: heard.features}
        if not self.has_sound_tower:
            vectors = {self.shared.name: self._placed(heard)} | vectors
        return Embedded(vectors, tuple(self._tags(row) for row in heard.probabilities))

    def _placed(self, heard: Heard) -> Vectors:
        words = self.in_words(heard.probabilities)
        return self.head.place(heard.features, words) if self.head else words

    def in_words(self, probabilities: NDArray[np.float32]) -> Vectors:
        """Word probabilities (n, words) in the shared space, (n, dim), L2-normalised."""
        rest = 1 - probabilities.sum(axis=1, keepdims=True)
        mixed = np.concatenate([probabilities, rest], axis=1) @ self._vocabulary
        return l2_normalize(mixed)

    def typical(self, modality: Modality) -> Vectors | None:
        """Return the vectors of anything of a modality, unit vectors (n, dim) of the shared space.

        None where these towers cannot say, as where no words decide it.
        """
        if modality is Modality.SOUND:
            if self.has_sound_tower or self.head:
                return None
            words, some = self._vocabulary[:-1], self._vocabulary[-1:]
            heard = np.concatenate([p * words + (1 - p) * some for p in _HOW_SURE])
            return l2_normalize(heard)
        if modality not in (Modality.IMAGE, Modality.KEYFRAME):
            return None
        pictures: Callable[[], Vectors] | None = getattr(self.encoder, "typical_images", None)
        return None if pictures is None else pictures()

    def _tags(self, row: Vectors) -> tuple[Tag, ...]:
        """Return the probable words of one window, most probable first."""
        best = np.argsort(-row)[:_MAX_TAGS]
        words = self.sound.vocabulary
        return tuple(Tag(words[i], round(float(row[i]), 3)) for i in best if row[i] >= _TAG_FLOOR)
