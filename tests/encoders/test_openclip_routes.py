"""Every architecture family of open_clip through every route, against its own forward pass."""

from __future__ import annotations

import contextlib
import functools
import itertools
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from engine.config import Settings
from engine.encoders import registry
from engine.encoders.openclip import files
from engine.encoders.openclip.encoder import OpenClipEncoder
from engine.encoders.protocols import Logits
from engine.errors import EncoderUnavailable
from engine.types.arrays import Vectors
from tests.clip import PREPROCESS
from tests.encoders.openclip_models import (
    FAMILIES,
    SIGLIP_PREPROCESS,
    WEIGHTS,
    build,
    into_hub_cache,
    write_family,
    write_tokenizer,
    write_tower,
)

TEXTS = ["a picture of a dog", "the sound of a cat", "number 7", "a"]
TAGS = {
    "vit": ("ViT-B-32", "laion2b_s34b_b79k"),
    "resnet": ("RN50", "openai"),
    "timm": ("convnext_base", "laion400m_s13b_b51k"),
    "custom": ("ViT-B-16", "datacomp_xl_s13b_b90k"),
    "siglip": ("ViT-B-16-SigLIP", "webli"),
    "hf": ("roberta-ViT-B-32", "laion2b_s12b_b32k"),
    "coca": ("coca_ViT-B-32", "laion2b_s13b_b90k"),
}
"""Real tags, whose models are small ones here."""


def pictures() -> list[Image.Image]:
    draw = np.random.default_rng(3)
    noise = [draw.integers(0, 255, (8, 12, 3), np.uint8) for _ in TEXTS]
    return [Image.fromarray(pixels).resize((300, 200)) for pixels in noise]


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    """Models this small only wait for each other's threads."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module", autouse=True)
def _one_tokenizer() -> Iterator[None]:
    """open_clip reads its 49,000 pieces of words for each tokenizer, which takes 0.1 s: those that
    are made alike are one here."""
    factory = files.open_clip().factory
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(factory, "SimpleTokenizer", functools.cache(factory.SimpleTokenizer))
        yield


@pytest.fixture(scope="module")
def families(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("families")
    for name in FAMILIES:
        write_family(name, folder / name)
    return folder


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    """An empty cache of the hub, and nobody to be asked."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    return tmp_path / "hub"


@pytest.fixture
def configs(tmp_path, monkeypatch) -> Iterator[Callable[[str, dict[str, Any]], None]]:
    """Tells open_clip of a model by its own means, until the test ends."""
    import open_clip.factory as factory

    monkeypatch.setattr(factory, "_MODEL_CONFIGS", dict(factory._MODEL_CONFIGS))
    monkeypatch.setattr(factory, "_MODEL_CONFIG_PATHS", list(factory._MODEL_CONFIG_PATHS))
    (tmp_path / "configs").mkdir()

    def add(name: str, model: dict[str, Any]) -> None:
        file = tmp_path / "configs" / f"{name}.json"
        file.write_text(json.dumps(model))
        factory.add_model_config(file)

    yield add


def forward(family: str, folder: Path, prepared: dict[str, Any]) -> tuple[Vectors, Vectors]:
    """What open_clip's own class computes of its own tokens and tensors."""
    return _forward(family, folder, json.dumps(prepared))


@functools.cache
def _forward(family: str, folder: Path, prepared_as_json: str) -> tuple[Vectors, Vectors]:
    import open_clip
    import torch
    from safetensors.torch import load_file

    model = build(family, folder)
    model.load_state_dict(load_file(folder / WEIGHTS))
    transform = open_clip.image_transform(
        FAMILIES[family]["vision_cfg"]["image_size"], is_train=False, **json.loads(prepared_as_json)
    )
    tokens = open_clip.get_tokenizer(f"local-dir:{folder}")(TEXTS)
    with torch.inference_mode():
        out = model(torch.stack([transform(p) for p in pictures()]), tokens)
    seen, read = (out["image_features"], out["text_features"]) if isinstance(out, dict) else out[:2]
    return seen.numpy(), read.numpy()


