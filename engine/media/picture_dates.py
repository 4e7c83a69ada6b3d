"""The dates that a picture has: EXIF, XMP, IPTC, GPS, and the chunks of PNG.

They count in the order of the Metadata Working Group (Guidelines 2.0, section 5.4): when
it was taken, then when it was digitized, then when it was changed.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import BinaryIO

from PIL import ExifTags, Image, ImageFile

from engine.media.dates import DateClaim, choose, claim, instant_claim
from engine.media.exif import tags_of
from engine.media.xmp import packet_of

PNG_TIME = "tIME"
"""The name under which the time of a PNG's last change is among an image's ``info``."""
_XMP = re.compile(
    rb"""\b(?P<name>(?:photoshop:DateCreated|exif:DateTimeOriginal|exif:DateTimeDigitized
    |xmp:CreateDate|xap:CreateDate|xmp:ModifyDate|tiff:DateTime))\s*
    (?:=\s*["'](?P<value>[^"'<>]{4,40})["'] | >\s*(?P<inner>[^<>]{4,40})<)""",
    re.VERBOSE,
)
_LONGEST_XMP = 1 << 20
"""Bytes of XMP that are looked through."""
_MOST_CHUNKS = 10_000
_GPS_DATE, _GPS_TIME = 29, 7
_OFFSET, _OFFSET_TAKEN, _OFFSET_DIGITIZED = 0x9010, 0x9011, 0x9012
_CREATED, _CREATED_AT, _DIGITIZED, _DIGITIZED_AT = (2, 55), (2, 60), (2, 62), (2, 63)


def date_claims(image: Image.Image) -> tuple[DateClaim, ...]:
    """Return all dates of a picture in the order in which they count, one of them chosen."""
    tags, xmp, iptc = tags_of(image), _xmp(image), _iptc(image)
    offsets = [str(tags.get(tag, "")) for tag in (_OFFSET_TAKEN, _OFFSET_DIGITIZED, _OFFSET)]
    created = _png_text(image, "Creation Time")
    return choose(
        [
            claim("EXIF DateTimeOriginal", _text(tags, ExifTags.Base.DateTimeOriginal)),
            *(_of_xmp(xmp, name) for name in ("exif:DateTimeOriginal", "photoshop:DateCreated")),
            _of_iptc("IPTC DateCreated", iptc, _CREATED, _CREATED_AT),
            claim("EXIF DateTimeDigitized", _text(tags, ExifTags.Base.DateTimeDigitized)),
            *(_of_xmp(xmp, name) for name in ("exif:DateTimeDigitized", "xmp:CreateDate")),
            _of_iptc("IPTC DigitalCreationDate", iptc, _DIGITIZED, _DIGITIZED_AT),
            claim("PNG Creation Time", created),
            instant_claim("GPS", _gps(image), next(filter(None, offsets), "")),
            claim("EXIF DateTime", _text(tags, ExifTags.Base.DateTime)),
            *(_of_xmp(xmp, name) for name in ("tiff:DateTime", "xmp:ModifyDate")),
            claim("PNG tIME", str(image.info.get(PNG_TIME, "")), utc=True),
        ]
    )


def read_png_time(stream: BinaryIO) -> dict[str, str]:
    """Return what a PNG says of its last change, in UTC; empty where it says nothing.

    Pillow passes this chunk over. The stream stands afterwards where it stood before.
    """
    before = stream.tell()
    try:
        stream.seek(8)
        for _ in range(_MOST_CHUNKS):
            header = stream.read(8)
            if len(header) < 8:
                break
            length, kind = struct.unpack(">I4s", header)
            if kind == b"tIME" and length == 7:
                year, *rest = struct.unpack(">H5B", stream.read(7))
                return {PNG_TIME: "{:04}-{:02}-{:02} {:02}:{:02}:{:02}".format(year, *rest)}
            stream.seek(length + 4, 1)
    except (OSError, struct.error):
        pass  # the pixels are read all the same, or say what is wrong
    finally:
        stream.seek(before)
    return {}


def _text(tags: Mapping[int, object], tag: int) -> str:
    value = tags.get(tag, "")
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _png_text(image: Image.Image, name: str) -> str:
    value = image.info.get(name) if image.format == "PNG" else None
    return value if isinstance(value, str) else ""


def _xmp(image: Image.Image) -> dict[str, str]:
    """Return the dates of the XMP packet by their names, the first of each."""
    packet = packet_of(image)
    raw = packet.encode("utf-8", "replace") if isinstance(packet, str) else packet
    found: dict[str, str] = {}
    for match in _XMP.finditer(raw[:_LONGEST_XMP]):
        name = match["name"].decode().replace("xap:", "xmp:")
        value = (match["value"] or match["inner"]).decode("latin-1")
        found.setdefault(name, value)
    return found


def _of_xmp(xmp: Mapping[str, str], name: str) -> DateClaim | None:
    return claim(f"XMP {name}", xmp.get(name, ""))


def _iptc(image: Image.Image) -> dict[tuple[int, int], object]:
    from PIL import IptcImagePlugin

    if isinstance(image, ImageFile.ImageFile):
        with suppress(Exception):  # damaged metadata must not cost the picture
            return dict(IptcImagePlugin.getiptcinfo(image) or {})
    return {}


def _of_iptc(
    source: str,
    iptc: Mapping[tuple[int, int], object],
    day: tuple[int, int],
    hour: tuple[int, int],
) -> DateClaim | None:
    """Join the date (``20240630``) and the time (``223000+0900``), which are apart."""
    parts = list(_raw(iptc.get(day))), list(_raw(iptc.get(hour)))
    if not parts[0]:
        return None
    whole = " ".join(part[0] for part in parts if part)
    return claim(source, whole)


def _raw(value: object) -> Iterator[str]:
    for raw in value if isinstance(value, list) else [value]:
        if isinstance(raw, bytes) and raw.strip(b"\0 "):
            yield raw.decode("latin-1")


def _gps(image: Image.Image) -> str:
    """Return the time of a GPS fix as one text; empty where the day or the time is missing."""
    with suppress(Exception):  # damaged metadata must not cost the picture
        gps = image.getexif().get_ifd(ExifTags.IFD.GPSInfo)
        day, time = gps.get(_GPS_DATE), gps.get(_GPS_TIME)
        if day and time:
            text = day.decode("latin-1") if isinstance(day, bytes) else str(day)
            hour, minute, second = (int(part) for part in time)
            return f"{text.strip(chr(0) + ' ')} {hour:02}:{minute:02}:{second:02}"
    return ""
