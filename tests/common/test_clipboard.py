"""The clipboard, by stand-ins on PATH that speak what the real programs speak."""

from __future__ import annotations

import base64
import sys
from pathlib import Path

import pytest

from engine.common import clipboard
from engine.common.clipboard import read_clipboard
from engine.errors import UsageError

pytestmark = pytest.mark.slow

PNG = b"\x89PNG\r\n\x1a\n\0\xff" + bytes(range(256))

WL_PASTE = """
types, content = {types!r}, {content!r}
if not types:
    sys.stderr.write("Nothing is copied\\n"); sys.exit(1)
if "--list-types" in args:
    print("\\n".join(types))
else:
    kind = args[args.index("--type") + 1]
    if kind not in types:
        sys.stderr.write("Clipboard content is not available as requested type\\n"); sys.exit(1)
    sys.stdout.buffer.write(content[kind] + (b"" if "--no-newline" in args else b"\\n"))
"""
XCLIP = """
types, content = {types!r}, {content!r}
assert args[:2] == ["-selection", "clipboard"] and args[-1] == "-out", args
kind = args[args.index("-target") + 1]
if kind == "TARGETS" and types:
    print("\\n".join(["TIMESTAMP", "TARGETS", *types]))
elif kind in content:
    sys.stdout.buffer.write(content[kind])
else:
    sys.stderr.write("Error: target " + kind + " not available\\n"); sys.exit(1)
"""
PROGRAMS = {"wl-paste": (WL_PASTE, "WAYLAND_DISPLAY"), "xclip": (XCLIP, "DISPLAY")}


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    """Put programs of this text on PATH, which holds nothing else."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    for name in ("WAYLAND_DISPLAY", "DISPLAY"):
        monkeypatch.delenv(name, raising=False)

    def put(name: str, body: str) -> None:
        program = folder / name
        program.write_text(f"#!{sys.executable}\nimport sys\nargs = sys.argv[1:]\n{body}")
        program.chmod(0o755)

    return put


@pytest.fixture(params=["wl-paste", "xclip"])
def copied(request, stand_in, monkeypatch):
    """Copy content by its types, with either program of Linux."""
    text, variable = PROGRAMS[request.param]
    monkeypatch.setenv(variable, ":0")

    def copy(content: dict[str, bytes]) -> None:
        stand_in(request.param, text.format(types=list(content), content=content))

    return copy


def test_a_picture_comes_as_its_bytes(copied):
    copied({"text/html": b"<img>", "image/png": PNG, "image/jpeg": b"jpeg"})
    assert read_clipboard() == PNG


@pytest.mark.parametrize(
    ("kind", "listed"),
    [
        ("text/uri-list", b"# a comment\r\nfile:///tmp/my%20pics/caf%C3%A9.jpg\r\n"),
        ("text/uri-list", b"file://localhost/tmp/my%20pics/caf%C3%A9.jpg\r\nfile:///b\r\n"),
        ("x-special/gnome-copied-files", b"copy\nfile:///tmp/my%20pics/caf%C3%A9.jpg"),
    ],
)
def test_a_copied_file_counts_before_its_icon_and_its_name(copied, kind, listed):
    copied({"image/png": PNG, kind: listed, "text/plain": b"/tmp/x"})
    assert read_clipboard() == Path("/tmp/my pics/café.jpg")


def test_a_text_is_a_text(copied):
    copied({"UTF8_STRING": b"ein Hund", "text/plain": b"?"})
    assert read_clipboard() == "ein Hund"


def test_a_picture_of_a_page_is_not_the_address_of_that_page(copied):
    copied({"text/uri-list": b"https://example.org/a.jpg", "image/png": PNG})
    assert read_clipboard() == PNG


def test_an_empty_clipboard_is_one_line(copied):
    copied({})
    with pytest.raises(UsageError, match="the clipboard has neither"):
        read_clipboard()


def test_without_a_program_the_line_says_what_to_install(stand_in):
    with pytest.raises(UsageError, match="install wl-clipboard"):
        read_clipboard()


def test_a_program_that_hangs_is_not_waited_for(stand_in, monkeypatch):
    monkeypatch.setattr(clipboard, "_SECONDS", 0.2)
    monkeypatch.setenv("DISPLAY", ":0")
    stand_in("xclip", "sys.stdin.close(); import threading; threading.Event().wait(60)")
    with pytest.raises(UsageError, match="does not answer"):
        read_clipboard()


OSASCRIPT = """
asked = args[1]
kind = {kind!r}
if "PNGf" in asked and kind == "picture":
    print("\\u00abdata PNGf" + {hex!r} + "\\u00bb")
elif "furl" in asked and kind == "file":
    print("/Users/me/my pics/a.jpg")
else:
    sys.stderr.write("execution error: Can't make some data into the expected type. (-1700)\\n")
    sys.exit(1)
"""
PNGPASTE = """
if {picture!r}:
    sys.stdout.buffer.write({png!r})
else:
    sys.stderr.write("pngpaste: No image data found on the clipboard, or could not convert!\\n")
    sys.exit(1)
"""


@pytest.mark.parametrize("pngpaste", [True, False])
@pytest.mark.parametrize(
    ("kind", "content"),
    [("picture", PNG), ("file", Path("/Users/me/my pics/a.jpg")), ("text", "a dog")],
)
def test_macos_by_its_own_programs_or_pngpaste(stand_in, kind, content, pngpaste):
    stand_in("osascript", OSASCRIPT.format(kind=kind, hex=PNG.hex().upper()))
    stand_in("pbpaste", "sys.stdout.write('a dog')" if kind == "text" else "")
    if pngpaste:
        stand_in("pngpaste", PNGPASTE.format(picture=kind == "picture", png=PNG))
    assert read_clipboard() == content


@pytest.mark.parametrize(
    ("line", "content"),
    [
        (b"png:" + base64.b64encode(PNG), PNG),
        (b"text:" + base64.b64encode("ein Bär".encode()), "ein Bär"),
        (b"file:" + base64.b64encode(rb"C:\\Users\\me\\a b.jpg".replace(b"\\\\", b"\\")),
         Path("/mnt/c/Users/me/a b.jpg")),
    ],
    ids=["picture", "text", "file"],
)  # fmt: skip
def test_windows_from_within_linux(stand_in, line, content):
    stand_in("powershell.exe", f"sys.stdout.buffer.write({line!r} + b'\\r\\n')")
    assert read_clipboard() == content
