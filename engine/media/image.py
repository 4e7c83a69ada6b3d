"""Pictures, animations and pages into upright RGB frames."""

from __future__ import annotations

import logging
import struct
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from math import ceil
from pathlib import Path
from typing import BinaryIO

# Image.open imports every plugin there is unless the wanted ones are registered.
from PIL import (  # noqa: F401
    AvifImagePlugin,
    BmpImagePlugin,
    DdsImagePlugin,
    GifImagePlugin,
    IcoImagePlugin,
    Image,
    ImageFile,
    Jpeg2KImagePlugin,
    JpegImagePlugin,
    MpoImagePlugin,
    PcxImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    QoiImagePlugin,
    SgiImagePlugin,
    SunImagePlugin,
    TgaImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

from engine.config import Settings
from engine.errors import CorruptMedia, EmptyMedia, MediaError
from engine.media import cut_picture, large_png, tiff
from engine.media.dates import date_of
from engine.media.decode_memory import decoding, needed
from engine.media.exif import caption_of, orientation, place_of
from engine.media.file_errors import check_pixels, corrupt, open_file
from engine.media.frame_count import count_frames
from engine.media.hdr import colours_of_picture
from engine.media.picture_dates import date_claims, read_png_time
from engine.media.rgb import Colours, to_rgb
from engine.media.xmp import read_packet_of_gif

# ``Settings.max_pixels`` takes the place of Pillow's own limit, which warns and
# raises by figures that nobody here has set.
Image.MAX_IMAGE_PIXELS = None
# Without any handler, logging would print what Pillow logs of damaged files.
logging.getLogger("PIL").addHandler(logging.NullHandler())

_FORMATS = (
    *("JPEG", "PNG", "GIF", "WEBP", "BMP", "DIB", "TIFF", "AVIF"),
    *("JPEG2000", "PPM", "ICO", "DDS", "SGI", "QOI", "SUN", "PCX", "TGA"),
)
# Pillow's plugins let through whatever their parsing of bad bytes runs into.
_PILLOW_ERRORS = (
    struct.error,
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    ArithmeticError,
    LookupError,
    TypeError,
    AttributeError,
    RuntimeError,
    AssertionError,
)
_PILLOW_MODULES = r"PIL\.|pillow_heif"


@dataclass(frozen=True, slots=True)
class ImageFrame:
    """One picture of a file, as it is meant to be seen."""

    image: Image.Image
    """RGB, upright, perhaps reduced."""
    ordinal: int
    """The frame of an animation or the page of a TIFF, from 0."""
    width: int
    """Pixels of the whole frame, upright, before it was reduced."""
    height: int
    taken_at: str | None = None
    """ISO 8601 without a zone, from EXIF."""
    place: tuple[float, float] | None = None
    """Latitude and longitude in degrees, from EXIF."""
    caption: str | None = None
    """Text that a person wrote into its metadata."""
    note: str | None = None
    """The part of it that could not be read, on one line."""


def read_frames(path: Path, settings: Settings, min_side: int) -> Iterator[ImageFrame]:
    """Yield the frames of a picture, animation or TIFF, in order.

    More than ``settings.max_frames`` are thinned out evenly, the first one kept.
    A damaged frame beside readable ones is left out; a file without any readable
    frame raises. A picture that was cut off shows what came before, with a note, where
    that is more than half of it and its format lets it be decoded so.

    Args:
        min_side: frames are reduced while decoding, but the shortest side stays
            at least this many pixels where it has as many.

    Raises:
        EmptyMedia: the file has no bytes.
        UnreadableMedia: the file cannot be opened or read.
        MediaTooLarge: past ``settings.max_pixels``, or decoding takes more than
            ``settings.decode_memory``; nothing was decoded.
        CorruptMedia: it is truncated, or cannot be decoded.
        UnsupportedMedia: a TIFF of an uncommon kind.
    """
    return _read(path, settings, min_side, lambda count: spread(count, settings.max_frames))


def read_frame(path: Path, settings: Settings, ordinal: int, min_side: int) -> ImageFrame:
    """Return the frame of an animation or the page of a TIFF with this number, from 0.

    Reduced as ``read_frames`` reduces, whose errors it raises.

    Raises:
        EmptyMedia: there is no frame of that number, either.
    """

    def chosen(count: int) -> list[int]:
        return [ordinal] if 0 <= ordinal < count else []

    for frame in _read(path, settings, min_side, chosen):
        return frame
    raise EmptyMedia(f"no frame {ordinal}")


@contextmanager
def open_picture(path: Path) -> Iterator[Image.Image]:
    """Open a file for its metadata alone, and decode no pixels. Errors are those of Pillow."""
    _hush_pillow()
    with open_file(path) as stream, _open(stream) as image:
        if image.format == "PNG":
            with large_png.png_facts(stream) as facts:
                yield facts
        else:
            yield image


def _read(
    path: Path, settings: Settings, min_side: int, choose: Callable[[int], list[int]]
) -> Iterator[ImageFrame]:
    """Yield the frames that ``choose`` picks out of how many there are."""
    _hush_pillow()
    with open_file(path) as stream:
        if _length(stream) == 0:
            raise EmptyMedia("no bytes")
        try:
            with _open(stream) as image:
                yield from _frames(image, stream, settings, min_side, choose)
        except UnidentifiedImageError as error:
            if cut := cut_picture.missing_bytes(stream):
                raise CorruptMedia(cut) from error
            if not tiff.is_tiff(stream):
                raise CorruptMedia("not a picture that can be decoded") from error
            yield from _plain_tiff(stream, settings, min_side, choose)
        except _PILLOW_ERRORS as error:
            raise _explain(error, "picture", stream) from error


def _open(stream: BinaryIO) -> ImageFile.ImageFile:
    """Read the header; pixels come when they are asked for."""
    head = stream.read(64)
    stream.seek(0)
    if head[4:8] == b"ftyp" and b"avif" not in head and b"avis" not in head:
        _register_heif()
        return Image.open(stream, formats=("HEIF",))
    image = Image.open(stream, formats=_FORMATS)
    if image.format == "PNG":
        image.info.update(read_png_time(stream))
    if image.format == "GIF" and (packet := read_packet_of_gif(image, stream)):
        image.info["xmp"] = packet
    return image


@cache
def _register_heif() -> None:
    """Teach Pillow HEIC: an import that most runs never need."""
    import pillow_heif

    pillow_heif.options.DECODE_THREADS = 1  # the pool that decodes files has the cores
    pillow_heif.register_heif_opener()


def _hush_pillow() -> None:
    """Keep Pillow's warnings of odd metadata off stderr: a file fails, or it does not.

    One lasting filter, because ``warnings.catch_warnings`` is not safe in the
    threads that decode; put back when someone has reset the filters.
    """
    patterns = (getattr(entry[3], "pattern", None) for entry in tuple(warnings.filters))
    if _PILLOW_MODULES not in patterns:
        warnings.filterwarnings("ignore", module=_PILLOW_MODULES)


def _frames(
    image: ImageFile.ImageFile,
    stream: BinaryIO,
    settings: Settings,
    min_side: int,
    choose: Callable[[int], list[int]],
) -> Iterator[ImageFrame]:
    """Yield the chosen frames of an opened file; see ``read_frames``."""
    check_pixels(*image.size, settings)
    name = image.format or "picture"
    failure: MediaError | None = None
    found = False
    count = count_frames(image)
    for ordinal in choose(count):
        try:
            if ordinal:
                image.seek(ordinal)
                check_pixels(*image.size, settings)
            frame = _frame(image, stream, ordinal, settings, min_side)
        except _PILLOW_ERRORS as error:
            failure = failure or _explain(error, name, stream)
            continue
        found = True
        yield frame
    if failure is not None and not found:
        raise failure


def _length(stream: BinaryIO) -> int:
    at = stream.tell()
    size = stream.seek(0, 2)
    stream.seek(at)
    return size


def _plain_tiff(
    stream: BinaryIO,
    settings: Settings,
    min_side: int,
    choose: Callable[[int], list[int]],
) -> Iterator[ImageFrame]:
    """Yield the pages of a TIFF that Pillow cannot identify."""
    try:
        pages = tiff.plain_pages(stream, settings)
        for ordinal in choose(len(pages)):
            page = tiff.decode(stream, pages[ordinal])
            shown = to_rgb(page, min_side)
            yield ImageFrame(shown, ordinal, *page.size)
    except _PILLOW_ERRORS as error:
        raise _explain(error, "TIFF", stream) from error


def spread(count: int, most: int) -> list[int]:
    """At most ``most`` of ``range(count)``, evenly spread, beginning with 0."""
    kept = min(count, most)
    return [i * count // kept for i in range(kept)]


def _frame(
    image: ImageFile.ImageFile, stream: BinaryIO, ordinal: int, settings: Settings, min_side: int
) -> ImageFrame:
    """Decode the frame that ``image`` stands at."""
    width, height = image.size
    colours = _colours(image, stream)
    if frame := _in_strips(image, stream, colours, settings, min_side):
        return frame
    _draft(image, min_side)
    nbytes = needed(image, (width, height), min_side)
    with decoding(nbytes, settings).reserved(nbytes):
        whole, note = _loaded(image, stream, min_side)
        turn = orientation(image)  # after loading: a PNG may keep its EXIF behind the pixels
        shown = to_rgb(whole, min_side, colours)
        if turn is not None:
            shown = shown.transpose(turn)
        elif shown is image:  # which the next frame of the file would overwrite
            shown = image.copy()
        facts = (date_of(date_claims(image)), place_of(image), caption_of(image))
        if count_frames(image) == 1:
            image.close()  # while its memory is still ours: it need not wait for whoever takes it
    if turn is not None and turn in _SIDEWAYS:
        width, height = height, width
    return ImageFrame(shown, ordinal, width, height, *facts, note)


def _in_strips(
    image: Image.Image,
    stream: BinaryIO,
    colours: Colours | None,
    settings: Settings,
    min_side: int,
) -> ImageFrame | None:
    """Decode a large PNG in strips of rows; None for what is not large, or cannot be."""
    factor = min(image.size) // max(min_side, 1)
    if factor < 2 or needed(image, image.size, min_side) < large_png.LARGE:
        return None
    png = large_png.LargePng.opened(image, stream)
    if png is None:
        return None
    with decoding(large_png.LARGE, settings).reserved(large_png.LARGE):
        reduced, note = png.reduced(factor, image)
        shown = to_rgb(reduced, min_side, colours)
    facts = large_png.png_facts(stream)
    width, height = image.size
    turn = orientation(facts)
    if turn is not None:
        shown = shown.transpose(turn)
        width, height = (height, width) if turn in _SIDEWAYS else (width, height)
    written = (date_of(date_claims(facts)), place_of(facts), caption_of(facts))
    return ImageFrame(shown, 0, width, height, *written, note)


def _loaded(
    image: ImageFile.ImageFile, stream: BinaryIO, min_side: int
) -> tuple[Image.Image, str | None]:
    """Decode the pixels; of a picture that was cut off, those that are there, and a line of it."""
    interlaced = cut_picture.is_interlaced(image)
    try:
        image.load()
        return image, None
    except (OSError, ValueError) as error:
        name = image.format or ""
        if not cut_picture.is_cut(error, name) or count_frames(image) > 1:
            raise
        if cut_picture.is_jpeg(name):
            ended = cut_picture.with_end(stream)
            _draft(ended, min_side)
            ended.load()
            there = cut_picture.rows_of_jpeg(ended)
        else:
            there = cut_picture.rows_before_the_cut(image, interlaced=interlaced)
        if there is None:
            raise
        return there


def _colours(image: Image.Image, stream: BinaryIO) -> Colours | None:
    """Return what the file says of its colours; None where that is nothing."""
    code = None
    if image.format in ("AVIF", "HEIF", "PNG"):
        at = stream.tell()
        stream.seek(0)
        head = stream.read(_HEAD)
        stream.seek(at)
        code = colours_of_picture(head)
        if image.format == "PNG":
            _scale_clear_level(image, head[_PNG_BITS])
    profile = image.info.get("icc_profile")
    return Colours(profile, code) if profile or code else None


_HEAD = 64 * 1024
"""Bytes in which AVIF, HEIC and PNG say what their colours are."""
_PNG_BITS = 24
"""The byte of a PNG that says how many bits a sample has."""


def _scale_clear_level(image: Image.Image, bits: int) -> None:
    """Bring the level that a PNG calls transparent to the 8 bits that Pillow decodes to."""
    clear = image.info.get("transparency")
    if image.mode == "L" and isinstance(clear, int) and bits in (2, 4):
        image.info["transparency"] = min(255, clear * 255 // (2**bits - 1))
    elif image.mode == "RGB" and isinstance(clear, tuple) and bits == 16:
        image.info["transparency"] = tuple(level >> 8 for level in clear)


_SIDEWAYS = (
    Image.Transpose.TRANSPOSE,
    Image.Transpose.TRANSVERSE,
    Image.Transpose.ROTATE_90,
    Image.Transpose.ROTATE_270,
)


def _draft(image: Image.Image, min_side: int) -> None:
    """Let a JPEG decode at 1/2, 1/4 or 1/8, several times faster than in full."""
    scale = min_side / min(image.size)
    if scale < 1:
        image.draft(None, (ceil(image.width * scale), ceil(image.height * scale)))


def _explain(error: BaseException, name: str, stream: BinaryIO) -> MediaError:
    """Pillow's exception in one line; truncation is what most of them mean."""
    if cut := cut_picture.missing_bytes(stream):
        return CorruptMedia(cut)
    if cut_picture.ends_too_early(error):
        return CorruptMedia(f"truncated {name} after {_length(stream):,} bytes")
    return corrupt(error, name)
