"""Settings come from the environment, and a wrong one is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.config import Settings
from engine.errors import UsageError


def test_every_kind_of_field_can_be_set():
    settings = Settings.from_env(
        {
            "SENSORIUM_LIBRARY": "~/media.library",
            "SENSORIUM_MAX_PIXELS": "1000000000",
            "SENSORIUM_SILENCE_DB": "-50.5",
            "SENSORIUM_SPEECH": "0",
            "SENSORIUM_SOUND_HEAD": "/mine.safetensors",
        }
    )
    assert settings.library == Path.home() / "media.library"
    assert settings.max_pixels == 10**9
    assert settings.silence_db == -50.5
    assert settings.speech is False
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


@pytest.mark.parametrize("value", ["0", "-1"])
def test_windows_have_a_length(value):
    with pytest.raises(UsageError, match="SENSORIUM_WINDOW_SECONDS"):
        Settings.from_env({"SENSORIUM_WINDOW_SECONDS": value})
