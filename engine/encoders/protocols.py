"""Protocols of encoders: one shared space that text can query, and towers into it.

An encoder embeds texts and pictures. Sound reaches the shared space by a
bridge (``SoundBridge``), which puts it into words with weights, speech by its
transcript, and text on screen by what is to be read, so that all of them work
with every text tower. Preparing (resizing, spectrograms) is separated from
embedding, because the first belongs to the threads that decode and the second
to the one that runs the towers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.types import Space, Tag
from engine.types.arrays import Vectors, Waveform

Pixels: TypeAlias = NDArray[np.uint8]
"""RGB pictures as a tower takes them, shape (height, width, 3)."""

Spectrogram: TypeAlias = NDArray[np.float32]
"""Blocks of a log-mel spectrogram, shape (blocks, frames, bands)."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """The output of a tower for n items.

    ``vectors`` holds an array (n, dim) per space name; ``tags`` holds the words
    of each item, most probable first.
    """

    vectors: Mapping[str, Vectors]
    tags: tuple[tuple[Tag, ...], ...]


@runtime_checkable
class KnowsWords(Protocol):
    """An encoder whose text tower can tell the words that it knows, so that slips are mended."""

    def knows_word(self, word: str) -> bool:
        """Tell whether the text tower knows a word as a whole."""


class Encoder(Protocol):
    """A shared space with its text tower and its picture tower.

    One that not every modality can enter has an attribute ``modalities``, a
    ``frozenset[Modality]`` of those that can; see ``Towers.modalities``. One whose
    pictures lie in more spaces that text can query implements ``FurtherSpaces``.
    """

    @property
    def name(self) -> str:
        """The name that ``--encoder`` takes: ``compact``, ``open_clip:MODEL/PRETRAINED``."""

    @property
    def shared(self) -> Space:
        """The space that text can query."""

    @property
    def looks(self) -> Space:
        """The space in which pictures resemble pictures; may be ``shared``."""

    @property
    def image_size(self) -> int:
        """The shortest side, in pixels, below which detail is lost; decoders may
        hand over pictures reduced to no less than this."""

    def check(self) -> None:
        """Raise ``EncoderUnavailable`` unless all that it needs is installed."""

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        """Embed n texts into the shared space: (n, dim), L2-normalised."""

    def prepare_image(self, image: Image.Image) -> Pixels:
        """Resize and crop one RGB picture. Called from many threads."""

    def embed_images(self, pixels: Sequence[Pixels]) -> Embedded:
        """Embed prepared pictures into ``shared`` and ``looks``."""


@runtime_checkable
class FurtherSpaces(Protocol):
    """An encoder whose pictures lie in more than one space that text can query.

    ``embed_images`` gives vectors of these too. What they say of one picture is one piece of
    evidence: the better of all counts.
    """

    @property
    def further(self) -> tuple[Space, ...]:
        """The spaces beside ``shared`` and ``looks``; of pictures and keyframes alone."""

    def embed_texts_in(self, space: str, texts: Sequence[str]) -> Vectors:
        """Embed n texts into the further space of that name: (n, dim), L2-normalised."""


@runtime_checkable
class Qualities(FurtherSpaces, Protocol):
    """An encoder with spaces of what pictures are like, whatever they show: their colours.

    They are of its further spaces. What they say counts beside what the others say of a picture,
    and only for texts that name such a quality.
    """

    @property
    def qualities(self) -> tuple[Space, ...]:
        """The spaces among ``further`` that are of a quality."""

    def names_quality(self, space: str, text: str) -> bool:
        """Tell whether a text names a quality of that space; others are not asked in it."""

    def quality_phrases(self, space: str) -> Sequence[str]:
        """Return a text for each quality of that space: the queries that it is calibrated by."""


@runtime_checkable
class EmbedsQueries(Protocol):
    """An encoder that embeds what asks otherwise than what is found.

    No stored vector depends on how, so the revision of a space does not name it.
    """

    def embed_queries(self, space: str, texts: Sequence[str]) -> Vectors:
        """Embed n texts that ask in the shared space or in a further one, (n, dim)."""


@runtime_checkable
class JointInput(Protocol):
    """An encoder that may embed a shot of a video by its picture, its sound and its words.

    Such a shot is found by how it looks, by what is heard in it and by what is said.
    """

    @property
    def joins(self) -> bool:
        """Tell whether shots are embedded so; else by their pictures alone. Loads nothing."""

    @property
    def rate(self) -> int:
        """Samples per second of the sound of a shot."""

    def prepare_shot(self, image: Image.Image, samples: Waveform | None, words: str) -> Any:
        """Prepare a shot for ``embed_images``, which takes it among pictures.

        Args:
            samples: what is heard meanwhile, (n,); None where that is nothing.
            words: what is said meanwhile.

        Returns:
            what has ``nbytes``, as an array does.
        """


@runtime_checkable
class Logits(Protocol):
    """An encoder that was trained to tell pairs by ``logit_scale * cosine + logit_bias``.

    Whoever wants probabilities asks ``isinstance(encoder, Logits)``, which may load it;
    ``compact`` has none, because its pictures are put into words.
    """

    @property
    def logit_scale(self) -> float:
        """The factor of a cosine, some 100 as a rule."""

    @property
    def logit_bias(self) -> float | None:
        """The summand after that; the sigmoid of the sum is a pair's own probability (SigLIP).

        None where the softmax over the texts is meant, and no pair stands alone (CLIP).
        """


@runtime_checkable
class Fetched(Protocol):
    """An encoder whose weights can be fetched ahead."""

    def fetch(self) -> None:
        """Have all of its files on disk; raise ``EncoderUnavailable`` if they cannot be had."""


@dataclass(frozen=True, slots=True)
class Heard:
    """The output of the sound bridge for n windows."""

    features: Vectors
    """The tower's own features in the space of likeness, (n, dim), L2-normalised."""
    probabilities: NDArray[np.float32]
    """Per window and word of the vocabulary, (n, words), in [0, 1]; a row sums to at most 1."""


