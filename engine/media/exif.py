"""The two facts that a picture's EXIF is read for: which way is up, and when."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from PIL import ExifTags, Image

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def orientation(image: Image.Image) -> Image.Transpose | None:
    """What turns the decoded pixels upright; None where they are, or nothing says so."""
    value = _tags(image).get(ExifTags.Base.Orientation)
    return _UPRIGHT.get(value) if isinstance(value, int) else None


def taken_at(image: Image.Image) -> str | None:
    """When the camera says the picture was taken, ISO 8601 without a zone."""
    tags = _tags(image)
    for tag in (ExifTags.Base.DateTimeOriginal, ExifTags.Base.DateTime):
        stamp = str(tags.get(tag, "")).strip("\0 ")[:19]
        try:
            return datetime.strptime(stamp, "%Y:%m:%d %H:%M:%S").isoformat()
        except ValueError:
            continue  # cameras without a clock write zeros or spaces
    return None


def _tags(image: Image.Image) -> dict[int, object]:
    """The main tags with those of the EXIF block; as many as can be parsed."""
    tags: dict[int, object] = {}
    with suppress(Exception):  # damaged metadata must not cost the picture
        exif = image.getexif()
        tags.update(exif)
        tags.update(exif.get_ifd(ExifTags.IFD.Exif))
    return tags
