"""Screens of index, search, show and open at 40, 80 and 200 columns, kept in `screens`.

`SENSORIUM_SCREENS=write pytest tests/commands/test_screens.py` writes them anew; look at them.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

from engine import Library
from tests import media_files as make
from tests.commands.pseudo_terminal import Shown, at_terminal

SCREENS = Path(__file__).parent / "screens"
LONG = "holidays/2023/by the sea/with the whole family and all of the dogs/red and blue kites.png"
WIDTHS = (40, 80, 200)
LEGIBLE = {("default", "default"), ("green", "default")}
"""Colours that can be read on a light terminal and on a dark one."""


@dataclass(frozen=True)
class Home:
    folder: Path
    library: Path


@pytest.fixture(scope="session")
def home(tmp_path_factory, settings) -> Home:
    place = tmp_path_factory.mktemp("screens")
    folder = place / "media"
    for name in ("red.png", LONG, "日本/赤い.png", "new\nline.png", "-v.png"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        picture = Image.new("RGB", (40, 30), (255, 0, 0))
        picture.putpixel((0, 0), (len(name), 0, 0))
        picture.save(path, "PNG")
    make.sound(folder / "tone.wav", (200, 2.0))
    for path in folder.rglob("*"):
        os.utime(path, (1_700_000_000, 1_700_000_000))
    with Library.open(place / "library", create=True, encoder="fake", settings=settings) as library:
        library.index([folder])
    return Home(folder, place / "library")


@pytest.fixture
def see(home, warm, tmp_path):
    """Run a command in a terminal of so many columns, in the folder of the media."""

    def run(*arguments: str, columns: int = 80, **more) -> Shown:
        where = {"SENSORIUM_LIBRARY": str(home.library), "SENSORIUM_CACHE": str(tmp_path)}
        environ = where | more.pop("environ", {})
        return at_terminal([*warm, *arguments], columns, home.folder, environ=environ, **more)

    return run


FIGURES = re.compile(r"\d+(?=%)|[-+]?\d+\.\d+(?= nats|, [-+]| s\b)")
"""How likely, why, and how long: what ranking is worked on for, and screens are not."""


def _zeros(figure: re.Match[str]) -> str:
    return re.sub(r"\d", "0", figure[0])


def check(name: str, shown: Shown) -> None:
    """Compare a screen with the one that is kept."""
    file, text = SCREENS / f"{name}.txt", FIGURES.sub(_zeros, shown.text)
    if os.environ.get("SENSORIUM_SCREENS") == "write":
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")
    assert shown.colours <= LEGIBLE


@pytest.mark.parametrize("columns", WIDTHS)
def test_search(see, columns):
    shown = see("search", "red", columns=columns)
    check(f"search-{columns}", shown)
    assert LONG.encode() in shown.raw, "a path is never broken or cut"
    assert "日本/赤い.png".encode() in shown.raw
    assert b"$'new\\nline.png'" in shown.raw
    assert b"./-v.png" in shown.raw


@pytest.mark.parametrize("columns", WIDTHS)
def test_show(see, columns):
    see("search", "red", columns=columns)
    check(f"show-{columns}", see("show", "1-2", columns=columns))


@pytest.mark.parametrize("columns", WIDTHS)
def test_open(see, columns):
    before = see("open", "1", columns=columns)
    see("search", "red", columns=columns)
    shown = see("open", "1", columns=columns, environ={"SENSORIUM_OPEN": "echo opened"})
    wrong = see("open", "99", columns=columns)
    assert (before.code, shown.code, wrong.code) == (2, 0, 2)
    text = re.sub(r"/\S+/media/|(?<=\n)\S*media/", "", shown.text) if columns == 200 else "opened\n"
    together = Shown(0, b"", (*before.lines, *text.splitlines(), *wrong.lines), shown.colours)
    check(f"open-{columns}", together)


@pytest.mark.parametrize("columns", WIDTHS)
def test_index(see, home, tmp_path, columns):
    shown = see(
        "index", "tone.wav", "red.png", "--encoder", "fake", columns=columns,
        environ={"SENSORIUM_LIBRARY": str(tmp_path / "new")},
    )  # fmt: skip
    assert shown.code == 0
    check(f"index-{columns}", shown)
    assert all(len(line) <= columns for line in shown.lines)


def test_colours_are_left_out_where_one_asks(see):
    assert b"\x1b[32" in see("search", "red").raw
    for environ in ({"NO_COLOR": "1"}, {"CLICOLOR": "0"}, {"TERM": "dumb"}):
        raw = see("search", "red", environ=environ).raw
        assert not re.search(rb"\x1b\[", raw), environ
    assert b"\x1b" not in see("search", "red", environ={"TERM": "dumb"}).raw


def test_a_path_leads_to_its_file(see, home):
    raw = see("search", "red").raw
    uri = f"file://{os.uname().nodename}{home.folder}/new%0Aline.png"
    assert f"\x1b]8;;{uri}\x1b\\".encode() in raw


def test_what_is_longer_than_the_terminal_goes_through_a_pager(see):
    mark = {"PAGER": "sed s/^/paged:/"}
    assert "paged:" in see("search", "red", rows=5, environ=mark).text
    assert "paged:" not in see("search", "red", rows=60, environ=mark).text
    assert "paged:" not in see("search", "red", "--no-pager", rows=5, environ=mark).text
    dumb = see("search", "red", rows=5, environ=mark | {"TERM": "dumb"})
    assert "paged:" not in dumb.text


@pytest.mark.parametrize(
    ("environ", "begins"),
    [
        ({"TERM": "xterm-kitty"}, b"\x1b_Ga=T,f=100"),
        ({"TERM_PROGRAM": "iTerm.app"}, b"\x1b]1337;File=inline=1"),
        ({"SENSORIUM_PREVIEW": "sixel"}, b"\x1bP0;1;0q"),
        ({"COLORTERM": "truecolor"}, b"\x1b[38;2;25"),
        ({}, b"\x1b[38;5;196;48;5;196m"),
    ],
)
def test_previews_are_what_the_terminal_can_show(see, environ, begins):
    raw = see(
        "search", "red", "--preview", environ=environ, answer=(b"\x1b[c", b"\x1b[?62;22c")
    ).raw
    assert begins in raw
    assert begins not in see("search", "red", environ=environ).raw


def test_a_terminal_that_knows_sixel_says_so(see):
    shown = see("search", "red", "--preview", answer=(b"\x1b[c", b"\x1b[?62;4;22c"))
    assert b"\x1bP0;1;0q" in shown.raw
    assert "[?62" not in shown.text


def test_a_terminal_that_does_not_answer_gets_blocks(see):
    assert b"\x1b[38;5;196" in see("search", "red", "--preview").raw


def test_a_dumb_terminal_is_asked_nothing_and_shown_no_picture(see):
    shown = see("search", "red", "--preview", environ={"TERM": "dumb"})
    assert b"\x1b" not in shown.raw
    assert "--preview needs a terminal with colours" in shown.text


def test_an_unknown_way_of_previews_is_one_line(see):
    shown = see("search", "red", "--preview", environ={"SENSORIUM_PREVIEW": "vga"}, columns=200)
    assert shown.code == 2
    assert "choose one of auto, kitty, iterm, sixel, blocks" in shown.lines[-1]
