"""Settings come from the environment, and a wrong one is named."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from engine import config
from engine.config import Settings
from engine.errors import UsageError


def test_every_kind_of_field_can_be_set():
    settings = Settings.from_env(
        {
            "SENSORIUM_LIBRARY": "~/media.library",
            "SENSORIUM_MAX_PIXELS": "1000000000",
            "SENSORIUM_SILENCE_DB": "-50.5",
            "SENSORIUM_SPEECH": "0",
            "SENSORIUM_OCR": "false",
            "SENSORIUM_LLM_MODEL": "qwen",
            "SENSORIUM_LLM_PRICE_IN": "0.15",
            "SENSORIUM_LLM_SEES": "true",
            "SENSORIUM_SOUND_HEAD": "/mine.safetensors",
        }
    )
    assert settings.library == Path.home() / "media.library"
    assert settings.max_pixels == 10**9
    assert settings.silence_db == -50.5
    assert settings.speech is False
    assert settings.ocr is False
    assert (settings.llm_model, settings.llm_sees) == ("qwen", True)
    assert settings.llm_price_in == 0.15
    assert settings.sound_head == Path("/mine.safetensors")


def test_what_is_not_set_is_the_default():
    assert Settings.from_env({"SENSORIUM_THREADS": ""}) == Settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [("THREADS", "many"), ("MAX_PIXELS", "-1"), ("SPEECH", "perhaps"), ("SILENCE_DB", "nan")],
)
def test_a_wrong_value_is_named(name, value):
    with pytest.raises(UsageError, match=f"SENSORIUM_{name}='{value}'"):
        Settings.from_env({f"SENSORIUM_{name}": value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("THREADS", "100000"),
        ("THREADS", "0"),
        ("BATCH_SIZE", "1000000000"),
        ("LOOK_AHEAD", "9" * 30),
        ("MAX_PIXELS", "9" * 400),
        ("MAX_FRAMES", "1000000000"),
        ("KEYFRAMES_PER_MINUTE", "1000000000"),
        ("WINDOW_SECONDS", "0"),
        ("WINDOW_SECONDS", "-1"),
        ("WINDOW_SECONDS", "1e-9"),
        ("WINDOW_SECONDS", "1e300"),
        ("SILENCE_DB", "1e300"),
    ],
)
def test_an_absurd_value_is_one_line_with_the_bounds(name, value):
    with pytest.raises(UsageError, match=f"SENSORIUM_{name}='.*' must be between .* and ") as no:
        Settings.from_env({f"SENSORIUM_{name}": value})
    assert "\n" not in str(no.value)
    assert len(str(no.value)) < 200


def test_every_number_has_bounds_and_its_default_is_within():
    numbers = [
        spec.name
        for spec in dataclasses.fields(Settings)
        if type(getattr(Settings(), spec.name)) in (int, float)
    ]
    assert sorted(numbers) == sorted(config._RANGES)
    for name in numbers:
        default = getattr(Settings(), name)
        assert getattr(Settings.from_env({f"SENSORIUM_{name}": str(default)}), name) == default


def test_the_home_of_nobody_is_no_path():
    with pytest.raises(UsageError, match="SENSORIUM_CACHE='~no-such-person/x' is not a valid path"):
        Settings.from_env({"SENSORIUM_CACHE": "~no-such-person/x"})