def assert_own_vectors(name: str, family: str, folder: Path, prepared: dict[str, Any]) -> None:
    encoder = registry.towers(name, Settings()).encoder
    assert encoder.name == registry.normalised(encoder.name)
    seen, read = forward(family, folder, prepared)
    pixels = [encoder.prepare_image(picture) for picture in pictures()]
    vectors = encoder.embed_images(pixels).vectors[encoder.shared.name]
    np.testing.assert_allclose(vectors, seen, atol=1e-5)
    np.testing.assert_allclose(encoder.embed_texts(TEXTS), read, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert vectors.dtype == np.float32
    assert encoder.shared.dim == vectors.shape[1]
    assert len(np.unique(read.round(4), axis=0)) == len(TEXTS)


def usual(family: str) -> dict[str, Any]:
    return SIGLIP_PREPROCESS if family == "siglip" else PREPROCESS


def hub_texts(family: str, cache: Path, tmp_path: Path) -> None:
    """What a family has on a hub beside its weights: a tokenizer, a text tower's config."""
    text = FAMILIES[family]["text_cfg"]
    if repo := text.get("hf_tokenizer_name"):
        folder = write_tokenizer(tmp_path / "text")
        if repo == text.get("hf_model_name"):
            write_tower(folder)
        into_hub_cache(cache, repo, folder)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_folder(families, cache, family):
    assert_own_vectors(str(families / family), family, families / family, usual(family))


@pytest.mark.parametrize("family", FAMILIES)
def test_a_repository(families, cache, tmp_path, family):
    into_hub_cache(cache, f"tiny/{family}", families / family)
    hub_texts(family, cache, tmp_path)
    assert_own_vectors(f"hf-hub:tiny/{family}", family, families / family, usual(family))


@pytest.mark.parametrize("family", FAMILIES)
def test_a_tag_whose_file_is_in_the_hubs_cache(families, cache, tmp_path, configs, family):
    import open_clip

    model, tag = TAGS[family]
    known = open_clip.get_pretrained_cfg(model, tag)
    small = FAMILIES[family]
    # Of ``RN50/openai`` the config says nothing of QuickGELU, and the tag does.
    configs(model, {key: value for key, value in small.items() if key != "quick_gelu"})
    hosted = known["hf_hub"].rpartition("/")
    only = tmp_path / "weights"
    only.mkdir()
    shutil.copy(families / family / WEIGHTS, only / (hosted[2] or WEIGHTS))
    into_hub_cache(cache, hosted[0], only)
    hub_texts(family, cache, tmp_path)
    prepared = {key: known[key] for key in ("mean", "std", "interpolation", "resize_mode")}
    for name in (f"open_clip:{model}/{tag}", f"{model}__{tag.replace('_', '-')}"):
        assert_own_vectors(name, family, families / family, prepared)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_checkpoint_beside_its_config(families, cache, tmp_path, family):
    import torch

    folder = shutil.copytree(families / family, tmp_path / "model")
    chosen = shutil.copy(folder / WEIGHTS, folder / "epoch_7.safetensors")
    model = build(family, folder)
    torch.save({"state_dict": model.state_dict(), "epoch": 7}, folder / "epoch_7.pt")
    with torch.no_grad():
        model.logit_scale.add_(1)
        for parameter in model.parameters():
            parameter.mul_(0.5)
    torch.save(model.state_dict(), folder / "other.bin")
    (folder / WEIGHTS).rename(folder / "aside")
    for file in (chosen, folder / "epoch_7.pt"):
        assert_own_vectors(str(file), family, families / family, usual(family))


@pytest.mark.parametrize(
    ("family", "suffix"),
    [*zip(FAMILIES, itertools.cycle(("safetensors", "pt")), strict=False), ("vit", "pt")],
)
def test_a_bare_checkpoint_of_a_named_architecture(
    families, cache, tmp_path, monkeypatch, configs, family, suffix
):
    import open_clip
    import torch
    from safetensors.torch import load_file

    model, tag = TAGS[family]
    configs(model, FAMILIES[family])
    hub_texts(family, cache, tmp_path)
    weights = load_file(families / family / WEIGHTS)
    if suffix == "pt":  # as training in parallel leaves it
        torch.save({f"module.{key}": t for key, t in weights.items()}, tmp_path / "mine.pt")
    else:
        shutil.copy(families / family / WEIGHTS, tmp_path / "mine.safetensors")
    monkeypatch.chdir(tmp_path)
    known = open_clip.get_pretrained_cfg(model, tag)
    prepared = {key: known[key] for key in ("mean", "std", "interpolation", "resize_mode")}
    name = f"open_clip:{model}/./mine.{suffix}"
    assert registry.normalised(name) == f"open_clip:{model}/{tmp_path.resolve()}/mine.{suffix}"
    assert_own_vectors(name, family, families / family, prepared)


def test_one_model_is_one_space_by_every_route(families, cache):
    into_hub_cache(cache, "tiny/vit", families / "vit")
    names = (str(families / "vit"), "hf-hub:tiny/vit", str(families / "vit" / WEIGHTS))
    revisions = {OpenClipEncoder(name, Settings()).shared.revision for name in names}
    assert len(revisions) == 1


def test_a_text_towers_config_is_of_the_revision(families, cache, tmp_path):
    folder = shutil.copytree(families / "hf", tmp_path / "model")
    before = OpenClipEncoder(str(folder), Settings()).shared.revision
    file = folder / "tiny" / "bert" / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"hidden_act": "relu"}))
    assert OpenClipEncoder(str(folder), Settings()).shared.revision != before


