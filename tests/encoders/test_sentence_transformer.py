"""Models of sentence-transformers against its own ``encode``, and libraries made with them."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from engine import Library
from engine.encoders import registry
from engine.encoders.sentence_transformer.load import dtype_on_gpu
from engine.encoders.sentence_transformer.names import ModelName, parse
from engine.errors import EncoderUnavailable, ExtraMissing, UnsupportedMedia
from engine.types import Modality
from tests import media_files as make
from tests.st_models import DIM, PROMPTS, write_clip, write_omni, write_texts

pytestmark = pytest.mark.usefixtures("few_phrases")

TEXTS = ["a dog", "rain on a tin roof in the night", "é"]
WRITERS = {"omni": write_omni, "clip": write_clip, "texts": write_texts}


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> dict[str, Path]:
    return {name: write(tmp_path_factory.mktemp(name)) for name, write in WRITERS.items()}


@pytest.fixture(scope="module")
def theirs(folders):
    """sentence-transformers' own models."""
    from sentence_transformers import SentenceTransformer

    return {
        name: SentenceTransformer(str(folder), device="cpu", local_files_only=True)
        for name, folder in folders.items()
    }


@pytest.fixture(scope="module")
def towers(folders, settings):
    return {name: registry.towers(f"st:{path}", settings) for name, path in folders.items()}


def picture(seed: int, size=(48, 36)) -> Image.Image:
    drawn = np.random.default_rng(seed).integers(0, 255, (*size[::-1], 3), dtype=np.uint8)
    return Image.fromarray(drawn)


def sound(seconds: float, seed: int = 0, rate: int = 16_000) -> np.ndarray:
    drawn = np.random.default_rng(seed).standard_normal(round(seconds * rate))
    return (0.1 * drawn).astype(np.float32)


def cosines(ours, reference) -> np.ndarray:
    ours, reference = np.asarray(ours), np.asarray(reference, np.float32)
    return (ours * reference).sum(1) / np.linalg.norm(reference, axis=1)


def apart(rows) -> bool:
    """Whether different inputs have different vectors, or else anything would be near enough."""
    alike = np.asarray(rows) @ np.asarray(rows).T
    return float(alike[~np.eye(len(alike), dtype=bool)].max()) < 0.9999


@pytest.mark.parametrize("name", WRITERS)
def test_texts_lie_where_sentence_transformers_puts_them(towers, theirs, name):
    found, asked = towers[name].encoder, theirs[name]
    documents = found.embed_texts(TEXTS)
    assert cosines(documents, asked.encode_document(TEXTS)).min() >= 0.999
    queries = towers[name].embed_queries(found.shared.name, TEXTS)
    assert cosines(queries, asked.encode_query(TEXTS)).min() >= 0.999
    assert cosines(queries, documents).max() < 0.9999  # prompts matter, so they must be right
    assert apart(documents)
    assert found.shared.dim == DIM


@pytest.mark.parametrize("name", ["omni", "clip"])
def test_pictures_lie_where_sentence_transformers_puts_them(towers, theirs, name):
    encoder, pictures = towers[name].encoder, [picture(1), picture(2, (40, 60)), picture(3)]
    prepared = [encoder.prepare_image(one) for one in pictures]
    rows = encoder.embed_images(prepared).vectors[encoder.shared.name]
    assert cosines(rows, theirs[name].encode_document(pictures)).min() >= 0.999
    assert apart(rows)


def test_sounds_lie_where_sentence_transformers_puts_them(towers, theirs):
    bridge, windows = towers["omni"].sound, [sound(1.0), sound(2.0, 1), sound(1.5, 2)]
    rows = bridge.listen([bridge.prepare(one) for one in windows]).features
    heard = [{"array": one, "sampling_rate": 16_000} for one in windows]
    assert cosines(rows, theirs["omni"].encode_document(heard)).min() >= 0.999
    assert apart(rows)
    assert towers["omni"].has_sound_tower


def test_modalities_are_found_by_asking_the_model(towers):
    seen = {Modality.IMAGE, Modality.KEYFRAME}
    assert towers["omni"].modalities == towers["clip"].modalities == set(Modality)
    assert towers["texts"].modalities == set(Modality) - seen
    assert not towers["clip"].has_sound_tower  # its sounds are put into words
    with pytest.raises(UnsupportedMedia, match="no pictures"):
        towers["texts"].encoder.prepare_image(picture(1))


