"""A deterministic encoder for tests, behind the real interfaces and without weights.

It understands a little, so that a test can ask a question that has an answer:
a picture is put into the word of its nearest named colour, a sound into "low
tone" or "high tone", and what is said or written is set. Texts that share words
are alike.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.common.vectors import l2_normalize
from engine.config import Settings
from engine.encoders.protocols import Embedded, Heard, Pixels, Sentence, Spectrogram
from engine.encoders.towers import Towers
from engine.types import Modality, Space, Tag
from engine.types.arrays import Vectors, Waveform

DIM = 64
_SIDE = 16
COLOURS = {
    "red": (220, 30, 30),
    "green": (30, 180, 50),
    "blue": (40, 60, 220),
    "yellow": (240, 220, 40),
    "black": (10, 10, 10),
    "white": (245, 245, 245),
}
_TONES = ("low tone", "high tone")
_SPLIT_HZ = 1000.0


@lru_cache(4096)
def _word_vector(word: str) -> Vectors:
    """Return a unit vector that depends on the word alone; drawing one takes 40 us."""
    seed = int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "big")
    vector = np.random.default_rng(seed).standard_normal(DIM).astype(np.float32)
    unit: Vectors = vector / np.linalg.norm(vector)
    unit.flags.writeable = False
    return unit


def _colours(means: Vectors) -> list[str]:
    """Return the nearest named colour of each mean, (n, 3)."""
    palette = np.array(list(COLOURS.values()), np.float32)
    nearest = ((means[:, None] - palette) ** 2).sum(2).argmin(1)
    return [list(COLOURS)[i] for i in nearest]


class FakeEncoder:
    """Implements ``Encoder`` over a bag of hashed words and six colours."""

    name = "fake"
    shared = Space("fake", "fake", "1", DIM)
    looks = Space("fake-looks", "fake", "1", _SIDE * _SIDE * 3)
    image_size = _SIDE

    def check(self) -> None:
        """Nothing can be missing."""

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        rows = [
            np.sum([_word_vector(w) for w in t.lower().split()] or [_word_vector("")], 0)
            for t in texts
        ]
        return l2_normalize(np.stack(rows)) if rows else np.zeros((0, DIM), np.float32)

    def prepare_image(self, image: Image.Image) -> Pixels:
        return np.asarray(image.resize((_SIDE, _SIDE)), dtype=np.uint8)

    def embed_images(self, pixels: Sequence[Pixels]) -> Embedded:
        flat = np.stack(pixels).reshape(len(pixels), -1, 3).astype(np.float32)
        words = _colours(flat.mean(1))
        vectors = {
            self.shared.name: self.embed_texts(words),
            self.looks.name: l2_normalize(flat.reshape(len(pixels), -1) - 127.5),
        }
        return Embedded(vectors, tuple((Tag(word, 1.0),) for word in words))


class OtherFake(FakeEncoder):
    """Another space of the same words, without one of looks: as a CLIP beside ``fake``."""

    name = "fake2"
    shared = looks = Space("fake2", "fake2", "1", DIM)

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        return -super().embed_texts(texts)

    def embed_images(self, pixels: Sequence[Pixels]) -> Embedded:
        tags = super().embed_images(pixels).tags
        return Embedded({self.shared.name: self.embed_texts([tag.word for (tag,) in tags])}, tags)


class FakeScenes(FakeEncoder):
    """A second space that texts query, in which a picture is what its colour makes think of."""

    name = "fake-scenes"
    shared = Space("fake-scenes", name, "1", DIM)
    further = (Space("fake-happenings", name, "1", DIM),)
    happenings: ClassVar = {"red": "sunset", "green": "meadow", "blue": "sea", "yellow": "beach"}

    def embed_texts_in(self, space: str, texts: Sequence[str]) -> Vectors:
        assert space == self.further[0].name
        return -super().embed_texts(texts)

    def embed_images(self, pixels: Sequence[Pixels]) -> Embedded:
        embedded = super().embed_images(pixels)
        scenes = [self.happenings.get(tag.word, "night") for (tag,) in embedded.tags]
        (space,) = self.further
        found = {space.name: self.embed_texts_in(space.name, scenes)}
        return Embedded({**embedded.vectors, **found}, embedded.tags)


class FakeHearing(OtherFake):
    """A space of texts and sounds alone: as a CLAP."""

    name = "fake-hearing"
    shared = looks = Space("fake-hearing", "fake-hearing", "1", DIM)
    modalities = frozenset({Modality.SOUND})


class FakeSounds:
    """Implements ``SoundBridge``: is the strongest frequency low or high?"""

    rate = 16_000
    revision = "1"
    sounds = Space("fake-sounds", "fake", revision, 32)
    vocabulary = _TONES

    def check(self) -> None:
        """Nothing can be missing."""

    def prepare(self, samples: Waveform) -> Spectrogram:
        power = np.abs(np.fft.rfft(samples, n=2 * self.rate)) ** 2
        bands = np.array_split(power[1:], self.sounds.dim)
        return np.array([[[band.sum() for band in bands]]], np.float32)

    def listen(self, windows: Sequence[Spectrogram]) -> Heard:
        features = l2_normalize(np.stack([w[0, 0] for w in windows]))
        return Heard(features, self.words_of(features))

    def words_of(self, features: Vectors) -> NDArray[np.float32]:
        hertz = (features.argmax(1) + 0.5) * self.rate / 2 / self.sounds.dim
        high = (hertz > _SPLIT_HZ).astype(np.float32)
        return np.stack([1 - high, high], axis=1)


class OtherSounds(FakeSounds):
    """The bridge of ``FakeHearing``, which listens at another rate."""

    rate = 8_000
    sounds = Space("fake-hearing-sounds", "fake-hearing", "1", 32)


class FakeSpeech:
    """Implements ``SpeechBridge``: says a set sentence of anything that is heard."""

    rate = 16_000

    def __init__(self, text: str) -> None:
        self._text = text

    def transcribe(self, samples: Waveform) -> Sequence[Sentence]:
        return [Sentence(0.0, len(samples) / self.rate, self._text)] if samples.any() else []


class FakeScreen:
    """Implements ``ScreenBridge``: reads a set text in any picture of some colour."""

    side = 32

    def __init__(self, signs: Mapping[str, str]) -> None:
        self._signs = signs

    def read(self, image: Image.Image) -> Sequence[str]:
        (colour,) = _colours(np.asarray(image, np.float32).mean((0, 1))[np.newaxis])
        return [self._signs[colour]] if colour in self._signs else []


def other_towers(name: str) -> Towers:
    """Make the towers of ``fake2``, ``fake-scenes`` or ``fake-hearing``."""
    if name == FakeHearing.name:
        return Towers(FakeHearing(), OtherSounds())
    if name == FakeScenes.name:
        return Towers(FakeScenes(), FakeSounds())
    return Towers(OtherFake(), FakeSounds())


def fake_towers(speech: str | None = None, signs: Mapping[str, str] | None = None) -> Towers:
    """Towers that need no weights.

    Args:
        speech: what every sound is heard to say.
        signs: by name of a colour, what is to be read in pictures of it.
    """
    heard = FakeSpeech(speech) if speech else None
    return Towers(FakeEncoder(), FakeSounds(), heard, FakeScreen(signs) if signs else None)


def fake_plugin(settings: Settings) -> Towers:  # noqa: ARG001  (what a plugin is called with)
    """Make the towers that are registered as ``fake``."""
    return fake_towers()


def other_fake_plugin(settings: Settings) -> Towers:  # noqa: ARG001
    """Make the towers that are registered as ``fake2``."""
    return other_towers(OtherFake.name)


def fake_hearing_plugin(settings: Settings) -> Towers:  # noqa: ARG001
    """Make the towers that are registered as ``fake-hearing``."""
    return other_towers(FakeHearing.name)
