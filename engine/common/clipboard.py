"""Read a picture, a copied file or a text from the clipboard by the system's own programs.

They are wl-paste (Wayland), xclip (X11), pngpaste, osascript and pbpaste (macOS), and PowerShell
(Windows, and Linux within it). What a clipboard holds it offers as several types at once; a
copied file counts before a picture, which file managers put beside it as its icon, and a
picture before a text.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

from engine.errors import UsageError

Content = Path | bytes | str
"""A copied file, the bytes of a picture, or a text."""
_SECONDS = 10.0
_PICTURES = ("image/png", "image/jpeg", "image/webp", "image/tiff", "image/bmp", "image/gif")
_FILES = ("text/uri-list", "x-special/gnome-copied-files")
_TEXTS = ("text/plain;charset=utf-8", "UTF8_STRING", "text/plain", "STRING")
_EMPTY = "the clipboard has neither a picture, a file nor a text; copy one first"


def read_clipboard() -> Content:
    """Return what the clipboard holds.

    Raises:
        UsageError: it is empty, or there is no program here that reads it.
    """
    for program, read in _READERS.items():
        if _is_usable(program):
            content = read(program)
            if content is None:
                raise UsageError(_EMPTY)
            return content
    raise UsageError(
        "there is no program here that reads the clipboard: install wl-clipboard (Wayland), xclip"
        " (X11), or pngpaste (macOS)"
    )


def _is_usable(program: str) -> bool:
    """Tell whether a program is there, and the display that it talks to."""
    if shutil.which(program) is None:
        return False
    if program == "wl-paste":
        return bool(os.environ.get("WAYLAND_DISPLAY"))
    if program == "xclip":
        return bool(os.environ.get("DISPLAY"))
    return True


def _output(*command: str) -> bytes | None:
    """Return what a program prints; None where it fails, as all do for what is not there."""
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise UsageError(f"{command[0]} does not answer within {_SECONDS:g} s") from None
    except OSError as error:
        raise UsageError(f"{command[0]} cannot be started: {error.strerror}") from None
    return done.stdout if done.returncode == 0 else None


# --- Wayland and X11 ------------------------------------------------------------------


def _wl_paste(program: str) -> Content | None:
    types = (_output(program, "--list-types") or b"").decode(errors="replace").split("\n")
    return _of_types(types, lambda kind: _output(program, "--no-newline", "--type", kind))


def _xclip(program: str) -> Content | None:
    def read(kind: str) -> bytes | None:
        return _output(program, "-selection", "clipboard", "-target", kind, "-out")

    return _of_types((read("TARGETS") or b"").decode(errors="replace").split("\n"), read)


def _of_types(types: list[str], read: Callable[[str], bytes | None]) -> Content | None:
    offered = [kind.strip() for kind in types]
    for kind in _FILES:
        if kind in offered and (file := _first_file(read(kind) or b"")):
            return file
    for kind in (*_PICTURES, *_TEXTS):
        if kind in offered and (content := read(kind)):
            return content if kind in _PICTURES else content.decode(errors="replace")
    return None


def _first_file(listed: bytes) -> Path | None:
    """Return the first file of a list of URIs, which begins with ``copy`` in GNOME's own."""
    for line in listed.decode("utf-8", "surrogateescape").splitlines():
        if line.startswith("file://"):
            path = re.sub(r"^file://(localhost)?(?=/)", "", line.strip())
            return Path(unquote(path, errors="surrogateescape"))
    return None


# --- macOS ----------------------------------------------------------------------------


def _pngpaste(program: str) -> Content | None:
    return _mac_file() or _output(program, "-") or _mac_text()


def _osascript(_: str) -> Content | None:
    if file := _mac_file():
        return file
    shown = _output("osascript", "-e", "the clipboard as «class PNGf»") or b""
    found = re.search(rb"PNGf([0-9A-Fa-f]+)", shown)
    return binascii.unhexlify(found[1]) if found else _mac_text()


def _mac_file() -> Path | None:
    if shutil.which("osascript") is None:
        return None
    path = _output("osascript", "-e", "POSIX path of (the clipboard as «class furl»)")
    return Path(os.fsdecode(path.rstrip(b"\n"))) if path and path.startswith(b"/") else None


def _mac_text() -> str | None:
    shown = _output("pbpaste") if shutil.which("pbpaste") else None
    return shown.decode(errors="replace") if shown else None


# --- Windows --------------------------------------------------------------------------

_SCRIPT = """
Add-Type -AssemblyName System.Windows.Forms, System.Drawing
$c = [Windows.Forms.Clipboard]
function Say($kind, $bytes) { "${kind}:" + [Convert]::ToBase64String($bytes) }
$utf8 = [Text.Encoding]::UTF8
if ($c::ContainsFileDropList()) { Say 'file' $utf8.GetBytes($c::GetFileDropList()[0]) }
elseif ($c::ContainsImage()) {
  $m = New-Object IO.MemoryStream
  $c::GetImage().Save($m, [Drawing.Imaging.ImageFormat]::Png)
  Say 'png' $m.ToArray()
}
elseif ($c::ContainsText()) { Say 'text' $utf8.GetBytes($c::GetText()) }
"""
"""Prints one line, whose content is in Base64, which no code page of a console changes."""


def _powershell(program: str) -> Content | None:
    shown = _output(program, "-NoProfile", "-STA", "-Command", _SCRIPT) or b""
    kind, _, packed = shown.strip().partition(b":")
    try:
        content = base64.b64decode(packed, validate=True)
    except binascii.Error:
        return None
    if kind == b"png":
        return content or None
    text = content.decode(errors="replace")
    if kind == b"file" and text:
        return _windows_file(text)
    return text or None


def _windows_file(path: str) -> Path:
    """Return a path of Windows as this system has it: Linux within Windows mounts its disks."""
    disk = re.match(r"([A-Za-z]):\\", path)
    if sys.platform == "win32" or disk is None:
        return Path(path)
    return Path("/mnt", disk[1].lower(), path[3:].replace("\\", "/"))


_READERS: dict[str, Callable[[str], Content | None]] = {
    "wl-paste": _wl_paste,
    "xclip": _xclip,
    "pngpaste": _pngpaste,
    "osascript": _osascript,
    "powershell": _powershell,
    "powershell.exe": _powershell,
}
"""The readers by their programs, in the order in which they are tried."""