def test_fewer_dimensions_are_the_first_ones_and_another_space(folders, towers, theirs, settings):
    short = registry.towers(f"st:{folders['omni']}@8", settings).encoder
    reference = theirs["omni"].encode_document(TEXTS, truncate_dim=8)
    assert cosines(short.embed_texts(TEXTS), reference).min() >= 0.999
    np.testing.assert_allclose(np.linalg.norm(short.embed_texts(TEXTS), axis=1), 1, atol=1e-5)
    assert (short.shared.dim, short.shared.name) == (8, f"st:{folders['omni']}@8")
    assert short.shared.revision != towers["omni"].encoder.shared.revision
    with pytest.raises(EncoderUnavailable, match="24 dimensions, and 4096 are asked for"):
        registry.towers(f"st:{folders['omni']}@4096", settings).check()


def test_weights_of_float16_are_computed_in_float32(folders, tmp_path, settings):
    import torch
    from safetensors.torch import load_file, save_file

    folder = shutil.copytree(folders["omni"], tmp_path / "half")
    tensors = {k: v.half() for k, v in load_file(folder / "model.safetensors").items()}
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    config = json.loads((folder / "config.json").read_text()) | {"dtype": "float16"}
    (folder / "config.json").write_text(json.dumps(config))
    encoder = registry.towers(f"st:{folder}", settings).encoder
    assert {p.dtype for p in encoder._loaded.model.parameters()} == {torch.float32}
    assert np.isfinite(encoder.embed_texts(TEXTS)).all()


@pytest.mark.parametrize(
    ("trained", "computed"),
    [("bfloat16", "bfloat16"), ("float16", "float32"), ("float32", "float32"), (None, "float32")],
)
def test_no_gpu_computes_in_float16(trained, computed):
    import torch

    config = SimpleNamespace(dtype=trained and getattr(torch, trained))
    assert dtype_on_gpu(SimpleNamespace(config=config)) == getattr(torch, computed)


def test_a_picture_that_the_model_cannot_take_costs_its_own_vector(towers):
    encoder = towers["omni"].encoder
    good = [encoder.prepare_image(picture(seed)) for seed in (1, 2)]
    bad = np.zeros((1, 4000, 3), np.uint8)
    rows = encoder.embed_images([good[0], bad, good[1]]).vectors[encoder.shared.name]
    alone = encoder.embed_images(good).vectors[encoder.shared.name]
    np.testing.assert_allclose(rows[[0, 2]], alone, atol=1e-5)


def test_nothing_in_nothing_out(towers):
    for name in WRITERS:
        assert towers[name].encoder.embed_texts([]).shape == (0, DIM)
    assert towers["omni"].sound.listen([]).features.shape == (0, DIM)


# --- libraries


@pytest.fixture(scope="module")
def quiet(settings):
    """Without speech and text on screen, which take long and are of no encoder."""
    return dataclasses.replace(settings, speech=False, ocr=False)


