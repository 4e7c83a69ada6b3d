"""Choose the frames of a video that are decoded at all.

Keyframes cost nothing but themselves, so they come first; see ``video.py`` for
the two kinds of file where they are too few or too many.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from av.codec.context import CodecContext
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from engine.media import container as containers

_FINEST, _COARSEST = 0.25, 1.0
"""Seconds between frames worth comparing, in the shortest and in long videos."""
_BURST = 4.0
"""Keyframes that may follow one another at once, as they do at quick cuts."""
_LEAST_GAP, _LARGEST_GAP = 1.0, 10.5
"""Seconds between keyframes past which the frames between are decoded, in the
shortest and in long videos. x264 sets its keyframes at cuts and otherwise every
250 frames, which is 10.4 s of film, and those need not be decoded."""
_WORK = 2 * 10**10
"""Pixels decoded between keyframes, at most: some 6 minutes of 1080p."""
_WAITING_BYTES = 64 * 2**20
"""Packets kept until it is known how far the next keyframe is."""
_DENSE = 8
"""Keyframes per wanted frame from which seeking reads less than walking."""


def sampled_frames(
    container: InputContainer, stream: VideoStream, seconds: float
) -> Iterator[VideoFrame]:
    """Frames in the order of time, near enough to one another to find the cuts.

    Raises what the decoder raised, where it gave no frame at all.
    """
    stream.codec_context.thread_count = 1
    stream.codec_context.skip_frame = "NONREF"
    step = min(_COARSEST, max(_FINEST, seconds / 120))
    dense = _keyframes(stream) > _DENSE * (seconds / step + _BURST)
    if dense and containers.jumps(container) is None:
        yield from _seeking(container, stream, seconds, step)
        return
    failure: BaseException | None = None
    given = False
    try:
        for frame in _Walk(container, stream, seconds, step).frames():
            given = True
            yield frame
    except containers.DECODE_ERRORS as error:
        if given:
            raise
        failure = error
    if not given:  # a stream that marks no keyframe, as those do that refresh bit by bit
        yield from _all_frames(container, stream, failure)


def packet_time(packet: Packet[VideoStream]) -> float | None:
    """Seconds on the container's timeline, None for the packet that ends a stream."""
    stamp = packet.pts if packet.pts is not None else packet.dts
    if stamp is None:
        return None
    base = packet.time_base  # as integers: products of fractions cost as much as the walk
    return stamp * base.numerator / base.denominator


def _all_frames(
    container: InputContainer, stream: VideoStream, failure: BaseException | None
) -> Iterator[VideoFrame]:
    """Yield every frame that can be decoded from the start, while the work lasts.

    Raises ``failure`` where there is none.
    """
    errors: list[BaseException] = []
    work = _WORK
    with suppress(*containers.BREAKS), containers.opened_again(container) as other:
        pictures = other.streams.video[container.streams.video.index(stream)]
        decoder = PictureDecoder(pictures)
        for packet in containers.timed_packets(other, pictures):
            for frame in decoder.decode(packet, errors):
                failure = None
                yield frame
            work -= stream.width * stream.height
            if work < 0:
                break
    if failure is not None:
        raise failure


def _keyframes(stream: VideoStream) -> int:
    """Keyframes that the container's index lists; 0 where it has none."""
    return sum(entry.is_keyframe for entry in getattr(stream, "index_entries", ()))


class PictureDecoder:
    """Decodes the packets of one stream, from a keyframe on.

    FFmpeg's own decoders of VP8 and VP9 leave out the transparency that such a stream may
    have; those of libvpx know it.
    """

    def __init__(self, stream: VideoStream) -> None:
        self._clear: CodecContext | None = None
        name = _WITH_ALPHA.get(stream.codec_context.name)
        if name and "1" in (stream.metadata.get(key) for key in ("alpha_mode", "ALPHA_MODE")):
            with suppress(*containers.DECODE_ERRORS):  # it is not in every FFmpeg
                clear = CodecContext.create(name, "r")
                clear.thread_count = 1
                self._clear = clear

    def decode(self, packet: Packet[VideoStream], errors: list[BaseException]) -> list[VideoFrame]:
        """Return the frames that ``packet`` completes; a damaged one is noted and gives none."""
        if self._clear is None:
            return decode(packet, errors)
        try:
            found = self._clear.decode(packet if packet.size else None)  # type: ignore[attr-defined]
            return [frame for frame in found if not frame.is_corrupt]
        except containers.DECODE_ERRORS as error:
            errors.append(error)
            return []