def test_logits_are_the_models_own(families, cache):
    encoders = {f: OpenClipEncoder(str(families / f), Settings()) for f in ("vit", "siglip")}
    assert all(isinstance(encoder, Logits) for encoder in encoders.values())
    assert encoders["vit"].logit_scale == pytest.approx(1 / 0.07)
    assert (encoders["vit"].logit_bias, encoders["siglip"].logit_bias) == (None, -10.0)
    assert not isinstance(registry.encoder("compact", Settings()), Logits)


# --- what is missing, or not to be trusted


@pytest.fixture
def small(configs) -> str:
    """An architecture that is built in no time."""
    configs("small", FAMILIES["vit"])
    return "small"


@pytest.fixture
def model(families, tmp_path) -> Path:
    return shutil.copytree(families / "hf", tmp_path / "model")


def refused(name: str | Path) -> str:
    with pytest.raises(EncoderUnavailable) as caught:
        OpenClipEncoder(registry.normalised(str(name)), Settings()).check()
    assert "\n" not in str(caught.value)
    return str(caught.value)


class Payload:
    """Runs a command when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self):
        return Path.touch, (self.trace,)


@pytest.mark.parametrize("suffix", ["pt", "pth", "bin", "ckpt"])
def test_a_pickle_is_refused_and_not_run(small, cache, tmp_path, suffix):
    import torch

    file, trace = tmp_path / f"mine.{suffix}", tmp_path / "trace"
    torch.save({"state_dict": {}, "more": Payload(trace)}, file)
    assert "holds more than tensors" in refused(f"open_clip:{small}/{file}")
    assert not trace.exists()


def test_a_pickle_in_a_folder_is_refused_too(model, cache, tmp_path):
    import torch

    (model / WEIGHTS).unlink()
    torch.save(Payload(tmp_path / "trace"), model / "open_clip_pytorch_model.bin")
    assert "holds more than tensors" in refused(model)
    assert not (tmp_path / "trace").exists()


def test_code_that_comes_with_a_model_is_not_run(model, cache, tmp_path):
    """Neither a tokenizer's, though the config asks for it, nor a text tower's."""
    code = f"from pathlib import Path\nPath({str(tmp_path / 'trace')!r}).touch()\n"
    (model / "own.py").write_text(f"{code}class Own: pass\n")
    settings = json.loads((model / "tokenizer_config.json").read_text())
    settings |= {"tokenizer_class": "Own", "auto_map": {"AutoTokenizer": ["own.Own", "own.Own"]}}
    (model / "tokenizer_config.json").write_text(json.dumps(settings))
    config = json.loads((model / "open_clip_config.json").read_text())
    config["model_cfg"]["text_cfg"]["tokenizer_kwargs"] = {"trust_remote_code": True}
    (model / "open_clip_config.json").write_text(json.dumps(config))
    with contextlib.suppress(EncoderUnavailable):
        OpenClipEncoder(str(model), Settings()).check()
    tower = {"model_type": "own", "auto_map": {"AutoConfig": "own.Own"}}
    (model / "tiny" / "bert" / "config.json").write_text(json.dumps(tower))
    assert "text tower is a own" in refused(model)
    assert not (tmp_path / "trace").exists()


def test_a_checkpoint_of_another_architecture_is_one_line(small, families, cache):
    line = refused(f"open_clip:{small}/{families / 'resnet' / WEIGHTS}")
    assert "open_clip:small/" in line
    assert "Missing key" in line or "Unexpected key" in line


@pytest.mark.parametrize(
    ("content", "suffix"), [(b"", "safetensors"), (b"no tensors", "safetensors"), (b"no", "pt")]
)
def test_a_damaged_checkpoint_is_one_line(small, cache, tmp_path, content, suffix):
    file = tmp_path / f"mine.{suffix}"
    file.write_bytes(content)
    assert str(file) in refused(f"open_clip:{small}/{file}")


def test_a_bare_checkpoint_without_an_architecture_says_how_to_name_one(families, cache, tmp_path):
    file = shutil.copy(families / "vit" / WEIGHTS, tmp_path / "mine.safetensors")
    assert "open_clip:MODEL/./FILE" in refused(file)


@pytest.mark.parametrize("missing", ["mine.safetensors", "mine.npz"])
def test_no_such_checkpoint(cache, tmp_path, missing):
    assert missing in refused(f"open_clip:ViT-B-32/{tmp_path / missing}")


@pytest.mark.parametrize("config", ["", "[]", '{"model_cfg": {}}', '{"model_cfg": 3}'])
def test_a_config_that_is_none(model, cache, config):
    (model / "open_clip_config.json").write_text(config)
    assert "open_clip_config.json is no config" in refused(model)


def test_a_folder_without_weights(model, cache):
    (model / WEIGHTS).unlink()
    assert "holds no weights" in refused(model)


def test_a_tokenizer_that_is_on_no_disk_is_named(families, cache, tmp_path):
    """A folder of config and weights alone, whose tokenizer the hub has."""
    folder = shutil.copytree(families / "siglip", tmp_path / "model")
    for file in ("tokenizer.json", "tokenizer_config.json"):
        (folder / file).unlink()
    line = refused(folder)
    assert "tiny/siglip-words is not on this machine, and HF_HUB_OFFLINE is set" in line
    hub_texts("siglip", cache, tmp_path)
    assert_own_texts(folder, families / "siglip")


def assert_own_texts(folder: Path, complete: Path) -> None:
    with_hub, alone = (OpenClipEncoder(str(f), Settings()) for f in (folder, complete))
    np.testing.assert_array_equal(with_hub.embed_texts(TEXTS), alone.embed_texts(TEXTS))


def test_a_text_tower_that_is_on_no_disk_is_named(model, cache):
    shutil.rmtree(model / "tiny")
    assert "tiny/bert is not on this machine" in refused(model)


def test_a_hub_that_nobody_answers_for_is_one_line_at_once(cache, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    assert "127.0.0.1 cannot be reached" in refused("hf-hub:tiny/vit")
