"""Examples that a caller gives as values: bytes, arrays, pictures of PIL, and hits."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING, Any

from engine.errors import InvalidQuery
from engine.query.media_fragments import Fragment, with_region
from engine.types import Hit, Kind, Modality, PartKind, QueryPart

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

    from engine.types.examples import Region

_HEARD = frozenset((Modality.SOUND, Modality.SPEECH))
_MOST_RATE = 768_000
"""Hz: past this, what should be a rate is something else."""


def region_part(part: QueryPart, region: Region | None) -> QueryPart:
    """Return an example of which a region alone is meant; None is all of it.

    Raises:
        InvalidQuery: no picture has such a region.
    """
    return part if region is None else replace(part, value=with_region(part.value, region))


def example_part(value: object, asked: PartKind, argument: str) -> QueryPart:
    """Return an example as the part of a query.

    Args:
        value: an ``Example``.
        asked: what it must be; FILE leaves that to its content.
        argument: the name of the argument that holds it, for messages.

    Raises:
        InvalidQuery: it is nothing that could be an example.
    """
    if isinstance(value, QueryPart):
        return value
    if isinstance(value, str | os.PathLike):
        path = os.fspath(value)
        if isinstance(path, bytes) or not path:
            wrong = _none(argument) if path else f"the path of {argument}= is empty"
            raise InvalidQuery(wrong, arguments=(argument,))
        return QueryPart(path, asked)
    if isinstance(value, Hit):
        return _of_hit(value, asked)
    if isinstance(value, bytes | bytearray | memoryview):
        return _named("bytes", bytes(value), asked)
    return _of_media(value, asked, argument)


def _of_hit(hit: Hit, asked: PartKind) -> QueryPart:
    """Return the moment of a hit, of which a picture is all of its file."""
    if hit.kind is Kind.IMAGE or hit.start is None:
        return QueryPart(hit.path, asked)
    if asked is PartKind.FILE:
        asked = PartKind.AUDIO if hit.modality in _HEARD else PartKind.IMAGE
    heard = asked is PartKind.AUDIO and hit.end is not None
    return QueryPart(f"{hit.path}{Fragment(hit.start, hit.end if heard else None)}", asked)


def _of_media(value: Any, asked: PartKind, argument: str) -> QueryPart:
    import numpy as np
    from PIL import Image

    if isinstance(value, Image.Image):
        return _named("picture", _png(value), asked)
    if isinstance(value, np.ndarray):
        return _named("array", _png(_picture_of(value, argument)), asked)
    if isinstance(value, tuple) and len(value) == 2:
        samples, rate = value if isinstance(value[0], np.ndarray) else value[::-1]
        if isinstance(samples, np.ndarray) and isinstance(rate, int | np.integer):
            return _named("samples", _wave(samples, int(rate), argument), asked)
    raise InvalidQuery(f"{type(value).__name__} is no example for {_none(argument)}")


def _none(argument: str) -> str:
    return (
        f"{argument}=: give one path or URL, the bytes of a file, an array, a picture of PIL,"
        " (samples, rate), or a hit"
    )


def _named(what: str, content: bytes, asked: PartKind) -> QueryPart:
    """Return an example of these bytes, with a name that no others have."""
    digest = hashlib.sha256(content).hexdigest()[:12]
    return QueryPart(f"<{what} {digest}>", asked, content=content)


def _png(picture: Image.Image) -> bytes:
    kept = BytesIO()
    usable = picture if picture.mode in ("L", "LA", "RGB", "RGBA") else picture.convert("RGB")
    usable.save(kept, "PNG", compress_level=1)
    return kept.getvalue()


def _picture_of(pixels: NDArray[Any], argument: str) -> Image.Image:
    """Return an array as a picture.

    Raises:
        InvalidQuery: it has another shape or type than pictures have.
    """
    import numpy as np
    from PIL import Image

    shape = pixels.shape
    if 0 in shape or not (len(shape) == 2 or (len(shape) == 3 and shape[2] in (1, 3, 4))):
        raise InvalidQuery(
            f"{argument}= has shape {shape}: a picture is (height, width), (height, width, 3) or"
            " (height, width, 4), and a sound is (samples, rate)"
        )
    if pixels.dtype.kind == "f":
        low, high = float(pixels.min()), float(pixels.max())
        if not (low >= 0 and high <= 1):
            raise InvalidQuery(
                f"{argument}= has floats from {low:g} to {high:g}: a picture's are from 0 to 1,"
                " or uint8 from 0 to 255"
            )
        pixels = np.rint(pixels * 255).astype(np.uint8)
    if pixels.dtype != np.uint8:
        raise InvalidQuery(
            f"{argument}= has dtype {pixels.dtype}: a picture is uint8, or floats from 0 to 1"
        )
    return Image.fromarray(np.ascontiguousarray(pixels[..., 0] if shape[2:] == (1,) else pixels))


def _wave(samples: NDArray[Any], rate: int, argument: str) -> bytes:
    """Return samples as a WAV file of 16 bits.

    Raises:
        InvalidQuery: they have another shape or type than sounds have.
    """
    import wave

    if samples.ndim not in (1, 2) or not samples.size or samples.shape[1:] > (64,):
        raise InvalidQuery(f"{argument}= has shape {samples.shape}: a sound is (n,), (n, channels)")
    if not 0 < rate <= _MOST_RATE:
        raise InvalidQuery(f"{argument}= has a rate of {rate} Hz; give (samples, rate)")
    kept = BytesIO()
    with wave.open(kept, "wb") as file:
        file.setnchannels(1 if samples.ndim == 1 else samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(_sixteen_bits(samples, argument).tobytes())
    return kept.getvalue()


def _sixteen_bits(samples: NDArray[Any], argument: str) -> NDArray[np.int16]:
    import numpy as np

    if samples.dtype.kind == "f":
        if not np.isfinite(samples).all():
            raise InvalidQuery(f"{argument}= has samples that are no numbers")
        samples = np.rint(np.clip(samples, -1, 1) * 32767)
    elif samples.dtype == np.int32:
        samples = samples >> 16
    elif samples.dtype != np.int16:
        raise _no_samples(samples, argument)
    little: NDArray[np.int16] = samples.astype("<i2")
    return little


def _no_samples(samples: NDArray[Any], argument: str) -> InvalidQuery:
    return InvalidQuery(
        f"{argument}= has dtype {samples.dtype}: samples are floats from -1 to 1, int16 or int32"
    )
