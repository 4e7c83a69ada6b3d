"""The frame of a video that is shown at a time, for little work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from engine.media import container as containers
from engine.media.sampling import PictureDecoder, packet_time

_SAME = 0.001
"""Seconds by which a frame may come after the time that it is asked for by."""
_EARLIER = (0.0, 5.0, 30.0)
"""Seconds before the wanted time to seek to, in turn: in a container without an index
(MPEG-TS) a seek lands between keyframes, and what comes next is too late. Then the
file is read from its start."""
_WORK = 4 * 10**9
"""Pixels decoded at most: some two thousand frames of 1080p, a few seconds of work."""
_NEAR = 1.0
"""Seconds before the wanted time from which every frame is decoded, also those that
no other frame refers to."""


def frame_at(container: InputContainer, stream: VideoStream, time: float) -> VideoFrame | None:
    """Return the last frame that begins at or before ``time``; None where there is no frame.

    It is sought from the keyframe before. Where that lies further back than the work
    allows, the nearest frame that was decoded stands for it.

    Args:
        time: seconds on the container's own timeline.

    Raises what the decoder raised, where it gave no frame at all.
    """
    if not stream.codec_context.is_open:  # a later frame of the same stream
        stream.codec_context.thread_count = 1
    errors: list[BaseException] = []
    found: list[VideoFrame] = []
    for start in (
        () if _cannot_seek(container, stream) else (time - earlier for earlier in _EARLIER)
    ):
        _seek(container, stream, start)
        frame = _walk(container, stream, time, errors)
        if frame is not None:
            found.append(frame)
            if _at(frame) <= time + _SAME:
                return frame
    with suppress(*containers.BREAKS), containers.opened_again(container) as other:
        pictures = other.streams.video[container.streams.video.index(stream)]
        pictures.codec_context.thread_count = 1
        frame = _walk(other, pictures, time, errors, from_start=True)
        found += [] if frame is None else [frame]
    if errors and not found:
        raise errors[0]
    return min(found, key=lambda frame: abs(_at(frame) - time), default=None)


def _cannot_seek(container: InputContainer, stream: VideoStream) -> bool:
    """Tell whether packets are timed by their number or by those before: a seek loses that."""
    untimed = stream.start_time is None and not stream.index_entries
    return untimed or containers.jumps(container) is not None


def _seek(container: InputContainer, stream: VideoStream, time: float) -> None:
    assert stream.time_base is not None
    with suppress(*containers.DECODE_ERRORS):  # then what is left of the file is walked
        container.seek(int(max(0.0, time) / stream.time_base), stream=stream)


def _walk(
    container: InputContainer,
    stream: VideoStream,
    time: float,
    errors: list[BaseException],
    *,
    from_start: bool = False,
) -> VideoFrame | None:
    found: VideoFrame | None = None
    for frame in _frames(container, stream, time, errors, from_start):
        if found is not None and _at(frame) > time + _SAME:
            break
        found = frame
    return found


def _frames(
    container: InputContainer,
    stream: VideoStream,
    time: float,
    errors: list[BaseException],
    from_start: bool,
) -> Iterator[VideoFrame]:
    """Frames from where the container stands, while the work lasts.

    From the first keyframe on, unless that is the start: what a seek lands on between
    two keyframes some decoders show in grey.
    """
    work = _WORK
    begun = from_start
    decoder = PictureDecoder(stream)
    packets = containers.timed_packets(container, stream)
    if from_start and containers.jumps(container) is not None:
        packets = _from_keyframe(packets, time)
    try:
        for packet in packets:
            at = packet_time(packet)
            near = at is None or at > time - _NEAR
            stream.codec_context.skip_frame = "DEFAULT" if near else "NONREF"
            begun = begun or packet.is_keyframe or not packet.size
            if begun:
                yield from decoder.decode(packet, errors)
            work -= stream.width * stream.height
            if work < 0:
                break
    except containers.DECODE_ERRORS as error:
        errors.append(error)


def _from_keyframe(
    packets: Iterator[Packet[VideoStream]], time: float
) -> Iterator[Packet[VideoStream]]:
    """Yield packets from the last keyframe at or before ``time`` on, which are all it takes."""
    waiting: list[Packet[VideoStream]] = []
    for packet in packets:
        at = packet_time(packet)
        if at is not None and at <= time + _SAME:
            if packet.is_keyframe:
                waiting.clear()
            waiting.append(packet)
        else:
            yield from waiting
            waiting.clear()
            yield packet
    yield from waiting


def _at(frame: VideoFrame) -> float:
    return frame.time or 0.0
