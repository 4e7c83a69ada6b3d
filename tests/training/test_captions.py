"""Fitting of the multilingual encoder's heads, on small data whose answer is known."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from engine.common.vectors import l2_normalize
from engine.encoders.compact.pictures import LOOKS_DIM, SIDE
from engine.training.captions import (
    LANGUAGES,
    KeptRows,
    cropped,
    fit_captions,
    language_whitening,
    read_signs,
    spread_whitening,
    translations,
)

DIM = 8


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_whitening_scales_down_what_differs_between_languages(rng):
    things = rng.standard_normal((200, DIM))
    things[:, 0] = 0  # what a language adds, and no thing means
    noise = np.eye(DIM)[0] * 5

    def names() -> dict[str, np.ndarray]:
        return {str(i): row + noise * rng.standard_normal() for i, row in enumerate(things)}

    vectors = {language: names() for language in ("en", "zh", "ar")}
    mean, whiten = language_whitening(vectors)
    english, chinese = (
        l2_normalize((np.array(list(vectors[name].values()), np.float32) - mean) @ whiten)
        for name in ("en", "zh")
    )
    as_they_come = l2_normalize(np.array(list(vectors["en"].values()), np.float32))
    across = l2_normalize(np.array(list(vectors["zh"].values()), np.float32))
    matches = (english @ chinese.T).argmax(1) == np.arange(200)
    before = (as_they_come @ across.T).argmax(1) == np.arange(200)
    assert matches.mean() > 0.8 > 0.5 > before.mean()


def test_captions_of_photographs_that_were_not_learned_from_are_found(rng):
    features = l2_normalize(rng.random((600, 24)).astype(np.float32))
    texts = np.sqrt(features) @ rng.standard_normal((24, DIM)).astype(np.float32)
    texts += 0.01 * rng.standard_normal(texts.shape).astype(np.float32)
    roots = np.sqrt(features)
    head = fit_captions([roots[:500]] * 2, [texts[:500]])
    inputs = (roots - head["center"]) / head["scale"]
    scenes = l2_normalize(inputs @ head["weights"] + head["bias"])
    whitened = l2_normalize((texts - head["mean"]) @ head["whiten"])
    ranks = (whitened[500:] @ scenes[500:].T).argsort(1)[:, ::-1] == np.arange(100)[:, None]
    assert ranks[:, :10].any(1).mean() > 0.9


def test_what_comes_of_earlier_layers_counts_half(rng):
    last = rng.random((200, LOOKS_DIM)).astype(np.float32)
    middle = 40 * rng.random((200, 30)).astype(np.float32)
    texts = rng.standard_normal((200, DIM)).astype(np.float32)
    head = fit_captions([np.concatenate([last, middle], axis=1)], [texts])
    inputs = (np.concatenate([last, middle], axis=1) - head["center"]) / head["scale"]
    spread = inputs.var(0)
    assert spread[:LOOKS_DIM].sum() == pytest.approx(1, rel=0.05)
    assert spread[LOOKS_DIM:].sum() == pytest.approx(0.25, rel=0.05)


def test_a_direction_that_all_texts_spread_along_counts_less(rng):
    texts = rng.standard_normal((500, DIM)).astype(np.float32) * np.linspace(1, 10, DIM)
    mean, whiten = spread_whitening(texts.astype(np.float32))
    spread = np.cov(((texts - mean) @ whiten).T).diagonal()
    assert np.sqrt(spread.max() / spread.min()) < np.sqrt(10) * 1.2
    assert spread.sum() == pytest.approx(1, rel=0.05)


def test_measured_words_are_not_learned_from(tmp_path):
    english = {"🐕": "dog", "🌭": "hot dog", "🐈": "cat", "🐟": "trout"}
    spanish = {"🐕": "can", "🌭": "perrito", "🐈": "gato", "🐟": "pez"}
    for language in LANGUAGES:
        names = spanish if language == "es" else english
        rows = {sign: {"tts": [name]} for sign, name in names.items()}
        (tmp_path / language).mkdir()
        text = json.dumps({"annotations": {"annotations": rows}})
        (tmp_path / language / "annotations.json").write_text(text)
    names = translations(tmp_path, list(english), {"en": ["dog"], "es": ["pez"]})
    assert names["en"] == {"🐈": "cat"}
    assert names["es"] == {"🐈": "gato"}


def test_faces_and_flags_are_no_things(tmp_path):
    rows = [{"emoji": "😀", "group": 0}, {"emoji": "🗡\ufe0f", "group": 7}, {"emoji": "🏁"}]
    (tmp_path / "data.json").write_text(json.dumps(rows))
    assert read_signs(tmp_path / "data.json") == ["🗡"]


def test_texts_are_embedded_once_where_a_folder_keeps_them(tmp_path):
    calls = []

    def embed(texts):
        calls.append(texts)
        return np.ones((len(texts), DIM), np.float32)

    for _ in range(2):
        assert KeptRows(tmp_path).embedding(embed)(["a", "b"]).shape == (2, DIM)
    KeptRows(tmp_path).embedding(embed)(["a", "c"])
    assert calls == [["a", "b"], ["a", "c"]]


def test_a_crop_depends_on_the_number_of_the_picture_alone(rng):
    image = Image.fromarray(rng.integers(0, 255, (100, 140, 3), np.uint8))
    assert cropped(image, 1).shape == (SIDE, SIDE, 3)
    assert np.array_equal(cropped(image, 1), cropped(image, 1))
    assert not np.array_equal(cropped(image, 1), cropped(image, 2))
