"""Every recipe of docs/cookbook.md runs, with the fake encoder and drawn media."""

from __future__ import annotations

import shutil
from itertools import cycle
from pathlib import Path

import pytest

from engine import Library
from tests import media_files as make
from tests.align.captioned import draw
from tests.docs.blocks import ROOT, Block, blocks, commands, run_python, run_sensorium

PAGE = (ROOT / "docs" / "cookbook.md").read_text()
OTHER_PAGES = sorted(
    path.stem
    for path in (ROOT / "docs").glob("*.md")
    if "```python" in path.read_text() and path.stem not in ("cookbook", "encoders")
)
"""The plugin of docs/encoders.md has a test of its own."""
_COLOURS = ("red", "green", "blue", "yellow")


@pytest.fixture(scope="module")
def kitchen(tmp_path_factory) -> Path:
    """A folder with all that the recipes name."""
    folder = tmp_path_factory.mktemp("cookbook")
    pictures = folder / "Pictures"
    for place, colour in zip(range(12), cycle(_COLOURS), strict=False):
        make.picture(pictures / f"{place:02}.png", colour)
    make.picture(pictures / "street.jpg", "black")
    make.video(pictures / "walk.mp4", ("red", "blue"))
    for split in ("train", "test"):
        make.picture(folder / "set" / split / f"{split}.png", "white")
        shutil.copy(pictures / "00.png", folder / "set" / split / f"copy-{split}.png")
    rows = "".join(f"{file},red\n" for file in sorted(pictures.glob("*.png")))
    (folder / "truth.csv").write_text("file,label\n" + rows)
    drawn = draw(folder / "Trips", range(120))
    table = "".join(f"{file.name},{caption}\n" for file, caption in drawn)
    (folder / "Trips" / "captions.csv").write_text("path,caption\n" + table)
    for name in ("photos", "again"):
        Library.open(folder / f"{name}.library", create=True, encoder="fake").close()
    return folder


@pytest.fixture(scope="module")
def names() -> dict[str, object]:
    return {}


@pytest.mark.parametrize("block", blocks(PAGE), ids=str)
def test_the_recipe_works(block: Block, kitchen, names, monkeypatch):
    monkeypatch.chdir(kitchen)
    monkeypatch.setenv("SENSORIUM_LIBRARY", "photos.library")
    if block.language == "python":
        run_python(block.text, names)
        return
    for command in commands(block.text):
        words = command.words
        if "--encoder" in words:  # the libraries are there, with the fake one
            place = words.index("--encoder")
            words = words[:place] + words[place + 2 :]
        assert words[0] in ("sensorium", "export")
        if words[0] == "sensorium":
            run_sensorium(words)


@pytest.mark.parametrize("name", OTHER_PAGES)
def test_what_other_pages_show_of_python_runs(name, kitchen, monkeypatch):
    monkeypatch.chdir(kitchen)
    monkeypatch.setenv("HOME", str(kitchen))
    names: dict[str, object] = {}
    for block in blocks((ROOT / "docs" / f"{name}.md").read_text()):
        if block.language == "python":
            run_python(block.text, names)


def test_there_are_recipes_for_both():
    languages = [block.language for block in blocks(PAGE)]
    assert languages.count("python") >= 6 and languages.count("console") >= 8
