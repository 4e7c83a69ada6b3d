"""Cut a part out of a video or a sound, without decoding what can be copied.

Sound is cut between its packets, some 20 ms long. Pictures are copied where the part begins at a
keyframe, and encoded anew elsewhere: a copy would have to begin at the keyframe before, and
whoever is given the file could look at what was cut off.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias, cast

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from engine.common.progress import CancelToken
from engine.config import Settings
from engine.errors import EmptyMedia, MediaTooLarge
from engine.media import container as containers
from engine.media import video_memory
from engine.media.file_errors import check_pixels
from engine.media.upright import Upright

LONGEST = 600.0
"""Seconds of a part, at most."""
_MOST_BYTES = 256 * 2**20
_MOST_WORK = 25.0
"""Seconds that a cut may take: a server answers within 30."""
_SAME = 0.05
"""Seconds by which a keyframe may miss the time at which a part begins."""
_EARLIER = (0.0, 5.0, 30.0)
"""Seconds before the wanted time to seek to, in turn."""
_PICTURES = frozenset({"h264", "hevc", "av1", "vp9", "libdav1d"})
"""Codecs of pictures that an MP4 holds and that players show."""
_SOUNDS = frozenset({"aac", "mp3", "mp3float", "opus", "libopus", "alac"})
_ENDINGS = {
    "mp3": ".mp3", "mp3float": ".mp3", "aac": ".m4a", "alac": ".m4a", "opus": ".ogg",
    "libopus": ".ogg", "vorbis": ".ogg", "libvorbis": ".ogg",
}  # fmt: skip
"""Endings of files by the codec of a sound; PCM is cut as WAV, and all others are encoded."""
_LOSSLESS = frozenset({"flac", "tta", "wavpack", "ape", "truehd", "mlp"})
_Cut: TypeAlias = "_Copied | _EncodedPictures | _EncodedSound"


def cut(
    path: Path, settings: Settings, start: float, end: float, to: Path,
    cancel: CancelToken | None = None,
) -> Path:  # fmt: skip
    """Write a part of a video or a sound to a new file, and return its path.

    Args:
        start: seconds from the start of the file, as players count them.
        end: likewise; no more than ``LONGEST`` after ``start``.
        to: where to, without the ending, which depends on what is in it.

    Raises:
        EmptyMedia: there is nothing between the two times.
        MediaTooLarge: it is too long, too large, or would take too long.
        UnreadableMedia, CorruptMedia: the file cannot be read as it is now.
        Cancelled: ``cancel`` was.
    """
    if end - start > LONGEST:
        raise MediaTooLarge(f"a part has {LONGEST:.0f} seconds at most; choose a shorter one")
    limits = _Limits(time.monotonic() + _MOST_WORK, cancel or CancelToken())
    made: Path | None = None
    try:
        with containers.open_container(path) as source, ExitStack() as held:
            pictures, sound = containers.video_stream(source), containers.audio_stream(source)
            if pictures is not None:
                check_pixels(pictures.width, pictures.height, settings)
                held.enter_context(video_memory.reserved(pictures, settings))
            made = to.with_name(to.name + _ending(pictures, sound))
            _write(source, pictures, sound, _Span(source, start, end), made, limits)
    except containers.DECODE_ERRORS as error:
        if made is not None:
            made.unlink(missing_ok=True)
        raise containers.translate(error, "part") from error
    except BaseException:
        if made is not None:
            made.unlink(missing_ok=True)
        raise
    return made


@dataclass(slots=True)
class _Limits:
    """The limits that a cut has: seconds of work, bytes, and somebody who waits for it."""

    until: float
    cancel: CancelToken
    written: int = 0

    def check(self, packet: Packet[Stream] | None = None) -> None:
        """Count what is written.

        Raises:
            MediaTooLarge, Cancelled: it is too much, or nobody waits for it.
        """
        self.cancel.check()
        self.written += packet.size if packet is not None else 0
        if self.written > _MOST_BYTES:
            raise MediaTooLarge(f"a part has {_MOST_BYTES >> 20} MiB at most; choose a shorter one")
        if time.monotonic() > self.until:
            raise MediaTooLarge("it takes too long to encode; choose a shorter part")


class _Span:
    """The part, on the container's own time line."""

    def __init__(self, source: InputContainer, start: float, end: float) -> None:
        zero = containers.origin(source)
        self.start, self.end = zero + start, zero + end

    def shifted(self, stamp: int, base: Fraction) -> int:
        """Return a time stamp that counts from the start of the part."""
        return stamp - round(self.start / base)


def _ending(pictures: VideoStream | None, sound: AudioStream | None) -> str:
    if pictures is not None:
        return ".mp4"
    if sound is None:
        raise EmptyMedia("nothing is to be seen or heard in it")
    name = sound.codec_context.name
    if name.startswith("pcm_"):
        return ".wav"
    return ".flac" if name in _LOSSLESS else _ENDINGS.get(name, ".m4a")


