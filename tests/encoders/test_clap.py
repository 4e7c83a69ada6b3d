"""CLAP models against transformers' own forward pass, and what is said of those that fail."""

from __future__ import annotations

import dataclasses
import json
import pickle
import shutil
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine import Library
from engine.encoders import clap, registry
from engine.encoders.clap import ClapEncoder
from engine.errors import EncoderUnavailable, ExtraMissing, UnsupportedMedia, UsageError
from engine.types import Modality
from tests import media_files as make
from tests.clap import write_clap

pytestmark = pytest.mark.usefixtures("few_phrases")

RATE = 48_000
TEXTS = ["a dog", "the sound of rain on a tin roof", "é"]


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "fused"])
def folder(request, tmp_path_factory) -> Path:
    return write_clap(tmp_path_factory.mktemp("clap"), fused=request.param)


@pytest.fixture(scope="module")
def encoder(folder, settings) -> ClapEncoder:
    return registry.towers(f"clap:{folder}", settings).encoder


def noise(seconds: float, seed: int = 0) -> np.ndarray:
    drawn = np.random.default_rng(seed).standard_normal(round(seconds * RATE))
    return (0.1 * drawn).astype(np.float32)


@pytest.fixture(scope="module")
def theirs(folder):
    """transformers' own model, tokenizer and spectrograms."""
    from transformers import AutoTokenizer, ClapFeatureExtractor, ClapModel

    return (
        ClapModel.from_pretrained(folder).eval(),
        AutoTokenizer.from_pretrained(folder),
        ClapFeatureExtractor.from_pretrained(folder),
    )


def forward(theirs, texts, sounds):
    """The embeddings that a forward pass of the whole model gives."""
    import torch

    model, tokenizer, spectrogram = theirs
    tokens = tokenizer(texts, padding=True, return_tensors="pt", truncation=True, max_length=32)
    heard = spectrogram(sounds, sampling_rate=RATE, return_tensors="pt")
    with torch.inference_mode():
        out = model(
            input_ids=tokens["input_ids"],
            attention_mask=tokens["attention_mask"],
            input_features=heard["input_features"].float(),
            is_longer=torch.zeros((len(sounds), 1), dtype=torch.bool),
        )
    return out.text_embeds.numpy(), out.audio_embeds.numpy()


def test_texts_and_sounds_lie_where_transformers_puts_them(encoder, theirs):
    sounds = [noise(2.0), make.tone(440, 3.0).astype(np.float32), noise(1.3, 2)]
    texts, heard = forward(theirs, TEXTS, sounds)
    np.testing.assert_allclose(encoder.embed_texts(TEXTS), texts, atol=1e-5)
    windows = [encoder.prepare(sound) for sound in sounds]
    np.testing.assert_allclose(encoder.listen(windows).features, heard, atol=1e-5)
    assert np.abs(heard[0] - heard[1]).max() > 1e-3  # or else anything would be near enough
    assert np.abs(texts[0] - texts[1]).max() > 1e-3


def test_a_long_window_is_the_mean_of_its_parts_and_no_chance(encoder):
    window = noise(5.0)
    parts = [encoder.prepare(part) for part in np.array_split(window, 3)]
    mean = encoder.listen(parts).features.mean(0)
    expected = mean / np.linalg.norm(mean)
    for _ in range(2):
        whole = encoder.listen([encoder.prepare(noise(1.0)), encoder.prepare(window)]).features[1]
        np.testing.assert_allclose(whole, expected, atol=1e-5)


def test_batches_change_nothing(folder, encoder, settings):
    one = ClapEncoder(encoder.name, dataclasses.replace(settings, batch_size=1))
    np.testing.assert_allclose(one.embed_texts(TEXTS), encoder.embed_texts(TEXTS), atol=1e-5)
    windows = [encoder.prepare(noise(seconds)) for seconds in (0.0, 1.0, 3.0)]
    np.testing.assert_allclose(
        one.listen(windows).features, encoder.listen(windows).features, atol=1e-5
    )


def test_nothing_in_nothing_out(encoder):
    assert encoder.embed_texts([]).shape == (0, 24)
    assert encoder.listen([]).features.shape == (0, 24)
    assert encoder.listen([]).probabilities.shape == (0, 0)


def test_a_text_of_any_length_is_read_as_far_as_the_model_goes(encoder):
    rows = encoder.embed_texts(["dog " * 500, "dog " * 400])
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(rows[0], rows[1], atol=1e-6)


def test_its_space_holds_sound_alone(folder, settings):
    towers = registry.towers(f"clap:{folder}", settings)
    assert towers.modalities == {Modality.SOUND}
    assert registry.towers("fake", settings).modalities == set(Modality)
    assert (towers.sound.rate, towers.speech, towers.screen) == (RATE, None, None)
    assert towers.spaces == (towers.encoder.shared,)
    embedded = towers.embed_sounds([towers.sound.prepare(noise(1.0))])
    assert [*embedded.vectors] == [towers.shared.name]
    assert embedded.tags == ((),)
    with pytest.raises(UnsupportedMedia, match="no pictures"):
        towers.encoder.prepare_image(Image.new("RGB", (8, 8)))


