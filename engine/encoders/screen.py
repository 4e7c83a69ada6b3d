"""The screen bridge: PP-OCR finds the lines of text in a picture, and reads them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.common.optional_package import importing
from engine.config import Settings
from engine.encoders.screen_detector import quantised_detector
from engine.encoders.weight_files import PADDLE_OCR

_SIDE = 720
"""Shortest side that decoders leave: a screen of 1080 lines stays as it is, and one line
of a page of A4 has some 16 pixels, of which every letter is read."""
_DETECTED = 736
"""Longest side, in pixels, at which lines are looked for; they are read as large as the
picture is. Looking takes nine tenths of the time that a photograph costs. Text of 14 pixels on
a screen of 1920 x 1080 is read whole from 736 up; at 640 it is not found, and 960 costs 1.7
times as much and finds no more. A first look at 320 for any trace of text at all would spare half
of the photographs without text the second, which is a fifth of all time, and lost none of 80 with
text; but a lone line less high than 1/70 of the picture leaves no trace there, and at 736 it is
read from 1/130 on."""
_SURE = 0.8
"""Mean probability of a line's letters under which it is taken for none. Chosen while
looking at 300 photographs: leaves, fur and windows are read as well, mostly as single
letters at 0.1 to 0.7, while captions, labels and watermarks lie above 0.9. Lines between
0.5 and 0.8 are half misread. Of 146 photographs that are said to have a line, 60 keep one,
and it is there in all that were looked at."""
_LEAST_LETTERS = 2
"""A post is an "I" and a wheel an "O", at times with certainty."""
_SMALLEST, _WIDEST = 12, 40
"""Pixels of the shortest side, and times that a picture is wider than high, beyond which
no line has room; PP-OCR fails on such."""
_TALLEST = 2.0
"""Times that a picture may be higher than wide; higher ones are read piece by piece,
because reduced to ``_DETECTED`` a long page has no letters left. Wide ones are banners,
and in pieces they would have no words left."""
_OVERLAP = 0.1
"""Share of the width by which pieces overlap, more than a line is high."""
_MOST_TILES = 16
"""Pieces of one picture, so that a page without end takes no time without end."""
_PART = 280
"""Characters of one moment, some 70 tokens. CLIP's text tower reads 77, and MiniLM, which
reads 256, was trained on 128: the vector of a whole page lies near nothing in particular,
and half of a page would be cut off."""


class RapidScreen:
    """Pictures into the text in them. Building one is free; the models load at first use.

    A picture is read in the thread that asks, by sessions that have no threads of their
    own, so as many are read at a time as threads decode, each in some 130 MB. Lines come
    from top to bottom; columns of print that stand side by side are read across.
    """

    side = _SIDE

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._loading = Lock()
        self._loaded: Any = None

    def read(self, image: Image.Image) -> Sequence[str]:
        """Read the text of an RGB picture, in parts of at most some 280 characters.

        Raises:
            ExtraMissing: rapidocr is not installed.
            EncoderUnavailable: its models are missing, or are other files.
        """
        width, height = image.size
        if min(width, height) < _SMALLEST or width > _WIDEST * height:
            return []
        return parts([line for tile in tiles(image) for line in self._lines(image, tile)])

    def _lines(self, image: Image.Image, tile: Tile) -> Iterator[str]:
        piece = image.crop((0, tile.top, image.width, tile.bottom))
        found = self._reader(np.asarray(piece)[:, :, ::-1])  # BGR, as OpenCV has it
        if not found.txts:
            return
        for box, text, sure in zip(found.boxes, found.txts, found.scores, strict=True):
            middle = tile.top + box[:, 1].mean()
            if tile.start <= middle < tile.end and is_text(text, sure):
                yield " ".join(text.split())

    @property
    def _reader(self) -> Any:
        """Safe to call from many threads: one call changes nothing that another sees."""
        with self._loading:
            if self._loaded is None:
                self._loaded = _load(self._settings)
            return self._loaded


def _load(settings: Settings) -> Any:
    with importing("the screen bridge", "ocr", "cv2", "rapidocr", blas=True):
        import cv2
        from rapidocr import RapidOCR
    cv2.setNumThreads(1)
    recogniser = PADDLE_OCR[1].locate()
    detector = quantised_detector(settings)
    reader: Any = RapidOCR(
        params={
            "Global.log_level": "critical",
            "Global.text_score": 0.0,  # ``is_text`` decides
            # Whether a line is upside down: pictures are turned upright before.
            "Global.use_cls": False,
            # A path that is named is opened; without one, a missing model is downloaded.
            "Det.model_path": str(detector),
            "Rec.model_path": str(recogniser),
            "Det.limit_type": "max",
            "Det.limit_side_len": _DETECTED,
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )
    # The package prepares a picture in float64: 10 ms for 512 x 384 pixels, and here 2 ms.
    reader._load_det_model().get_preprocess = lambda: prepared
    return reader


def prepared(pixels: NDArray[np.uint8]) -> NDArray[np.float32] | None:
    """Return a picture, (height, width, 3), as PP-OCR's detector takes it, (1, 3, rows, columns).

    It is made no larger, and both sides are multiples of 32; None where one has no room for that.
    The numbers are those of the package.
    """
    import cv2

    scale = min(1.0, _DETECTED / max(pixels.shape))
    rows, columns = (round(int(side * scale) / 32) * 32 for side in pixels.shape[:2])
    if not rows or not columns:
        return None
    planes = cv2.resize(pixels, (columns, rows)).transpose(2, 0, 1)[None]
    return np.asarray(planes * np.float32(1 / 127.5) - np.float32(1), np.float32)


def is_text(line: str, sure: float) -> bool:
    """Tell whether a line is to be read in the picture, and not just a pattern that looks so."""
    return sure >= _SURE and sum(map(str.isalnum, line)) >= _LEAST_LETTERS


@dataclass(frozen=True, slots=True)
class Tile:
    """A piece of a picture, in rows of pixels: what is looked at, [top, bottom), and where
    the middle of a line is that belongs to it, [start, end)."""

    top: int
    bottom: int
    start: int
    end: int


def tiles(image: Image.Image) -> Iterator[Tile]:
    """Pieces of equal height that together hold every line once; mostly it is one."""
    width, height = image.size
    count = min(ceil(height / (_TALLEST * width)), _MOST_TILES)
    step = min(ceil(height / count), ceil(_TALLEST * width))
    overlap = round(_OVERLAP * width)
    for start in range(0, count * step, step):
        end = min(start + step, height)
        yield Tile(max(0, start - overlap), min(end + overlap, height), start, end)


def parts(lines: Iterable[str]) -> list[str]:
    """Join lines into as few parts of at most ``_PART`` characters as hold them.

    The parts are of about one length; a longer line is a part by itself.
    """
    lines = list(lines)
    total = sum(len(line) + 1 for line in lines)
    room = total / max(1, ceil(total / _PART))
    joined: list[str] = []
    for line in lines:
        last = len(joined[-1]) if joined else 0
        if joined and last < room and last + 1 + len(line) <= _PART:
            joined[-1] += f" {line}"
        else:
            joined.append(line)
    return joined
