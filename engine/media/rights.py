"""Read the author and the licence of a file, as far as its own metadata names them."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from PIL import ExifTags

from engine.media.container import open_container
from engine.media.image import open_picture
from engine.media.xmp import packet_of
from engine.types import Kind

_LONGEST = 200
_XMP_MOST = 1 << 20
_XMP = {
    "licence": (r"cc:license", r"xmpRights:WebStatement", r"xmpRights:UsageTerms"),
    "holder": (r"dc:rights", r"xmpRights:Owner"),
    "artist": (r"dc:creator",),
}
_TAGS = re.compile(r"<[^>]{0,500}>")


@dataclass(frozen=True, slots=True)
class Rights:
    """The rights that a file names. Each is one line, None where there is none."""

    holder: str | None = None
    """The copyright notice, as EXIF's Copyright or XMP's dc:rights have it."""
    artist: str | None = None
    licence: str | None = None
    """A licence's name or address."""

    def __bool__(self) -> bool:
        return any((self.holder, self.artist, self.licence))


def rights_of(path: Path, kind: Kind) -> Rights:
    """Read the rights of a file's EXIF, XMP or container, and of an XMP beside it.

    The file's own come first; there are none where nothing can be read.
    """
    own = beside = Rights()
    # Damaged metadata must not cost an export.
    with suppress(Exception):
        own = _of_picture(path) if kind is Kind.IMAGE else _of_container(path)
    with suppress(Exception):
        beside = _of_sidecars(path)
    return Rights(
        own.holder or beside.holder, own.artist or beside.artist, own.licence or beside.licence
    )


def _of_sidecars(path: Path) -> Rights:
    """Read ``img.jpg.xmp`` and ``img.xmp``, the first that there is."""
    for sidecar in (path.with_name(f"{path.name}.xmp"), path.with_suffix(".xmp")):
        if sidecar.is_file():
            with sidecar.open("rb") as stream:
                xmp = stream.read(_XMP_MOST).decode("utf-8", "replace")
            return Rights(*(_from_xmp(xmp, key) for key in ("holder", "artist", "licence")))
    return Rights()


def _of_picture(path: Path) -> Rights:
    with open_picture(path) as image:
        exif = image.getexif()
        packet = packet_of(image)
    content = packet.encode() if isinstance(packet, str) else bytes(packet)
    xmp = content[:_XMP_MOST].decode("utf-8", "replace")
    return Rights(
        _line(exif.get(ExifTags.Base.Copyright)) or _from_xmp(xmp, "holder"),
        _line(exif.get(ExifTags.Base.Artist)) or _from_xmp(xmp, "artist"),
        _from_xmp(xmp, "licence"),
    )


def _of_container(path: Path) -> Rights:
    with open_container(path) as container:
        metadata = {name.lower(): value for name, value in container.metadata.items()}
    found = {
        key: next((line for n in names if (line := _line(metadata.get(n)))), None)
        for key, names in _CONTAINER.items()
    }
    return Rights(found["holder"], found["artist"], found["licence"])


_CONTAINER = {
    "holder": ("copyright", "com.apple.quicktime.copyright"),
    "artist": ("artist", "author", "com.apple.quicktime.author"),
    "licence": ("license", "licence"),
}


def _from_xmp(xmp: str, wanted: str) -> str | None:
    """Return an attribute or an element of a packet, found by regular expressions.

    No parser of XML: packets are cut off, lack the declarations of their prefixes, and may
    hold entities; a parser, defusedxml included, reads nothing at all of such a packet.
    """
    return next((line for name in _XMP[wanted] for line in _xmp_values(xmp, name)), None)


def _xmp_values(xmp: str, name: str) -> Iterator[str]:
    patterns = (
        rf'{name}="([^"]*)"',
        rf'<{name}\s+rdf:resource="([^"]*)"',
        rf"<{name}>(.*?)</{name}>",
    )
    for pattern in patterns:
        found = re.search(pattern, xmp, re.DOTALL)
        if found and (line := _line(html.unescape(_TAGS.sub(" ", found[1])))):
            yield line


def _line(value: object) -> str | None:
    """Text on one line; None for anything else, and for nothing."""
    if not isinstance(value, str):
        return None
    text = " ".join("".join(c if c.isprintable() else " " for c in value).split())
    return text[:_LONGEST] or None
