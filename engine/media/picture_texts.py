"""Texts inside a picture besides its caption: keywords, places, names, comments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress

from PIL import ExifTags, Image, ImageFile

from engine.media import captions, xmp
from engine.media.exif import tags_of

_IPTC = ((2, 5), (2, 25), (2, 105), (2, 80), (2, 92), (2, 90), (2, 95), (2, 101), (2, 120))
"""Title, keywords, headline, author, location, city, state, country and caption."""
_WINDOWS = (
    ExifTags.Base.XPTitle,
    ExifTags.Base.XPSubject,
    ExifTags.Base.XPKeywords,
    ExifTags.Base.XPAuthor,
)
_PNG_TEXTS = ("Title", "Author", "Description", "Comment", "Keywords", "Subject")

_BY_PROGRAM = re.compile(
    r"\b(software|optimi[sz]e[dr]|encoder|compress(ed|or)|inc\.|lossless|v?\d+\.\d+)|0x[0-9a-f]",
    re.IGNORECASE,
)
"""The words by which a program names itself in the comment of a JPEG or GIF."""


def lines(image: Image.Image) -> Iterator[str]:
    """Yield the texts of a picture's EXIF, IPTC, XMP, PNG chunks and comment, as they stand."""
    tags = tags_of(image)
    for tag in _WINDOWS:
        if isinstance(value := tags.get(tag), bytes):
            yield from value.decode("utf-16-le", "replace").split(";")
    if isinstance(artist := tags.get(ExifTags.Base.Artist), str):
        yield captions.decoded(artist.encode("latin-1", "replace"))
    yield from _iptc(image)
    yield from xmp.written(xmp.packet_of(image))
    if image.format == "PNG":
        texts = (image.info.get(name) for name in _PNG_TEXTS)
        yield from (text for text in texts if isinstance(text, str))
    if isinstance(comment := image.info.get("comment"), bytes | str):
        text = comment if isinstance(comment, str) else captions.decoded(comment)
        if not _BY_PROGRAM.search(text):
            yield text


def _iptc(image: Image.Image) -> Iterator[str]:
    from PIL import IptcImagePlugin

    if not isinstance(image, ImageFile.ImageFile):
        return
    with suppress(Exception):  # damaged metadata must not cost the picture
        found = IptcImagePlugin.getiptcinfo(image) or {}
        for name in _IPTC:
            value = found.get(name, b"")
            for raw in value if isinstance(value, list) else [value]:
                yield captions.decoded(raw)
