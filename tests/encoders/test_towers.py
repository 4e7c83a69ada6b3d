"""The towers of a library, on the encoder that ships for tests."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.encoders import registry
from engine.encoders.compact.sounds import HEAD
from engine.encoders.fake import COLOURS, fake_towers
from engine.encoders.torchvision_ops import declare_missing_operators
from engine.errors import EncoderUnavailable


@pytest.fixture(scope="module")
def towers():
    return fake_towers()


def tone(hertz: float) -> np.ndarray:
    rate = fake_towers().sound.rate
    return np.sin(2 * np.pi * hertz * np.arange(rate) / rate).astype(np.float32)


def test_a_picture_is_put_into_the_word_for_its_colour(towers):
    pixels = [towers.encoder.prepare_image(Image.new("RGB", (9, 5), c)) for c in COLOURS.values()]
    embedded = towers.encoder.embed_images(pixels)
    scores = towers.encoder.embed_texts(list(COLOURS)) @ embedded.vectors[towers.shared.name].T
    assert scores.argmax(1).tolist() == list(range(len(COLOURS)))
    assert [tags[0].word for tags in embedded.tags] == list(COLOURS)


def test_a_sound_enters_the_shared_space_by_its_words(towers):
    windows = [towers.sound.prepare(tone(hertz)) for hertz in (200, 3000)]
    embedded = towers.embed_sounds(windows)
    texts = towers.encoder.embed_texts(["the sound of a low tone", "the sound of a high tone"])
    assert (texts @ embedded.vectors[towers.shared.name].T).argmax(1).tolist() == [0, 1]
    assert [tags[0].word for tags in embedded.tags] == ["low tone", "high tone"]


def test_every_vector_is_unit(towers):
    embedded = towers.embed_sounds([towers.sound.prepare(tone(500))])
    for rows in embedded.vectors.values():
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)


def test_the_shared_revision_names_the_sound_bridge_too(towers):
    assert towers.shared.revision == f"{towers.encoder.shared.revision}+{towers.sound.revision}"
    assert [space.name for space in towers.spaces] == ["fake", "fake-looks", "fake-sounds"]


def test_compact_has_three_spaces_and_making_it_loads_nothing(settings):
    towers = registry.towers("compact", settings)
    assert [(s.name, s.dim) for s in towers.spaces] == [
        ("compact", 384),
        ("looks", 1280),
        ("sounds", 512),
    ]
    towers.check()


def test_a_folder_is_named_alike_from_everywhere(settings, tmp_path, monkeypatch):
    (tmp_path / "model").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    expected = str((tmp_path / "model").resolve())
    for name in ("model", "./model", "model/", "../" + tmp_path.name + "/model", "~/model"):
        assert registry.normalised(name) == expected
        assert registry.towers(name, settings).encoder.name == expected
    monkeypatch.chdir("/")
    assert registry.normalised(expected) == expected


def test_a_folder_called_like_an_encoder_hides_it_not(settings, tmp_path, monkeypatch):
    for name in ("compact", "fake", "open_clip:"):
        (tmp_path / name / "model").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    for name in ("compact", "fake", "open_clip:/model"):
        assert registry.normalised(name) == name
    assert registry.normalised("./compact") == str((tmp_path / "compact").resolve())
    assert registry.towers("compact", settings).encoder.name == "compact"


@pytest.mark.parametrize("name", ["resnet", "~nobody-of-that-name/model", "x" * 5000, "a\0b", ""])
def test_a_name_of_nothing_stays_and_is_one_clear_error(settings, name):
    assert registry.normalised(name) == name
    with pytest.raises(EncoderUnavailable, match="no encoder is called"):
        registry.towers(name, settings)


def test_torchvision_imports_beside_any_torch():
    declare_missing_operators()
    declare_missing_operators()
    import torchvision

    assert torchvision.__version__


def test_settings_choose_the_sound_head_and_whether_speech_is_heard(settings, tmp_path):
    head = shutil.copy(HEAD, tmp_path / "mine.safetensors")
    Path(head).write_bytes(Path(head).read_bytes() + b" ")
    chosen = dataclasses.replace(settings, sound_head=Path(head), speech=False)
    towers = registry.towers("compact", chosen)
    assert towers.speech is None
    assert towers.shared.revision != registry.towers("compact", settings).shared.revision
