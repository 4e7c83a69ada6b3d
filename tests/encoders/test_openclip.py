"""open_clip models through the Encoder protocol, on a small one with random weights."""

from __future__ import annotations

import gc
import json
import shutil
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from engine.common.optional_package import without_looking_for_garbage
from engine.config import Settings
from engine.encoders import registry
from engine.encoders.openclip import load
from engine.encoders.openclip.encoder import OpenClipEncoder
from engine.errors import EncoderUnavailable
from tests.clip import write_model


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory):
    return write_model(tmp_path_factory.mktemp("tiny-clip"))


@pytest.fixture(scope="session")
def encoder(model_folder):
    return OpenClipEncoder(str(model_folder), Settings())


def picture(seed: int, size=(90, 60)) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 255, (size[1], size[0], 3), np.uint8)
    return Image.fromarray(pixels).resize((size[0] * 3, size[1] * 3))


def test_pictures_get_open_clips_own_vectors(model_folder, encoder):
    import open_clip
    import torch

    reference, _, transform = open_clip.create_model_and_transforms(f"local-dir:{model_folder}")
    pictures = [picture(seed) for seed in range(3)]
    with torch.inference_mode():
        batch = torch.stack([transform(p) for p in pictures])
        expected = reference.eval().encode_image(batch, normalize=True).numpy()
    prepared = [encoder.prepare_image(p) for p in pictures]
    vectors = encoder.embed_images(prepared).vectors[encoder.shared.name]
    np.testing.assert_allclose(vectors, expected, atol=1e-5)


def test_texts_get_open_clips_own_vectors(model_folder, encoder):
    import open_clip
    import torch

    reference, _, _ = open_clip.create_model_and_transforms(f"local-dir:{model_folder}")
    texts = [f"a picture of number {i}" for i in range(40)]
    with torch.inference_mode():
        tokens = open_clip.get_tokenizer(f"local-dir:{model_folder}")(texts)
        expected = reference.eval().encode_text(tokens, normalize=True).numpy()
    np.testing.assert_allclose(encoder.embed_texts(texts), expected, atol=1e-5)


def test_layers_begin_with_zeros_in_the_thread_that_loads_a_model_and_no_longer():
    from torch.nn import Linear

    with load._nothing_drawn(), ThreadPoolExecutor(1) as pool:
        here, there = Linear(4, 4), pool.submit(Linear, 4, 4).result()
    assert not here.weight.any()
    assert there.weight.any() and Linear(4, 4).weight.any()


def test_garbage_is_looked_for_again_once_a_package_is_imported_or_is_not_there():
    assert gc.isenabled()
    with pytest.raises(ModuleNotFoundError), without_looking_for_garbage():
        assert not gc.isenabled()
        import no_such_package  # noqa: F401
    assert gc.isenabled()


def test_the_revision_is_that_of_the_weights(model_folder, encoder, tmp_path):
    from safetensors.torch import load_file, save_file

    assert OpenClipEncoder(str(model_folder), Settings()).shared == encoder.shared
    weights = load_file(model_folder / "open_clip_model.safetensors")
    weights["positional_embedding"] += 1e-3
    save_file(weights, tmp_path / "open_clip_model.safetensors")
    config = (model_folder / "open_clip_config.json").read_text()
    (tmp_path / "open_clip_config.json").write_text(config)
    changed = OpenClipEncoder(str(tmp_path), Settings())
    assert changed.shared.revision != encoder.shared.revision


@pytest.mark.parametrize(
    ("part", "changes"),
    [
        ("preprocess_cfg", {"mean": [0.5, 0.46, 0.41]}),
        ("preprocess_cfg", {"std": [0.3, 0.26, 0.28]}),
        ("preprocess_cfg", {"interpolation": "bilinear"}),
        ("preprocess_cfg", {"resize_mode": "squash"}),
        ("model_cfg", {"quick_gelu": True}),
    ],
    ids=lambda value: value if isinstance(value, str) else next(iter(value)),
)
def test_the_revision_is_that_of_the_settings_too(model_folder, encoder, tmp_path, part, changes):
    shutil.copytree(model_folder, tmp_path, dirs_exist_ok=True)
    file = tmp_path / "open_clip_config.json"
    config = json.loads(file.read_text())
    config[part] |= changes
    file.write_text(json.dumps(config))
    changed = OpenClipEncoder(str(tmp_path), Settings())
    assert changed.shared.revision != encoder.shared.revision


def test_the_revision_is_that_of_the_tokenizer_and_of_the_code_too(
    model_folder, encoder, monkeypatch
):
    def revision():
        return OpenClipEncoder(str(model_folder), Settings()).shared.revision

    with monkeypatch.context() as patch:
        patch.setattr(load, "_REVISION", 0)
        assert revision() != encoder.shared.revision
    import open_clip

    tokenize = open_clip.get_tokenizer(f"local-dir:{model_folder}")
    monkeypatch.setattr("open_clip.get_tokenizer", lambda _: lambda t: tokenize(t).roll(1))
    assert revision() != encoder.shared.revision


@pytest.mark.parametrize(
    "broken", ["open_clip.get_tokenizer", "engine.encoders.openclip.load.model_revision"]
)
def test_whatever_goes_wrong_in_loading_is_one_clear_line(model_folder, monkeypatch, broken):
    def fail(*_):
        raise TypeError("Got unsupported ScalarType\nBFloat16")

    monkeypatch.setattr(broken, fail)
    with pytest.raises(EncoderUnavailable, match="ScalarType BFloat16") as caught:
        OpenClipEncoder(str(model_folder), Settings()).check()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "name",
    [
        "open_clip:ViT-B-32",
        "open_clip:no-such-model/openai",
        "open_clip:ViT-B-32/no_such_tag",
        "hf-hub:no-such-model",
        "no-such-model__openai",
    ],
)
def test_a_model_that_cannot_be_had_is_one_clear_line(name):
    with pytest.raises(EncoderUnavailable) as caught:
        registry.towers(name, Settings()).check()
    assert name.partition("__")[0] in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_name_that_is_nearly_right_is_put_right():
    with pytest.raises(EncoderUnavailable, match="did you mean ViT-B-32"):
        registry.towers("ViT-B32__openai", Settings()).check()
    with pytest.raises(EncoderUnavailable, match="there is webli"):
        registry.towers("ViT-B-16-SigLIP__wbli", Settings()).check()


def test_weights_that_need_a_hub_are_one_clear_line_without_one(monkeypatch, tmp_path):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(EncoderUnavailable, match="ViT-B-32/laion2b_s34b_b79k") as caught:
        registry.towers("open_clip:ViT-B-32/laion2b_s34b_b79k", Settings()).check()
    assert "\n" not in str(caught.value)


def test_a_folder_without_a_model_is_one_clear_line(tmp_path):
    with pytest.raises(EncoderUnavailable, match="open_clip_config"):
        registry.towers(str(tmp_path), Settings()).check()


def test_an_unknown_name_lists_what_there_is():
    with pytest.raises(EncoderUnavailable, match="compact, open_clip:MODEL/PRETRAINED"):
        registry.towers("resnet", Settings())
