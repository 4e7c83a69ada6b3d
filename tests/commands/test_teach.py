"""`sensorium teach` and `sensorium concepts`, as a user runs them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from engine.commands.main import main


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("SENSORIUM_LIBRARY", str(tmp_path / "library"))
    monkeypatch.chdir(tmp_path)
    for seed in range(6):
        pixels = np.random.default_rng(seed).integers(0, 255, (32, 32, 3)).astype(np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{seed}.png")

    def run(*args, code=0):
        result = CliRunner().invoke(main, args)
        assert result.exit_code == code, result.output
        return result.output

    run("index", "--encoder", "fake", ".")
    return run


def test_a_name_is_taught_listed_renamed_moved_and_forgotten(run, tmp_path):
    assert "Rex: 3 examples" in run("teach", "Rex", "0.png", "1.png", "2.png")
    listed = json.loads(run("concepts", "list", "--json"))["concepts"]
    assert [(c["name"], len(c["examples"])) for c in listed] == [("Rex", 3)]
    assert "Max: 3 examples" in run("concepts", "rename", "rex", "Max")
    run("concepts", "export", "Max", "max.concept")
    assert "Max is forgotten" in run("concepts", "forget", "max")
    assert "no names yet" in run("concepts", "list")
    assert "Max: 3 examples" in run("concepts", "import", "max.concept")
    assert 'concept "Max" in fake-looks image' in run("search", "--explain", "max", "in snow")


def test_what_cannot_be_taught_is_one_line(run):
    assert "a name is taught by 3 to 30 examples, and these are 2" in run(
        "teach", "Rex", "0.png", "1.png", code=2
    )
    assert "there is no such file" in run("teach", "Rex", "0.png", "1.png", "9.png", code=2)
    assert "nothing was taught as 'Rex'" in run("concepts", "forget", "Rex", code=2)
