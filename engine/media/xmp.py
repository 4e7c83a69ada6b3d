"""Read what a person wrote into an XMP packet: descriptions, titles, keywords, places, names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO
from xml.etree import ElementTree as ET

from PIL import Image

_LONGEST = 1 << 20
"""Bytes of a packet that are read."""
_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_WRITTEN = frozenset(
    {
        *("description", "title", "subject", "Headline", "Caption", "CaptionWriter"),
        *("hierarchicalSubject", "PersonInImage", "Event", "Location", "City", "State"),
        *("Country", "creator", "PersonDisplayName", "Label", "TagsList", "ImageDescription"),
        *("UserComment", "AltTextAccessibility", "ExtDescrAccessibility"),
    }
)
"""Properties that people fill in, by their local names: Dublin Core, Photoshop, IPTC, Lightroom,
digiKam, Microsoft and EXIF."""
_REGION = "Name"
"""The name of a face, in a region of the Metadata Working Group."""


_OF_GIF, _END_IN_GIF = b"XMP DataXMP", b"</x:xmpmeta>"


def packet_of(image: Image.Image) -> bytes | str:
    """Return the XMP packet of an open picture; empty where it has none."""
    packet = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp")
    return packet if isinstance(packet, bytes | str) else b""


def read_packet_of_gif(image: Image.Image, stream: BinaryIO) -> bytes:
    """Read the packet of a GIF that was just opened, of which Pillow gives the place alone."""
    extension = image.info.get("extension")
    if not isinstance(extension, tuple) or extension[0] != _OF_GIF:
        return b""
    before = stream.tell()
    stream.seek(extension[1])
    packet, end, _ = stream.read(_LONGEST).partition(_END_IN_GIF)
    stream.seek(before)
    return packet + end if end else b""


def written(packet: bytes | str) -> list[str]:
    """List the texts of an XMP packet, in its order; empty where it cannot be parsed.

    A packet with a document type is refused: entities could be made to grow without end.
    """
    raw = packet.encode("utf-8", "replace") if isinstance(packet, str) else packet
    raw = raw[:_LONGEST].strip(b"\0 \r\n\t")
    if b"<!DOCTYPE" in raw or b"<!ENTITY" in raw:
        return []
    with suppress(ET.ParseError, ValueError, LookupError):
        return list(_texts(ET.fromstring(raw)))  # noqa: S314
    return []


def _texts(root: ET.Element) -> Iterator[str]:
    for element in root.iter():
        for name, value in element.attrib.items():
            if _is_written(name):
                yield value
        if _is_written(element.tag):
            items = [item.text or "" for item in element.iter(f"{_RDF}li")]
            yield from filter(str.strip, items or [element.text or ""])


def _is_written(name: str) -> bool:
    namespace, _, local = name.rpartition("}")
    if local == _REGION:
        return "regions" in namespace
    # Adobe's raw settings and the XMP of tools have descriptions of their own.
    return local in _WRITTEN and not namespace.endswith(("camera-raw-settings/1.0/", "/stRef#"))
