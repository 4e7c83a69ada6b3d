"""The sound bridge: its spectrogram, its tower and its head."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from engine.encoders.compact import sounds as bridge
from engine.encoders.compact.sounds import HEAD, CompactSounds, SoundHead, log_mel, mel_filters
from engine.encoders.weight_files import AISFX
from engine.errors import EncoderUnavailable
from tests.waves import RATE, noise, tone


@pytest.fixture(scope="module")
def sounds(settings):
    return CompactSounds(settings)


# --- the spectrogram


def test_every_band_sums_to_one_and_has_one_peak():
    filters = mel_filters()
    assert filters.shape == (96, 1025)
    np.testing.assert_allclose(filters.sum(1), 1, atol=1e-5)
    for band in filters:
        rises = np.sign(np.diff(band))
        assert (np.diff(rises[rises != 0]) > 0).sum() == 0, "up, then down"


def test_bands_are_as_wide_as_mel_says():
    """Centres that HTK's formula gives: equal steps of 2595 log10(1 + f/700)."""
    top = 2595 * np.log10(1 + 22_050 / 700)
    centres = 700 * (10 ** (top * np.arange(1, 97) / 97 / 2595) - 1)
    peaks = mel_filters().argmax(1) * RATE / 2048
    np.testing.assert_allclose(peaks, centres, atol=RATE / 2048)


@pytest.mark.parametrize("hertz", [110, 440, 3000, 12_000])
def test_a_tone_lights_the_band_that_it_is_in(hertz):
    mel = 2595 * np.log10(1 + hertz / 700)
    expected = mel / (2595 * np.log10(1 + 22_050 / 700)) * 97 - 1
    assert abs(log_mel(tone(hertz)).mean(0).argmax() - expected) <= 1


def test_loudness_does_not_matter_and_silence_is_zero():
    np.testing.assert_allclose(log_mel(noise()), log_mel(noise() / 50), atol=1e-4)
    assert not log_mel(np.zeros(RATE, np.float32)).any()


def test_frames_are_counted_from_the_centre():
    assert log_mel(noise(1.0)).shape == (1 + RATE // 1024, 96)


@pytest.mark.parametrize(
    ("samples", "blocks"),
    [(0, 1), (1, 1), (5_000, 1), (RATE * 2, 1), (RATE * 4, 2), (RATE * 10, 7)],
)
def test_windows_of_any_length_make_blocks(sounds, samples, blocks):
    prepared = sounds.prepare(np.ones(samples, np.float32))
    assert prepared.shape == (blocks, 100, 96)
    assert prepared.dtype == np.float32


# --- the tower


def test_onnx_says_what_torch_says(sounds):
    import torch

    from engine.encoders.compact.export_sounds import load

    blocks = sounds.prepare(tone(330, 4, partials=6) + noise(4))
    with torch.inference_mode():
        expected = load(AISFX.locate())(torch.from_numpy(blocks)).numpy().mean(0)
    expected /= np.linalg.norm(expected)
    np.testing.assert_allclose(sounds.features([blocks])[0], expected, atol=1e-4)


def test_a_window_is_heard_alike_alone_and_in_a_batch(sounds):
    windows = [sounds.prepare(noise(s, seed=i)) for i, s in enumerate((0.3, 5, 3))]
    together = sounds.listen(windows)
    alone = np.concatenate([sounds.listen([w]).features for w in windows])
    np.testing.assert_allclose(together.features, alone, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(together.features, axis=1), 1, atol=1e-5)


def test_nothing_in_nothing_out(sounds):
    heard = sounds.listen([])
    assert heard.features.shape == (0, 512)
    assert heard.probabilities.shape == (0, len(sounds.vocabulary))


def test_other_weights_are_refused(settings, tmp_path, monkeypatch):
    other = dataclasses.replace(AISFX, sha256="0" * 64)
    monkeypatch.setattr(bridge, "AISFX", other)
    with pytest.raises(EncoderUnavailable, match="aisfx"):
        CompactSounds(dataclasses.replace(settings, cache=tmp_path)).features(
            [np.zeros((1, 100, 96), np.float32)]
        )
    assert not list(tmp_path.rglob("*.onnx"))


# --- the head


def test_the_package_head_is_small_and_knows_its_words(sounds):
    assert HEAD.stat().st_size < 2**20
    assert {"dog", "violin"} <= set(sounds.vocabulary)


def test_rows_are_probabilities(sounds):
    heard = sounds.listen([sounds.prepare(noise()), sounds.prepare(tone(440, 2, partials=8))])
    assert (heard.probabilities >= 0).all()
    assert (heard.probabilities.sum(1) <= 1 + 1e-5).all()


@pytest.mark.parametrize("sound", [noise(2), tone(1000, 2), np.sign(tone(300, 2))])
def test_what_it_never_heard_gets_no_sure_word(sounds, sound):
    assert sounds.listen([sounds.prepare(sound)]).probabilities.max() < 0.5


def test_a_file_that_is_no_head_is_refused(settings, tmp_path):
    with pytest.raises(EncoderUnavailable, match="not a head"):
        SoundHead.load(tmp_path / "absent.safetensors")
    (tmp_path / "junk.safetensors").write_bytes(b"junk")
    with pytest.raises(EncoderUnavailable, match="not a head"):
        SoundHead.load(tmp_path / "junk.safetensors")


def test_a_head_for_other_features_is_refused(tmp_path, monkeypatch):
    head = SoundHead.load(HEAD)
    monkeypatch.setattr(bridge, "FEATURES", "of another code")
    head.save(tmp_path / "head.safetensors")
    monkeypatch.undo()
    with pytest.raises(EncoderUnavailable, match="train it again"):
        SoundHead.load(tmp_path / "head.safetensors")
