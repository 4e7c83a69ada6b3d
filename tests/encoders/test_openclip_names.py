"""What a user types for an open_clip model, and the one name that a library keeps."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.encoders import registry
from engine.encoders.openclip.names import Checkpoint, Folder, Repository, Tagged, parse
from engine.errors import EncoderUnavailable


@pytest.mark.parametrize(
    ("typed", "source"),
    [
        ("open_clip:ViT-B-32/openai", Tagged("ViT-B-32", "openai")),
        ("open_clip:ViT-B/32/openai", Tagged("ViT-B-32", "openai")),
        ("open_clip:ViT-B-32/laion2b-s34b-b79k", Tagged("ViT-B-32", "laion2b_s34b_b79k")),
        ("ViT-B-32__openai", Tagged("ViT-B-32", "openai")),
        ("ViT-L-14__laion2b-s32b-b82k", Tagged("ViT-L-14", "laion2b_s32b_b82k")),
        ("coca_ViT-B-32__laion2b_s13b_b90k", Tagged("coca_ViT-B-32", "laion2b_s13b_b90k")),
        ("ViT-SO400M-16-SigLIP2-384__webli", Tagged("ViT-SO400M-16-SigLIP2-384", "webli")),
        ("hf-hub:timm/ViT-B-16-SigLIP", Repository("timm/ViT-B-16-SigLIP")),
        ("open_clip:RN50//models/a.pt", Checkpoint(Path("/models/a.pt"), "RN50")),
        ("open_clip:RN50//models/a", Checkpoint(Path("/models/a"), "RN50")),
    ],
)
def test_names_that_say_all_by_themselves(typed, source):
    assert parse(typed) == source
    assert parse(source.name) == source
    assert registry.normalised(typed) == registry.normalised(source.name) == source.name


@pytest.mark.parametrize("typed", ["./a.pt", "a.pt", "sub/../a.pt", "~/a.pt", "../{}/a.pt"])
def test_a_checkpoint_is_named_alike_from_everywhere(tmp_path, monkeypatch, typed):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.pt").touch()
    (tmp_path / "sub").mkdir()
    typed, file = typed.format(tmp_path.name), tmp_path.resolve() / "a.pt"
    assert parse(f"open_clip:RN50/{typed}") == Checkpoint(file, "RN50")
    assert parse(typed) == Checkpoint(file, None)
    monkeypatch.chdir("/")
    assert parse(Checkpoint(file, "RN50").name) == Checkpoint(file, "RN50")
    assert parse(Checkpoint(file, None).name) == Checkpoint(file, None)


def test_a_link_to_a_checkpoint_keeps_its_own_name(tmp_path):
    """Where it leads, in a hub's cache, no suffix says what it is."""
    (tmp_path / "blob").touch()
    (tmp_path / "a.safetensors").symlink_to("blob")
    source = parse(str(tmp_path / "a.safetensors"))
    assert source == Checkpoint(tmp_path.resolve() / "a.safetensors", None)


def test_names_come_before_folders_and_dot_slash_means_the_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("ViT-B-32__openai", "model"):
        (tmp_path / name).mkdir()
    assert parse("ViT-B-32__openai") == Tagged("ViT-B-32", "openai")
    assert parse("./ViT-B-32__openai") == Folder(tmp_path.resolve() / "ViT-B-32__openai")
    assert parse("model") == Folder(tmp_path.resolve() / "model")


@pytest.mark.parametrize(
    "half", ["open_clip:", "open_clip:RN50", "open_clip:/RN50", "open_clip:RN50/", "hf-hub:clip",
             "hf-hub:", "hf-hub:a/b/c", "hf-hub:a/../b"],
)  # fmt: skip
def test_half_a_name_is_refused(half):
    with pytest.raises(EncoderUnavailable, match=r"names no repository|does not name weights"):
        parse(half)
    assert registry.normalised(half) == half


@pytest.mark.parametrize(
    "other", ["compact", "", "clap:a/b", "no/such/folder", "a.pt", "__", "a__"]
)
def test_other_names_are_not_open_clips(tmp_path, monkeypatch, other):
    monkeypatch.chdir(tmp_path)
    assert parse(other) is None
