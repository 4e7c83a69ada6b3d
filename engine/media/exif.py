"""Read a picture's metadata: orientation, place and caption; see ``picture_dates``, too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from PIL import ExifTags, Image, ImageFile

from engine.media import captions, place

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_IPTC_CAPTION = (2, 120)
_PNG_TEXTS = ("Title", "Description", "Comment")


def orientation(image: Image.Image) -> Image.Transpose | None:
    """Return the transposition that turns the pixels upright; None where none is needed."""
    number = _number(tags_of(image).get(ExifTags.Base.Orientation))
    return None if number is None else _UPRIGHT.get(number)


def _number(value: object) -> int | None:
    """Return a number that should be one SHORT, whatever type a program wrote it as."""
    if isinstance(value, tuple) and value:
        value = value[0]
    if isinstance(value, bytes):  # BYTE or UNDEFINED; or a SHORT of either byte order
        value = value.strip(b"\0 ")
        value = value[0] if len(value) == 1 and value[0] < _ZERO else value.decode("latin-1")
    with suppress(TypeError, ValueError, OverflowError, ZeroDivisionError):
        return int(float(value.strip("\0 ") if isinstance(value, str) else value))  # type: ignore[arg-type]
    return None


_ZERO = ord("0")


def place_of(image: Image.Image) -> tuple[float, float] | None:
    """Return where the camera says the picture was taken: latitude and longitude in degrees."""
    with suppress(Exception):  # damaged metadata must not cost the picture
        return place.from_exif(image.getexif().get_ifd(ExifTags.IFD.GPSInfo))
    return None


def caption_of(image: Image.Image) -> str | None:
    """Return what a person wrote into the picture's EXIF, IPTC or PNG texts."""
    return captions.caption([*_exif_texts(image), *_iptc_texts(image), *_png_texts(image)])


def _exif_texts(image: Image.Image) -> Iterator[str]:
    tags = tags_of(image)
    if isinstance(title := tags.get(ExifTags.Base.XPTitle), bytes):
        yield title.decode("utf-16-le", "replace")
    if isinstance(description := tags.get(ExifTags.Base.ImageDescription), str):
        # Pillow takes for Latin-1 what mostly is UTF-8.
        yield captions.decoded(description.encode("latin-1", "replace"))
    if isinstance(comment := tags.get(ExifTags.Base.XPComment), bytes):
        yield comment.decode("utf-16-le", "replace")
    if isinstance(comment := tags.get(ExifTags.Base.UserComment), bytes):
        yield captions.user_comment(comment, image.getexif().endian or "<")


def _iptc_texts(image: Image.Image) -> Iterator[str]:
    from PIL import IptcImagePlugin

    if not isinstance(image, ImageFile.ImageFile):
        return
    with suppress(Exception):  # damaged metadata must not cost the picture
        found = (IptcImagePlugin.getiptcinfo(image) or {}).get(_IPTC_CAPTION, b"")
        for raw in found if isinstance(found, list) else [found]:
            yield captions.decoded(raw)


def _png_texts(image: Image.Image) -> Iterator[str]:
    if image.format == "PNG":
        texts = (image.info.get(name) for name in _PNG_TEXTS)
        yield from (text for text in texts if isinstance(text, str))


def tags_of(image: Image.Image) -> dict[int, object]:
    """Return the main tags with those of the EXIF block; as many as can be parsed."""
    tags: dict[int, object] = {}
    with suppress(Exception):  # damaged metadata must not cost the picture
        exif = image.getexif()
        tags.update(exif)
        tags.update(exif.get_ifd(ExifTags.IFD.Exif))
    return tags