def _write(
    source: InputContainer, pictures: VideoStream | None, sound: AudioStream | None,
    span: _Span, made: Path, limits: _Limits,
) -> None:  # fmt: skip
    options = {"movflags": "+faststart"} if made.suffix in (".mp4", ".m4a") else {}
    with av.open(str(made), "w", options=options) as out:
        cuts: dict[int, _Cut] = {}
        if pictures is not None:
            copied = _begins_at_keyframe(source, pictures, span)
            cuts[pictures.index] = (
                _Copied(out, pictures, span, alone=False)
                if copied
                else _EncodedPictures(out, pictures, span)
            )
        if sound is not None:
            cuts[sound.index] = _sound(out, sound, span, made.suffix)
        _seek(source, pictures or sound, span.start + (_SAME if pictures is not None else 0))
        waiting: list[Packet[Stream]] = []  # the size of pictures is known once there is one
        for ready in _cut_packets(source, cuts, span, limits):
            waiting.append(ready)
            if all(each.begun for each in cuts.values()):
                out.mux(waiting)
                waiting.clear()
        if pictures is not None and not cuts[pictures.index].begun:
            raise EmptyMedia("nothing is to be seen in that part")
        out.mux(waiting)
    if not limits.written:
        raise EmptyMedia("nothing is to be heard in that part")


def _cut_packets(
    source: InputContainer, cuts: dict[int, _Cut], span: _Span, limits: _Limits
) -> Iterator[Packet[Stream]]:
    """Yield the packets of the part, and what the codecs have held back."""
    for packet in _packets(source, cuts, span):
        limits.check()
        for ready in cuts[packet.stream.index].take(packet):
            limits.check(ready)
            yield ready
    for each in cuts.values():
        for ready in each.rest():
            limits.check(ready)
            yield ready


def _sound(out: OutputContainer, sound: AudioStream, span: _Span, ending: str) -> _Cut:
    name = sound.codec_context.name
    fits = name in _SOUNDS if ending in (".mp4", ".m4a") else ending != ".flac"
    if fits:
        return _Copied(out, sound, span, alone=ending != ".mp4")
    return _EncodedSound(out, sound, span, "flac" if ending == ".flac" else "aac")


def _begins_at_keyframe(source: InputContainer, stream: VideoStream, span: _Span) -> bool:
    """Tell whether the pictures of a part can be copied: it begins at a keyframe."""
    if stream.codec_context.name not in _PICTURES or containers.jumps(source) is not None:
        return False
    _seek(source, stream, span.start + _SAME)
    for packet in source.demux(stream):
        if packet.pts is None or packet.dts is None:
            return False
        at = float(packet.pts * packet.time_base)
        if packet.is_keyframe and abs(at - span.start) <= _SAME:
            return True
        if at > span.start + _SAME:
            return False
    return False


def _seek(source: InputContainer, stream: Stream | None, at: float) -> None:
    """Go to a packet at or before a time; without an index, a seek may land behind it."""
    if stream is None or stream.time_base is None or containers.jumps(source) is not None:
        return
    with suppress(*containers.DECODE_ERRORS):
        for earlier in _EARLIER:
            wanted = int(max(0.0, at - earlier) / stream.time_base)
            source.seek(wanted, stream=stream)
            packets = source.demux(stream)
            first = next(
                (each for each in packets if each.is_keyframe and each.pts is not None), None
            )
            if first is not None and float((first.pts or 0) * first.time_base) <= at:
                source.seek(wanted, stream=stream)
                return
    source.seek(0)


def _packets(
    source: InputContainer, cuts: dict[int, _Cut], span: _Span
) -> Iterator[Packet[Stream]]:
    """Yield the packets of the streams that are cut, until all of them are past the end."""
    going = set(cuts)
    for packet in source.demux([source.streams[index] for index in cuts]):
        stamp = packet.dts if packet.dts is not None else packet.pts
        if stamp is None or packet.stream.index not in going:
            continue
        if float(stamp * packet.time_base) >= span.end:
            going.discard(packet.stream.index)
            if not going:
                return
            continue
        yield packet


class _Copied:
    """A stream whose packets are copied as they are."""

    def __init__(self, out: OutputContainer, stream: Stream, span: _Span, *, alone: bool) -> None:
        """Take a stream.

        Args:
            alone: begin its first packet at 0: not all files of sound can have one before.
        """
        self._to = out.add_stream_from_template(stream)
        self._span, self._alone, self.begun = span, alone, False
        self._early = _SAME if stream.type == "video" else 0.0
        self._zero, self._next = 0, -(2**62)

    def take(self, packet: Packet[Stream]) -> Iterator[Packet[Stream]]:
        """Yield a packet that belongs to the part, with its time in it."""
        if packet.pts is None or not packet.size:
            return
        if self._early and not self.begun and not packet.is_keyframe:
            return
        base = packet.time_base
        length = 0 if self._early else packet.duration or 0
        # Pictures that are shown before the keyframe refer to what was cut off.
        if float((packet.pts + length) * base) < self._span.start - self._early + 1e-6:
            return
        shifted = self._span.shifted(packet.pts, base)
        if not self.begun:
            self._zero = shifted if self._alone else 0
        self.begun = True
        packet.pts = shifted - self._zero
        if packet.dts is not None:
            # Files whose clock stumbles are played; a muxer takes none that goes back.
            packet.dts = max(self._span.shifted(packet.dts, base) - self._zero, self._next)
            packet.pts, self._next = max(packet.pts, packet.dts), packet.dts + 1
        packet.stream = self._to
        yield packet

    def rest(self) -> Iterator[Packet[Stream]]:
        """Yield nothing: all packets have been copied."""
        return iter(())


