"""The image bridge on real pictures."""

from __future__ import annotations

import dataclasses
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.encoders.compact.encoder import CompactEncoder
from engine.encoders.compact.pictures import HEAD, SIDE, CompactPictures
from engine.encoders.weight_files import EFFICIENTNET

SAMPLES = Path(find_spec("skimage").submodule_search_locations[0]) / "data"


@pytest.fixture(scope="module")
def bridge(settings):
    return CompactPictures(settings)


def sample(name: str) -> Image.Image:
    return Image.open(SAMPLES / name).convert("RGB")


@pytest.mark.parametrize("size", [(260, 260), (1000, 300), (40, 900), (3, 2)])
def test_any_size_is_prepared_to_the_towers(bridge, size):
    prepared = bridge.prepare(Image.new("RGB", size, (9, 99, 199)))
    assert prepared.shape == (SIDE, SIDE, 3)
    assert prepared.dtype == np.uint8
    assert (prepared == (9, 99, 199)).all()


@pytest.mark.parametrize("size", [(1000, 1000), (1000, 1500)])
def test_the_middle_89_percent_is_what_the_tower_sees(bridge, size):
    """Down a picture whose brightness is the share of its width, in 1/250."""
    ramp = np.linspace(0, 250, size[0]).astype(np.uint8)
    ramp = np.broadcast_to(ramp[None, :, None], (size[1], size[0], 3))
    prepared = bridge.prepare(Image.fromarray(np.ascontiguousarray(ramp))).astype(float) / 250
    assert prepared[:, 0].mean() == pytest.approx(0.055, abs=0.01)
    assert prepared[:, -1].mean() == pytest.approx(0.945, abs=0.01)


def test_padding_is_a_part_of_the_convolutions(bridge):
    """A node of its own between two of them costs a fifth of the time."""
    import onnx

    bridge.see([bridge.prepare(sample("coffee.png"))])
    graph = onnx.load(bridge._tower.folder / "model.onnx", load_external_data=False).graph
    kinds = {node.op_type for node in graph.node}
    assert "FusedConv" in kinds
    assert "Pad" not in kinds


def test_the_export_runs_what_timm_runs(bridge):
    import torch

    from engine.encoders.compact.export_pictures import build_model  # imports timm

    pixels = [bridge.prepare(sample(name)) for name in ("chelsea.png", "coffee.png")]
    seen = bridge.see(pixels)
    model = build_model(EFFICIENTNET.locate())
    batch = torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2).float() / 127.5 - 1
    with torch.inference_mode():
        expected = model(batch).softmax(-1).numpy()
        maps = model.bn1(model.conv_stem(batch))
        for stage in model.blocks[:4]:
            maps = stage(maps)
        first = torch.cat([maps.mean((2, 3)), maps.amax((2, 3))], 1).numpy()
    np.testing.assert_allclose(seen.probabilities, expected, atol=1e-4)
    np.testing.assert_allclose(np.linalg.norm(seen.features, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(seen.middle[:, : first.shape[1]], first, atol=1e-3)


def test_a_batch_keeps_its_order(bridge):
    names = ("chelsea.png", "coffee.png", "rocket.jpg", "motorcycle_left.png")
    pixels = [bridge.prepare(sample(name)) for name in names]
    together = bridge.see(pixels).features
    alone = np.concatenate([bridge.see([p])[0] for p in pixels])
    np.testing.assert_allclose(together, alone, atol=1e-4)


def test_nothing_in_nothing_out(bridge):
    assert [rows.shape for rows in bridge.see([])] == [(0, 1280), (0, 1000), (0, 1120)]


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("chelsea.png", "a cat", "a dog"),
        ("chelsea.png", "an animal", "a building"),
        ("coffee.png", "a cup of coffee", "a glass of beer"),
        ("rocket.jpg", "a rocket", "a boat"),
        ("motorcycle_left.png", "a vehicle", "an animal"),
    ],
)
def test_a_picture_is_nearer_to_what_it_shows(settings, name, right, wrong):
    encoder = CompactEncoder(settings)
    embedded = encoder.embed_images([encoder.prepare_image(sample(name))])
    picture = embedded.vectors[encoder.shared.name][0]
    assert np.linalg.norm(picture) == pytest.approx(1, abs=1e-5)
    near, far = encoder.embed_texts([right, wrong]) @ picture
    assert near > far


def test_tags_are_the_probable_classes(bridge):
    probabilities = bridge.see([bridge.prepare(sample("chelsea.png"))]).probabilities
    (tags,) = bridge.tags(probabilities)
    assert any("cat" in tag.word for tag in tags)
    assert [t.weight for t in tags] == sorted((t.weight for t in tags), reverse=True)


@pytest.mark.parametrize("content", [b"junk", b"\xff", b"[]", b""])
def test_damaged_class_names_are_written_again(settings, tmp_path, content):
    own = dataclasses.replace(settings, cache=tmp_path)
    names = CompactPictures(own).names
    (file,) = tmp_path.rglob("*.json")
    file.write_bytes(content)
    assert CompactPictures(own).names == names
    assert len(names) == 1000
    assert CompactPictures(own).names == names


def test_the_head_is_small_and_its_classes_are_centred(bridge):
    assert HEAD.stat().st_size < 1_000_000
    classes, unknown = bridge.head["class_vectors"], bridge.head["unknown"]
    assert (classes.shape, unknown.shape) == ((1000, 384), (384,))
    np.testing.assert_allclose(classes.mean(0), 0, atol=1e-4)


def test_no_text_is_near_the_unknown(bridge, settings):
    texts = CompactEncoder(settings).embed_texts(["an animal", "a lawn", "anything at all"])
    assert np.abs(texts @ bridge.head["unknown"]).max() < 1e-3


def test_a_picture_of_nothing_in_particular_is_near_no_word(bridge, settings):
    cat = bridge.see([bridge.prepare(sample("chelsea.png"))])[1]
    anything = np.full((1, 1000), 1e-3, np.float32)
    animal = CompactEncoder(settings).embed_texts(["an animal"])[0]
    certain, uncertain = bridge.words(np.concatenate([cat, anything])) @ animal
    assert certain > 0.15 > 0.05 > abs(uncertain)
