"""The head of sixty words: what it names, what stays unknown, and which libraries have it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from engine.encoders import registry
from engine.encoders.compact.sounds import FEATURES, HEAD, HEAD_60, CompactSounds
from engine.encoders.compact.word_network import WordNetwork
from engine.encoders.weight_files import AISFX
from engine.errors import EncoderUnavailable
from tests.waves import RATE, noise, tone

ANIMALS = {
    "bird", "cat", "chicken", "cow", "dog", "donkey", "duck", "elephant", "frog", "horse",
    "lion", "monkey", "pig", "rooster", "sheep", "wolf",
}  # fmt: skip


@pytest.fixture(scope="module")
def sounds(settings):
    return CompactSounds(settings, HEAD_60)


def test_it_has_the_words_that_a_person_searches_for(sounds):
    assert len(sounds.vocabulary) >= 60
    everyday = {"dog", "rain", "church bell", "chainsaw", "sneezing", "fire", "baby crying"}
    assert everyday <= set(sounds.vocabulary)
    assert HEAD_60.stat().st_size < 2 * 2**20


def test_rows_are_probabilities(sounds):
    heard = sounds.listen([sounds.prepare(noise()), sounds.prepare(tone(440, 2, partials=8))])
    assert heard.probabilities.shape == (2, len(sounds.vocabulary))
    assert (heard.probabilities >= 0).all()
    assert (heard.probabilities.sum(1) <= 1 + 1e-5).all()


@pytest.mark.parametrize(
    "sound",
    [
        *(tone(hertz, 2) for hertz in (70, 220, 1000, 5000)),
        tone(880, 2) * (np.arange(2 * RATE) % 20_000 < 8_000),
        noise(2),
        np.cumsum(noise(2)) / 100,
        np.zeros(RATE, np.float32),
    ],
    ids=["70 Hz", "220 Hz", "1 kHz", "5 kHz", "a beep", "white noise", "brown noise", "silence"],
)
def test_what_is_made_by_no_animal_gets_the_word_of_none(sounds, sound):
    probabilities = sounds.listen([sounds.prepare(sound.astype(np.float32))]).probabilities[0]
    animals = [word in ANIMALS for word in sounds.vocabulary]
    assert probabilities[animals].sum() < 0.15, "the least that a tag takes"


def test_what_is_written_is_read_again(sounds, tmp_path):
    head = WordNetwork.load(HEAD_60, AISFX.sha256, FEATURES)
    head.save(tmp_path / "head.safetensors", AISFX.sha256, FEATURES)
    again = WordNetwork.load(tmp_path / "head.safetensors", AISFX.sha256, FEATURES)
    features = np.random.default_rng(0).random((3, 512), np.float32) / 16
    assert again.words == head.words
    np.testing.assert_allclose(again.probabilities(features), head.probabilities(features))


def test_a_head_for_other_features_is_refused(tmp_path):
    with pytest.raises(EncoderUnavailable, match="train it again"):
        WordNetwork.load(HEAD_60, AISFX.sha256, "of another code")
    (tmp_path / "junk.safetensors").write_bytes(b"junk")
    assert not WordNetwork.is_file(tmp_path / "junk.safetensors")
    with pytest.raises(EncoderUnavailable, match="not a head"):
        WordNetwork.load(tmp_path / "junk.safetensors", AISFX.sha256, FEATURES)


# --- which encoder has it ---------------------------------------------------------------


@pytest.fixture
def first(settings):
    return CompactSounds(settings, HEAD)


def test_compact_keeps_the_head_that_its_libraries_record(settings, first):
    assert registry.towers("compact", settings).sound.revision == first.revision


OTHER = "open_clip:ViT-B-32/openai"


def test_another_encoder_has_the_new_head_unless_the_library_records_the_first(settings, first):
    new = registry.towers(OTHER, settings).sound.revision
    assert new == CompactSounds(settings, HEAD_60).revision
    recorded = [f"abc+{first.revision}+def~head"]
    assert registry.towers(OTHER, settings, recorded).sound.revision == first.revision
    assert registry.towers(OTHER, settings, [f"abc+{new}+def"]).sound.revision == new


def test_a_head_of_the_settings_is_everyones(settings, first):
    mine = dataclasses.replace(settings, sound_head=HEAD)
    assert registry.towers(OTHER, mine).sound.revision == first.revision