class SoundBridge(Protocol):
    """Sound into words: n windows of sound, a vocabulary, and how likely each word is."""

    @property
    def rate(self) -> int:
        """Samples per second that ``prepare`` expects."""

    @property
    def sounds(self) -> Space:
        """The space in which sounds resemble sounds."""

    @property
    def revision(self) -> str:
        """Changes whenever the same window would get other probabilities."""

    @property
    def vocabulary(self) -> Sequence[str]:
        """The words that it knows, as a person would search for them (``dog``, ``violin``)."""

    def check(self) -> None:
        """Raise ``EncoderUnavailable`` unless all that it needs is installed."""

    def prepare(self, samples: Waveform) -> Spectrogram:
        """Return the spectrogram of one window. Called from many threads."""

    def listen(self, windows: Sequence[Spectrogram]) -> Heard:
        """Features and word probabilities of prepared windows."""

    def words_of(self, features: Vectors) -> NDArray[np.float32]:
        """Probabilities of the words, (n, words), from features that ``listen`` gave, (n, dim)."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word that was said, with its place in the recording, in seconds."""

    start: float
    end: float
    text: str


@dataclass(frozen=True, slots=True)
class Sentence:
    """Something said, with its place in the recording, in seconds."""

    start: float
    end: float
    text: str
    words: tuple[Word, ...] = ()
    """Its words, where they were asked for."""
    language: str | None = None
    """The language that it is in, by its code (``en``), where that is known."""
    speaker: int | None = None
    """The number of who says it, from 1, where speakers are told apart."""


class SpeechBridge(Protocol):
    """Speech into sentences with times."""

    @property
    def rate(self) -> int:
        """Samples per second that ``transcribe`` expects."""

    def transcribe(self, samples: Waveform) -> Sequence[Sentence]:
        """Return the sentences of one recording; empty where nobody speaks."""


@runtime_checkable
class TimesWords(Protocol):
    """A speech bridge that can tell when each word is said, and takes longer for it."""

    def transcribe_words(self, samples: Waveform) -> Sequence[Sentence]:
        """Return the sentences of one recording with their words."""


class ScreenBridge(Protocol):
    """Pictures into the text that is to be read in them."""

    @property
    def side(self) -> int:
        """The shortest side, in pixels, below which text becomes illegible; decoders
        may hand over pictures reduced to no less than this."""

    def read(self, image: Image.Image) -> Sequence[str]:
        """Return the text of one RGB picture in reading order; empty where there is none.

        It comes in parts that a text tower reads whole. Called from many threads.
        """