def decode(packet: Packet[VideoStream], errors: list[BaseException]) -> list[VideoFrame]:
    """Return the frames that ``packet`` completes; a damaged one is noted and gives none."""
    try:
        return [frame for frame in packet.decode() if not frame.is_corrupt]
    except containers.DECODE_ERRORS as error:
        errors.append(error)
        return []


_WITH_ALPHA = {"vp8": "libvpx", "vp9": "libvpx-vp9", "libvpx-vp9": "libvpx-vp9"}


def _seeking(
    container: InputContainer, stream: VideoStream, seconds: float, step: float
) -> Iterator[VideoFrame]:
    """Yield the first keyframe at or after every step, where all frames are keyframes."""
    assert stream.time_base is not None
    zero = containers.origin(container)
    errors: list[BaseException] = []
    decoder = PictureDecoder(stream)
    given = 0
    for number in range(max(1, int(seconds / step))):
        target = int((zero + number * step) / stream.time_base)
        try:
            container.seek(target, stream=stream)
            packet = next(p for p in container.demux(stream) if p.is_keyframe and p.size)
        except (StopIteration, *containers.DECODE_ERRORS) as error:
            errors.append(error)
            continue
        frames = decoder.decode(packet, errors)
        if not frames:  # the decoder holds it back to reorder, which seeking would drop
            frames = [f for f in stream.codec_context.decode(None) if not f.is_corrupt]
        given += len(frames)
        yield from frames
    if errors and not given:
        raise errors[0]


@dataclass(slots=True)
class _Walk:
    """One pass over the packets; decides for each whether it is decoded."""

    container: InputContainer
    stream: VideoStream
    seconds: float
    step: float
    allowance: float = _BURST
    """Keyframes that may be decoded now; grows by one every ``step`` seconds."""
    last_key: float = 0.0
    filling: bool = False
    """The frames between keyframes are being decoded."""
    waiting: list[Packet[VideoStream]] = field(default_factory=list)
    waiting_bytes: int = 0
    fillable: bool = False
    """The keyframe that ``waiting`` needs has been decoded."""
    work: int = field(default_factory=lambda: _WORK)

    def frames(self) -> Iterator[VideoFrame]:
        errors: list[BaseException] = []
        decoder = PictureDecoder(self.stream)
        given = 0
        for packet in self._packets(errors):
            for chosen in self._choose(packet):
                frames = decoder.decode(chosen, errors)
                given += len(frames)
                yield from frames
        if errors and not given:
            raise errors[0]

    def _packets(self, errors: list[BaseException]) -> Iterator[Packet[VideoStream]]:
        """Yield every packet to where the file ends or breaks off, and the one that flushes."""
        try:
            yield from containers.timed_packets(self.container, self.stream)
        except containers.DECODE_ERRORS as error:
            errors.append(error)

    def _choose(self, packet: Packet[VideoStream]) -> list[Packet[VideoStream]]:
        """Return the packets to decode now that ``packet`` has been read."""
        time = packet_time(packet)
        if time is None:  # the end, or a frame that no time can be given
            return [] if packet.size else [packet]
        if packet.is_keyframe:
            return self._keyframe(packet, time)
        if self.filling:
            return self._fill([packet])
        if self.fillable:
            self.waiting.append(packet)
            self.waiting_bytes += packet.size
            if time - self.last_key > self._gap:
                return self._begin_filling()
            if self.waiting_bytes > _WAITING_BYTES:
                self._drop()
        return []

    def _keyframe(self, packet: Packet[VideoStream], time: float) -> list[Packet[VideoStream]]:
        self._drop()
        self.allowance = min(_BURST, self.allowance + max(0.0, time - self.last_key) / self.step)
        self.last_key = time
        self.fillable = self.allowance >= 1
        if not self.fillable:
            return []
        self.allowance -= 1
        return [packet]

    @property
    def _gap(self) -> float:
        return min(_LARGEST_GAP, max(_LEAST_GAP, self.seconds / 8))

    def _begin_filling(self) -> list[Packet[VideoStream]]:
        waiting = self.waiting
        self.waiting, self.waiting_bytes, self.filling = [], 0, True
        return self._fill(waiting)

    def _fill(self, packets: list[Packet[VideoStream]]) -> list[Packet[VideoStream]]:
        """``packets`` while the work lasts; afterwards, keyframes only."""
        self.work -= len(packets) * self.stream.width * self.stream.height
        if self.work < 0:
            self._drop()
            return []
        return packets

    def _drop(self) -> None:
        self.waiting, self.waiting_bytes, self.filling, self.fillable = [], 0, False, False