@pytest.fixture(scope="module")
def media(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("media")
    make.picture(folder / "red.png")
    make.sound(folder / "deep.wav", (200, 2.0))
    make.sound(folder / "shrill.wav", (3000, 2.0))
    make.video(folder / "hum.mp4", ["red", "blue"], hertz=500)
    return folder


def test_a_library_is_made_with_one_searched_and_exported(
    folders, media, quiet, tmp_path, monkeypatch
):
    monkeypatch.chdir(folders["omni"].parent)
    with Library.open(tmp_path / "library", create=True, encoder="st:./st", settings=quiet) as made:
        assert not made.index([media]).failures
    name = f"st:{folders['omni']}"
    monkeypatch.chdir(tmp_path)
    with Library.open(tmp_path / "library", settings=quiet) as opened:
        assert opened.encoder == name
        hits = opened.search("a deep hum").hits
        assert {h.kind for h in hits} == {"image", "audio", "video"}
        like = opened.search(image=media / "red.png", top=2).hits
        assert {Path(hit.path).name for hit in like} == {"red.png", "hum.mp4"}  # both show red
        opened.export(tmp_path / "out", "imagefolder", vectors=True)
        with Library.open(tmp_path / "again", create=True, encoder=name, settings=quiet) as again:
            again.import_(tmp_path / "out", "imagefolder")
            assert {hit.kind for hit in again.search("red").hits} == {"image"}


def test_it_is_a_space_beside_the_one_of_a_library(folders, media, quiet, tmp_path):
    names = {kind: f"st:{folder}" for kind, folder in folders.items()}
    with Library.open(tmp_path / "library", create=True, encoder="fake", settings=quiet) as made:
        made.index([media])
        for name in names.values():
            filled = made.spaces.add(name)
            assert (filled.ready, filled.failures) == (True, ())
        found = made.search("a deep hum")
        asked = {(b.space, b.modality) for b in found.plan.branches}
        assert ("fake", Modality.SOUND) in asked
        alone = made.search("a deep hum", space=names["omni"])
        assert not {"fake", names["clip"]} & {b.space for b in alone.plan.branches}


# --- names and revisions


@pytest.mark.parametrize(
    ("name", "parsed"),
    [
        ("st:google/embeddinggemma-2", ModelName("google/embeddinggemma-2")),
        ("st:google/embeddinggemma-2@256", ModelName("google/embeddinggemma-2", 256)),
        ("st:a/b@joint", ModelName("a/b", None, True)),
        ("st:a/b@joint,64", ModelName("a/b", 64, True)),
    ],
)
def test_names_say_model_dimension_and_joint_input(name, parsed):
    assert parse(name) == parsed
    assert parse(parsed.name) == parsed


@pytest.mark.parametrize("name", ["st:", "st:a/b@", "st:a/b@0", "st:a/b@main", "st:@256"])
def test_a_name_that_says_nothing_is_one_clear_line(name, settings):
    with pytest.raises(EncoderUnavailable, match="st:") as caught:
        registry.towers(name, settings).check()
    assert "\n" not in str(caught.value)


def test_a_folder_with_an_at_in_its_name_is_meant_as_it_stands(tmp_path):
    folder = tmp_path / "model@256"
    folder.mkdir()
    assert parse(f"st:{folder}") == ModelName(str(folder))
    assert parse(f"st:{folder}@64") == ModelName(str(folder), 64)


def changed_prompts(folder: Path) -> None:
    file = folder / "config_sentence_transformers.json"
    read = json.loads(file.read_text())
    file.write_text(json.dumps(read | {"prompts": PROMPTS | {"query": "ask: "}}))


def changed_tokens(folder: Path) -> None:
    file = folder / "tokenizer.json"
    read = json.loads(file.read_text())
    vocabulary = read["model"]["vocab"]
    vocabulary["A"], vocabulary["z"] = vocabulary["z"], vocabulary["A"]
    file.write_text(json.dumps(read))


def changed_pooling(folder: Path) -> None:
    file = folder / "1_Pooling" / "config.json"
    read = json.loads(file.read_text())
    file.write_text(json.dumps(read | {"pooling_mode": "max"}))


def changed_weights(folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    tensors = load_file(folder / "model.safetensors")
    tensors[next(iter(tensors))] += 0.5
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})


@pytest.mark.parametrize(
    "change", [changed_prompts, changed_tokens, changed_pooling, changed_weights]
)
def test_what_shapes_a_vector_is_in_the_revision(folders, towers, tmp_path, settings, change):
    before = towers["texts"].encoder.shared.revision
    folder = shutil.copytree(folders["texts"], tmp_path / "moved")
    assert registry.towers(f"st:{folder}", settings).encoder.shared.revision == before
    change(folder)
    assert registry.towers(f"st:{folder}", settings).encoder.shared.revision != before


# --- what goes wrong


def without_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()


def pickled(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def own_code(folder: Path) -> None:
    file = folder / "modules.json"
    file.write_text(file.read_text().replace("sentence_transformers.base", "evil"))
    (folder / "evil.py").write_text("raise SystemExit('ran')")


@pytest.mark.parametrize(
    ("damage", "why"),
    [(without_weights, ""), (pickled, "can run code"), (own_code, "trust_remote_code|evil")],
)
def test_a_folder_that_cannot_be_trusted_or_read_is_one_clear_line(
    folders, tmp_path, settings, damage, why
):
    folder = shutil.copytree(folders["texts"], tmp_path / "damaged")
    damage(folder)
    with pytest.raises(EncoderUnavailable, match=f"cannot be loaded.*({why})") as caught:
        registry.towers(f"st:{folder}", settings).check()
    assert "\n" not in str(caught.value)


def test_without_the_package_its_extra_is_named(folders, settings, monkeypatch):
    from engine.encoders.sentence_transformer import load

    monkeypatch.setattr(load, "find_spec", lambda name: None)
    with pytest.raises(ExtraMissing, match=r"sensorium\[st\]"):
        registry.towers(f"st:{folders['texts']}", settings).check()


def test_batches_change_nothing(folders, towers, settings):
    one = registry.towers(f"st:{folders['omni']}", dataclasses.replace(settings, batch_size=1))
    np.testing.assert_allclose(
        one.encoder.embed_texts(TEXTS), towers["omni"].encoder.embed_texts(TEXTS), atol=1e-5
    )