class _EncodedPictures:
    """Pictures that are decoded, turned upright, and encoded as H.264."""

    def __init__(self, out: OutputContainer, stream: VideoStream, span: _Span) -> None:
        stream.codec_context.thread_count = 1
        self._stream, self._span, self._out = stream, span, out
        self._upright = Upright(stream, span.end - span.start)
        rate = stream.average_rate or stream.guessed_rate or Fraction(25)
        self._to = out.add_stream("libx264", rate=rate)
        self._to.codec_context.options = {"preset": "veryfast", "crf": "20"}
        self._to.codec_context.thread_count = 2
        self._to.pix_fmt = "yuv420p"
        self._to.time_base = self._to.codec_context.time_base = stream.time_base or 1 / rate
        self._last: int | None = None

    @property
    def begun(self) -> bool:
        """True once there is a picture."""
        return self._last is not None

    def take(self, packet: Packet[Stream]) -> Iterator[Packet[Stream]]:
        """Yield what a packet of the source completes."""
        yield from self._encode(cast("list[VideoFrame]", _decoded(packet)))

    def rest(self) -> Iterator[Packet[Stream]]:
        """Yield the packets that the codecs have held back."""
        yield from self._encode(cast("list[VideoFrame]", _flushed(self._stream)))
        if self._last is not None:
            yield from self._to.encode(None)

    def _encode(self, frames: list[VideoFrame]) -> Iterator[Packet[Stream]]:
        for frame in frames:
            if frame.time is None or not self._span.start - 1e-3 <= frame.time < self._span.end:
                continue
            assert frame.pts is not None and frame.time_base is not None
            shifted = max(0, self._span.shifted(frame.pts, frame.time_base))
            if self._last is not None and shifted <= self._last:
                continue
            upright = self._upright(frame)
            if self._last is None:
                self._to.width, self._to.height = upright.width, upright.height
            upright.pts, upright.time_base = shifted, frame.time_base
            self._last = shifted
            yield from self._to.encode(upright)


class _EncodedSound:
    """A sound that is decoded and encoded anew, since its codec fits no file that players take."""

    def __init__(self, out: OutputContainer, stream: AudioStream, span: _Span, codec: str) -> None:
        stream.codec_context.thread_count = 1
        self._stream, self._span = stream, span
        self._to = cast("AudioStream", out.add_stream(codec, rate=stream.rate))
        self._to.layout = "mono" if stream.channels == 1 else "stereo"
        self._resampler = av.AudioResampler(
            format=self._to.codec_context.format, layout=self._to.layout, rate=stream.rate
        )
        self._written = 0
        self.begun = True
        """Its form is known before there is a sample of it."""

    def take(self, packet: Packet[Stream]) -> Iterator[Packet[Stream]]:
        """Yield what a packet of the source completes."""
        yield from self._encode(cast("list[AudioFrame]", _decoded(packet)))

    def rest(self) -> Iterator[Packet[Stream]]:
        """Yield the packets that the codecs have held back."""
        yield from self._encode(cast("list[AudioFrame]", _flushed(self._stream)))
        if self._written:
            yield from self._to.encode(None)

    def _encode(self, frames: list[AudioFrame]) -> Iterator[Packet[Stream]]:
        for frame in frames:
            if frame.time is None or frame.time >= self._span.end:
                continue
            if frame.time + frame.samples / frame.sample_rate <= self._span.start:
                continue
            for ready in self._resampler.resample(frame):
                ready.pts, ready.time_base = self._written, Fraction(1, ready.sample_rate)
                self._written += ready.samples
                yield from self._to.encode(ready)


def _decoded(packet: Packet[Stream]) -> list[VideoFrame] | list[AudioFrame]:
    """Return what a packet holds; one that is damaged holds nothing."""
    try:
        return cast("list[VideoFrame]", packet.decode())
    except containers.DECODE_ERRORS:
        return []


def _flushed(stream: VideoStream | AudioStream) -> list[VideoFrame] | list[AudioFrame]:
    try:
        return cast("list[VideoFrame]", stream.codec_context.decode(None))
    except containers.DECODE_ERRORS:
        return []
