"""The text that is to be read in the pictures of one file, in their order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from PIL import Image

from engine.encoders.protocols import ScreenBridge
from engine.encoders.towers import Towers
from engine.types import Modality, Moment
from indexers.decode_events import Note, Prepared, TowerInput
from indexers.fault_messages import MediaFault, fault


def pictures(shown: Iterable[tuple[Image.Image, Moment]], towers: Towers) -> Iterator[Prepared]:
    """Yield each picture prepared for its tower."""
    for image, moment in shown:
        yield Prepared(moment, TowerInput.PICTURE, towers.prepare_picture(image))


def texts(
    shown: Iterable[tuple[Image.Image, Moment]], bridge: ScreenBridge
) -> Iterator[Prepared | Note]:
    """Yield the texts of pictures, each once for as long as it stays.

    One that cannot be read costs a note. Where ``shown`` breaks off, what was read before
    is kept.

    Raises:
        Exception: that of ``shown``.
    """
    reader = _Reader(bridge)
    broken: Exception | None = None
    try:
        for image, moment in shown:
            yield from reader.take(image, moment)
    except Exception as error:  # whatever a decoder runs into
        broken = error
    yield from reader.rest()
    if broken is not None:
        raise broken


class _Reader:
    """Reads one picture after another, and makes one moment of a text that stays.

    It stays as long as each next picture shows the very same: one moment then lasts
    from the start of the first to the end of the last.
    """

    def __init__(self, bridge: ScreenBridge) -> None:
        self._bridge = bridge
        self._staying: dict[str, Moment] = {}
        self._fault: MediaFault | None = None

    def take(self, image: Image.Image, seen: Moment) -> Iterator[Prepared]:
        """Read a picture, and hand over what it shows no more."""
        staying: dict[str, Moment] = {}
        for text in self._read(image):
            first = self._staying.pop(text, None) or Moment(
                Modality.SCREEN, seen.start, ordinal=seen.ordinal, text=text
            )
            staying.setdefault(text, replace(first, end=seen.end))
        yield from self._ended()
        self._staying = staying

    def _read(self, image: Image.Image) -> Iterator[str]:
        try:
            found = self._bridge.read(image)
        except Exception as error:  # whatever a recogniser runs into
            self._fault = self._fault or fault(error)
            return
        yield from filter(None, map(str.strip, found))

    def rest(self) -> Iterator[Prepared | Note]:
        """Yield the texts that the last picture shows, and a note if any could not be read."""
        yield from self._ended()
        if self._fault is not None:
            yield Note(f"text on screen: {self._fault.reason}", self._fault.code)

    def _ended(self) -> Iterator[Prepared]:
        for text, moment in self._staying.items():
            yield Prepared(moment, TowerInput.TEXT, text)
