"""Captions that people wrote, told apart from what cameras and programs write."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

LONGEST = 2_000
"""Characters of a caption that are kept."""
_PRINTABLE = 0.9
"""Share of characters that print, below which a text is bytes of something else."""
_DEFAULTS = re.compile(
    r"""(
    (?-i:([A-Z]+\ ){0,2}DIGITAL\ CAMERA) | (samsung|olympus|nikon|sony)(\ camera\ pictures|\ dsc)?
    | digital\ still\ ?camera | my\ beautiful\ picture | applemark | screenshot
    | exif[_ ](jpeg|picture|jpeg[_ ]picture) | charset=.* | metadata-start.* | ascii | unicode
    | default | none | null | untitled | unknown | comment | description | jpeg
    | sdr | hdr | cof | dav | oznor | _?cuva | hdrpl
    | dcim\b.* | ([a-z]:)?[\w\\/-]*\.(jpe?g|png|heic|tiff?|gif|webp|mp4|mov|avi|wav|mp3)
    | (img|dsc|dscn|dscf|pict?|mvi|vid|gopr|dji|pxl)[_-]?[\d_-]+
    | (created|generated|processed|encoded|produced)\ (with|by|using)\b.*
    | (edited|exported|compressed|converted|optimi[sz]ed)\ (with|using)\b.*
    | (file\ )?written\ by\b.* | creator:.* | lead\ technologies.* | (lav[fc]\d|x26[45]\b).*
    | (processed|produced|saved|made|rendered|scanned|captured|recorded|powered|converted)
      \ (with|by|using|in|from)\ (adobe|apple|microsoft|google|photoshop|lightroom|gimp|epson
      |canon|hp|imagemagick|ffmpeg|handbrake|matplotlib|inkscape|blender|obs|vlc)\b.*
    | (adobe|microsoft|apple|corel|google|affinity|capture)(\ (photoshop|lightroom|elements
      |illustrator|imageready|firefly|premiere|after\ effects|media\ encoder|photo(\ editor|s)?
      |express|windows|viewer|paint|quicktime|imovie|picasa|classic|pro|one|cc|cs\d?))+
      (\ [\d(v][\w\ .()-]*)?
    | (gimp|paint\.net|picasa|photoshop|lightroom|imagemagick|graphicsmagick|ffmpeg|libav
      |handbrake|matplotlib|gnuplot|inkscape|blender|irfanview|xnview|darktable|rawtherapee
      |digikam|snapseed|vsco|instagram|imagej|fiji|libvips|mozjpeg|libjpeg(-turbo)?|jpegmini
      |gd-jpeg|audacity|vlc|mencoder|gstreamer|isomedia|itunes|shotcut|kdenlive|quicktime|hdr\+)
      ([\ /,]*(v(er(sion)?)?\ ?)?\.?\d[\w.+-]*|[\ ,]*https?://\S+|\ version\S*)*
    | (software|encoder|tool|application|program|app|file\ source
      |major_brand)\ ?[:=].*
    | iso\ media\ file\b.* | intel\(r\)\ .* | .*\busing\ ijg\b.* | .*\(libjpeg\b.*
    | core\ media\ \w+ | (\w+\ )?media\ handler | (video|sound)handler
    | [\w.+/-]+=\S*(\ [\w.+/-]+=.*)* | (?-i:(?=\S*[A-Z])(?=\S*[a-z])(?=\S*\d)[A-Za-z0-9+/_-]{60,}=*)
    | vid:v\w+ | https?://\S+ | [0-9a-f]{16,} | [0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}
    )[.!]?""",
    re.IGNORECASE | re.VERBOSE,
)
"""Texts that cameras, phones and programs put where a caption goes, and codes of no language."""
_DATA = re.compile(
    r"""[\[{(]\s*([\]})]|[\[{"']|\w+"?\s*[:=]|-?\d[\d.e+-]*\s*[,\]])
    | <[?!/]?\s*[a-z][^<>]*> | %PDF | BM\b
    | [\w ]{1,30}=[^=\s]+[;,|]\s*[\w ]{1,30}=""",
    re.IGNORECASE | re.VERBOSE,
)
"""The beginnings of data that programs write: JSON, Python, XML, lists of settings."""


def caption(texts: Iterable[str]) -> str | None:
    """Make the caption out of what was written in several places of a file.

    Each text is one line of it, in the order given; one that another one holds is left
    out, and so is what nobody wrote.

    Returns:
        At most ``LONGEST`` characters; None where there is nothing.
    """
    lines: list[str] = []
    for text in texts:
        added = line(text)
        if added and not any(_holds(kept, added) for kept in lines):
            lines = [*(kept for kept in lines if not _holds(added, kept)), added]
    return "\n".join(lines)[:LONGEST].rstrip() or None


def _holds(line: str, other: str) -> bool:
    return f" {other.casefold()} " in f" {line.casefold()} "


def line(text: str, *, numbers: bool = False) -> str:
    """Put a text on one line; empty where no person wrote it.

    Args:
        numbers: a number alone is a text as well, such as the title of an album.
    """
    # So many as can matter: a damaged header may claim a megabyte.
    words = text[: 4 * LONGEST].strip("\0 ").split()
    joined = unicodedata.normalize("NFC", " ".join(words))
    shown = "".join(c for c in joined if _prints(c))
    counts = str.isalnum if numbers else str.isalpha
    if len(shown) < _PRINTABLE * len(joined) or not any(map(counts, shown)):
        return ""
    by_program = _DATA.match(shown) or _DEFAULTS.fullmatch(shown)
    return "" if by_program else shown


def _prints(character: str) -> bool:
    # Joiners are of category Cf, and belong to words of some scripts and to emoji.
    return character != "\ufffd" and (character.isprintable() or character in "\u200c\u200d")


def decoded(raw: bytes) -> str:
    """Text that does not say in which encoding it is: UTF-8, or else Latin-1."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def user_comment(raw: bytes, endian: str) -> str:
    """EXIF's UserComment, which begins with the name of its encoding in eight bytes.

    Args:
        endian: ``<`` or ``>``, as the EXIF block is.
    """
    code, body = raw[:8], raw[8:]
    if code.startswith(b"UNICODE"):
        return _utf_16(body, endian)
    if code.startswith(b"JIS"):
        return body.decode("iso2022_jp", "replace")
    if code.startswith(b"ASCII") or not code.strip(b"\0 "):
        return decoded(body)
    return decoded(raw)  # written by a program that knows of no such prefix


def _utf_16(raw: bytes, endian: str) -> str:
    """In the order that a mark or the text itself shows, and else that of the block.

    Many programs write one order always, whatever that of the block.
    """
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16", "replace")
    high, low = raw[0::2].count(0), raw[1::2].count(0)
    big = high > low if high != low else endian == ">"
    return raw.decode("utf-16-be" if big else "utf-16-le", "replace")
