"""What is optional is named with the way to get it, and is nothing wrong."""

from __future__ import annotations

import pytest

from engine import doctor


def screen() -> doctor.Check:
    (check,) = [check for check in doctor.examine(None) if check.name == "screen bridge"]
    return check


def test_the_screen_bridge_is_there_with_its_models() -> None:
    pytest.importorskip("rapidocr")
    assert screen().ok and screen().detail.startswith("rapidocr==")


def test_without_rapidocr_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "find_spec", lambda name: None)
    assert not screen().ok and screen().optional
    assert "sensorium[ocr]" in screen().detail