def test_it_is_a_space_beside_the_one_of_a_library(folder, settings, tmp_path, monkeypatch):
    media = tmp_path / "media"
    media.mkdir()
    make.picture(media / "red.png")
    make.sound(media / "deep.wav", (200, 2.0))
    make.sound(media / "shrill.wav", (3000, 2.0))
    make.video(media / "hum.mp4", ["red", "blue"], hertz=500)
    monkeypatch.chdir(folder.parent)
    library, name = tmp_path / "library", f"clap:{folder}"
    with Library.open(library, create=True, encoder="fake", settings=settings) as made:
        made.index([media])
        filled = made.spaces.add(f"clap:./{folder.name}")
        assert (filled.ready, filled.moments, filled.failures) == (True, 3, ())
    with Library.open(library, settings=settings) as opened:
        found = opened.search("a deep hum")
        assert {b.space for b in found.plan.branches if b.modality is Modality.SOUND} == {
            "fake", name,
        }  # fmt: skip
        alone = opened.search("a deep hum", space=name).hits
        near = [h for h in alone if any(w.branch == "text" for w in h.why)]
        assert {hit.modality for hit in near} == {Modality.SOUND}
        raw = {Path(h.path).name: w.raw for h in alone for w in h.why if w.branch == "text"}
        towers = opened.towers_of(name)
        text = towers.encoder.embed_texts(["a deep hum"])
        window = towers.sound.prepare(make.tone(200, 2.0).astype(np.float32).repeat(3))
        near = float((towers.embed_sounds([window]).vectors[towers.shared.name] @ text.T)[0, 0])
        assert raw["deep.wav"] == pytest.approx(near, abs=0.05)
        opened.index([media])
        with pytest.raises(UsageError, match="sound alone"):
            Library.open(tmp_path / "another", create=True, encoder=name, settings=settings)


# --- revisions


def revision(folder: Path, settings) -> str:
    return ClapEncoder(f"clap:{folder}", settings).shared.revision


def changed_settings(folder: Path) -> None:
    file = folder / "preprocessor_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"frequency_max": 8000}))


def changed_tokens(folder: Path) -> None:
    file = folder / "tokenizer.json"
    read = json.loads(file.read_text())
    vocabulary = read["model"]["vocab"]
    vocabulary["A"], vocabulary["z"] = vocabulary["z"], vocabulary["A"]
    file.write_text(json.dumps(read))


def changed_weights(folder: Path) -> None:
    write_clap(folder, seed=8)


@pytest.mark.parametrize("change", [changed_settings, changed_tokens, changed_weights])
def test_what_shapes_a_vector_is_in_the_revision(tmp_path, settings, change):
    folder = write_clap(tmp_path)
    before = revision(folder, settings)
    assert revision(shutil.copytree(folder, tmp_path / "moved"), settings) == before
    change(folder)
    assert revision(folder, settings) != before


# --- what goes wrong


def test_weights_as_tensors_in_a_bin_are_the_same(tmp_path, settings):
    (tmp_path / "bin").mkdir()
    (tmp_path / "safe").mkdir()
    pickled = write_clap(tmp_path / "bin", pickled=True)
    assert revision(pickled, settings) == revision(write_clap(tmp_path / "safe"), settings)


class Evil:
    def __reduce__(self):
        return Path.touch, (Path("ran"),)


def test_pickled_code_is_never_run(tmp_path, settings, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = write_clap(tmp_path, pickled=True)
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps({"a": Evil()}))
    with pytest.raises(EncoderUnavailable):
        ClapEncoder(f"clap:{folder}", settings).check()
    assert not Path("ran").exists()


def without(*names: str):
    def remove(folder: Path) -> None:
        for name in names:
            (folder / name).unlink()

    return remove


def another_model(folder: Path) -> None:
    from safetensors.numpy import load_file, save_file

    tensors = load_file(folder / "model.safetensors")
    del tensors["text_projection.linear1.weight"]
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        (without("model.safetensors"), "model.safetensors"),
        (without("config.json"), "there is no config.json"),
        (another_model, "lack text_projection.linear1.weight"),
    ],
    ids=["weights", "config", "tensor"],
)
def test_a_folder_that_is_no_model_is_one_clear_line(tmp_path, settings, damage, what):
    folder = write_clap(tmp_path)
    damage(folder)
    with pytest.raises(EncoderUnavailable, match=rf"clap:.* cannot be loaded \(.*{what}") as caught:
        ClapEncoder(f"clap:{folder}", settings).check()
    assert "\n" not in str(caught.value)


def test_a_model_that_cannot_be_fetched_is_one_clear_line_at_once(
    tmp_path, settings, monkeypatch, capfd
):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    name = "clap:laion/clap-htsat-unfused"
    with pytest.raises(EncoderUnavailable, match=rf"{name} cannot be loaded \(") as caught:
        registry.towers(name, settings).check()
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_without_transformers_the_extra_is_named(settings, monkeypatch):
    monkeypatch.setattr(
        clap, "find_spec", lambda name: None if name == "transformers" else find_spec(name)
    )
    with pytest.raises(ExtraMissing, match=r"sensorium\[clap\]"):
        ClapEncoder("clap:somebody/model", settings).check()
