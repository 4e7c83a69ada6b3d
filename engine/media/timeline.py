"""One time line for all streams of a file whose own clock jumps.

Recorders and cameras append one recording to another (``cat a.ts b.ts``), broadcasts are
spliced, and clocks of 33 bits run over. FFmpeg's demuxers hand on the times as they are
written; its command line mends them, and so does this: where a stream's time falls back, or
leaps by more than ten seconds, what follows is moved to where that stream was, all streams
by the same amount.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_JUMPING = 0x200
"""AVFMT_TS_DISCONT: the format may have clocks that jump."""
_BACK = 0.3
"""Seconds that a decoding time may fall back; streams are muxed a little out of step."""
_AHEAD = 10.0
"""Seconds past which a leap is another clock and no pause, as in FFmpeg."""
_REORDERED = 60.0
"""Seconds that a picture is shown after it is decoded, at most."""
_APART = 1.0
"""Seconds that one stream may end before another in a recording; else the later one counts."""


class Timeline:
    """Finds the offset of every packet, given in the order of the file.

    Attributes:
        jumps: how many times the clock has jumped so far.
        end: the latest time at which a packet so far ends, on the line.
        first: the earliest time at which a packet so far is shown, or None.
    """

    def __init__(self) -> None:
        self.jumps = 0
        self.end = 0.0
        self.first: float | None = None
        # A packet that was begun before a jump may come out of the demuxer after it.
        self._offset = self._before = 0.0
        self._expected: dict[int, float] = {}

    def offset(self, stream: int, stamp: float, seconds: float) -> float:
        """Return what to add to the times of a packet.

        Args:
            stream: its number.
            stamp: when it is decoded, in seconds of the container's clock.
            seconds: how long it is shown.
        """
        expected = self._expected.get(stream)
        offset = self._offset
        if expected is not None and not self._fits(stamp + offset, expected):
            if self.jumps and self._goes_on(stamp + self._before, expected):
                offset = self._before
            else:
                latest = max(self._expected.values())
                begin = expected if latest - expected < _APART else latest
                self._before, self._offset = offset, begin - stamp
                self.jumps, offset = self.jumps + 1, begin - stamp
        self._expected[stream] = stamp + offset + seconds
        return offset

    def _goes_on(self, time: float, expected: float) -> bool:
        """Tell whether a packet belongs before the last jump: its stream goes on without a pause.

        A pause of the clock before would be one for this stream alone, and the others are moved.
        """
        return expected - _BACK <= time <= expected + _APART

    def _fits(self, time: float, expected: float) -> bool:
        latest = max(self._expected.values())
        return expected - _BACK <= time <= max(expected, latest) + _AHEAD


def may_jump(container: Any) -> bool:
    """Tell whether the clock of a container's format may jump."""
    return bool(container.format.flags & _JUMPING)


def on_one_line(packets: Iterator[Any], line: Timeline) -> Iterator[Any]:
    """Yield packets of several streams, in the order of the file, with times on one line."""
    for packet in packets:
        stamp = packet.dts if packet.dts is not None else packet.pts
        if stamp is not None and packet.time_base:
            base = packet.time_base
            length = float((packet.duration or 0) * base)
            if packet.pts is not None and abs(packet.pts - stamp) * base > _REORDERED:
                packet.pts = stamp  # one of the two has run over, and the other has not
            offset = line.offset(packet.stream.index, float(stamp * base), length)
            _move(packet, round(offset / base))
            shown = float((packet.dts if packet.pts is None else packet.pts) * base)
            if line.first is None or not line.jumps:
                line.first = shown if line.first is None else min(line.first, shown)
            line.end = max(line.end, shown + length)
        yield packet


def _move(packet: Any, ticks: int) -> None:
    if ticks:
        packet.pts = None if packet.pts is None else packet.pts + ticks
        packet.dts = None if packet.dts is None else packet.dts + ticks
