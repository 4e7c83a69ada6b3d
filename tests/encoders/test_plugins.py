"""Encoders of third parties: the one of docs/encoders.md, installed, and broken ones."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from engine.config import Settings
from engine.encoders import plugins, registry
from engine.errors import EncoderUnavailable
from tests import media_files as make

PAGE = Path(__file__).parents[2] / "docs" / "encoders.md"


def shown_files() -> dict[str, str]:
    """The files that the page shows, by their names."""
    found = re.findall(r"^`([\w.]+)`:\n\n```\w+\n(.*?)^```$", PAGE.read_text(), re.M | re.S)
    return dict(found)


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """A folder into which pip has installed the page's package."""
    source, site = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("site")
    for name, content in shown_files().items():
        (source / name).write_text(content)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    alone = ["--no-deps", "--no-build-isolation", "--no-index", "--target", str(site)]
    done = subprocess.run(
        [*pip, *alone, str(source)], capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return site


TWO_COMMANDS = """
import json, sys
from engine.commands.main import main
for words in json.loads(sys.argv[1]):
    main(words, standalone_mode=False)
"""


@pytest.fixture
def sensorium(site) -> Callable[..., list[dict[str, Any]]]:
    """Commands in a process that has the package; what each of them prints."""
    path = os.pathsep.join([str(site), *filter(None, [os.environ.get("PYTHONPATH")])])
    environ = os.environ | {"PYTHONPATH": path, "SENSORIUM_OCR": "0", "SENSORIUM_SPEECH": "0"}

    def run(*commands: Sequence[str]) -> list[dict[str, Any]]:
        done = subprocess.run(
            [sys.executable, "-c", TWO_COMMANDS, json.dumps(commands)],
            capture_output=True, text=True, timeout=120, env=environ,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    return run


def test_the_encoder_of_the_page_takes_some_forty_lines():
    code = [line for line in shown_files()["palette.py"].splitlines() if line.strip()]
    assert 25 <= len(code) <= 45


def test_the_encoder_of_the_page_indexes_and_searches(sensorium, tmp_path):
    (tmp_path / "media").mkdir()
    for colour in ("red", "green", "blue"):
        make.picture(tmp_path / "media" / f"{colour[::-1]}.png", colour)
    where = ("--library", str(tmp_path / "library"), "--json")
    indexed, found = sensorium(
        ("index", str(tmp_path / "media"), "--encoder", "palette", *where),
        ("search", "something blue", "--all", *where),
    )
    assert indexed["added"] == 3
    best = found["hits"][0]
    assert Path(best["path"]).name == "eulb.png"
    assert {why["space"] for why in best["why"]} >= {"palette"}


def test_it_is_listed_with_who_brings_it(site, monkeypatch):
    monkeypatch.syspath_prepend(site)
    assert [(p.name, p.distribution) for p in plugins.installed()] == [
        ("palette", "sensorium-palette")
    ]


def test_towers_of_a_plugin_keep_their_own_bridges():
    towers = registry.towers("fake-hearing", Settings())
    assert (towers.encoder.name, towers.sounds.name) == ("fake-hearing", "fake-hearing-sounds")
    assert (towers.speech, towers.screen) == (None, None)
    assert registry.encoder("fake-hearing", Settings()).name == "fake-hearing"


def test_our_own_test_doubles_are_found_and_not_offered():
    assert plugins.find("fake").distribution == "sensorium"
    assert "fake" not in {plugin.name for plugin in plugins.installed()}


# --- what others do wrong


@pytest.fixture
def register(tmp_path, monkeypatch) -> Callable[..., None]:
    """Registers an encoder of a distribution, as an installer would write it."""

    def write(module: str, code: str, name: str = "mine", owner: str | None = None) -> None:
        about = tmp_path / f"{owner or module}-1.0.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Name: {owner or module}\nVersion: 1.0\n")
        (about / "entry_points.txt").write_text(f"[{plugins.GROUP}]\n{name} = {module}:Mine\n")
        (tmp_path / f"{module}.py").write_text(code)
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.delitem(sys.modules, module, raising=False)

    return write


WHOLE = (
    "from engine.testing.fake_encoder import FakeEncoder\n"
    "class Mine(FakeEncoder):\n"
    "    name = 'mine'\n"
    "    def __init__(self, settings): self.settings = settings\n"
)


def test_a_class_is_made_with_the_settings(register):
    register("whole", WHOLE)
    settings = Settings()
    towers = registry.towers("mine", settings)
    assert towers.encoder.settings is settings
    assert towers.encoder.embed_texts(["red"]).shape == (1, 64)


@pytest.mark.parametrize(
    ("module", "code", "reason"),
    [
        ("no_import", "import nothing_of_that_name", "No module named 'nothing_of_that_name'"),
        ("no_name", "", "has no attribute 'Mine'"),
        ("no_init", "def Mine(settings): raise RuntimeError('two\\nlines')", "two lines"),
        ("no_call", "Mine = 3", "not callable"),
        ("no_encoder", "class Mine:\n    def __init__(self, s): pass", "shared, looks"),
        ("other_name", f"{WHOLE}    name = 'yours'\n", "calls itself 'yours'"),
    ],
)
def test_a_broken_one_is_one_line_that_names_the_distribution(register, module, code, reason):
    register(module, code)
    with pytest.raises(EncoderUnavailable, match=f"distribution {module}") as caught:
        registry.towers("mine", Settings())
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


def test_nothing_is_imported_until_it_is_asked_for(register):
    register("no_import", "import nothing_of_that_name")
    assert [plugin.name for plugin in plugins.installed()] == ["mine"]
    registry.towers("fake", Settings())
    assert "no_import" not in sys.modules


def test_two_of_one_name_are_one_line_that_names_both(register):
    register("whole", WHOLE)
    register("whole", WHOLE, owner="other")
    with pytest.raises(EncoderUnavailable, match="registered by other and whole"):
        registry.encoder("mine", Settings())


def test_our_own_names_come_first_and_a_folder_last(register, tmp_path, monkeypatch):
    register("whole", WHOLE)
    register("ours", WHOLE, name="compact")
    (tmp_path / "mine").mkdir()
    monkeypatch.chdir(tmp_path)
    assert type(registry.encoder("compact", Settings())).__name__ == "CompactEncoder"
    assert type(registry.encoder("mine", Settings())).__name__ == "Mine"
    assert registry.normalised("mine") == "mine"
    assert registry.normalised("./mine") == str((tmp_path / "mine").resolve())
