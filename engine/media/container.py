"""FFmpeg containers of sound and video: opening them, their streams, times and metadata.

Files are decoded by a pool of threads, one file each, so every decoder gets a
single thread: more would only fight over the same cores.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from functools import cache, lru_cache
from pathlib import Path
from typing import TypeVar, cast

import av
import av.error
import av.logging
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from engine.errors import EmptyMedia, MediaError
from engine.media import captions, place, timeline
from engine.media.file_errors import corrupt, open_file, unreadable
from engine.media.timeline import Timeline, on_one_line
from engine.types import Kind

# FFmpeg's log would go to stderr; every error that counts is raised as well.
av.logging.set_level(None)

_S = TypeVar("_S", bound=Stream)

DECODE_ERRORS = (av.error.FFmpegError, ValueError, RuntimeError, IndexError)
"""The errors of PyAV for damaged data; ``OSError`` of the file is among the first."""
BREAKS = (*DECODE_ERRORS, LookupError)
"""Streams of a second reading, in which a damaged file may show fewer than in the first."""

# fmt: off
_REFUSED = frozenset({
    "concat", "dash", "hls", "imf", "lavfi", "rtp", "rtsp", "sap", "sdp", "segment", "tty", "data",
    "ffmetadata", "bin", "xbin", "adf", "idf", "svs", "alsa", "oss", "fbdev", "kmsgrab", "x11grab",
    "video4linux2,v4l2", "vobsub", "mpsub", "ass", "srt", "webvtt", "lrc", "microdvd", "sbg",
    "adx", "vapoursynth", "bitpacked", "rawvideo", "codec2raw",
})
# fmt: on
"""Formats that read other files or devices, or that take any text for moving pictures; and ADX,
whose reader in FFmpeg divides by zero, which ends the process."""
_BARE_PICTURES = frozenset(
    ("mpegvideo", "h261", "h263", "h264", "hevc", "vvc", "m4v", "mjpeg", "obu", "dirac", "vc1")
)
"""Formats of pictures one after another, without a clock: FFmpeg makes up their times."""
_WITHOUT_DURATION = _BARE_PICTURES | frozenset(
    ("mp3", "aac", "ac3", "eac3", "dts", "dtshd", "truehd", "mlp", "loas", "sbc", "gsm")
)
"""Formats whose header gives no length: FFmpeg's guess from the bitrate can be far off."""
_GIVING_THE_END = ("matroska", "nut")
"""Formats whose header gives the last time stamp, wherever the first one is."""
_SMALL_PROGRAM = 8 * 2**20
"""Bytes of a program stream under which its length is counted, not guessed from its ends."""
_ASSUMED_RATE = Fraction(25)
"""Frames per second of a video that does not say."""
_PRIMING = 0.25
"""Seconds by which a sound may begin below zero for being primed: HE-AAC at 22 kHz takes 0.13."""
_OUT_OF_ORDER = 1.0
"""Seconds by which the first packet of a file may be shown after another one."""
_QUICKTIME = "com.apple.quicktime."
_PLACES = ("location.iso6709", "location")
_CAPTIONS = ("title", "description", "comment")
_LANGUAGE = re.compile(r"-[a-z]{3}$")


@contextmanager
def open_container(path: Path) -> Iterator[InputContainer]:
    """Open the container for reading; FFmpeg's errors in the block are translated too.

    Raises:
        EmptyMedia: the file has no bytes.
        UnreadableMedia: permission denied, vanished, a folder, an I/O error.
        CorruptMedia: FFmpeg finds no container in it, or gives up later on.
    """
    # FFmpeg reports damage by the system's error numbers as well ("operation not
    # permitted"); what can be opened here is known to be readable.
    with open_file(path) as stream:
        try:
            empty = not stream.read(1)
        except OSError as error:
            raise unreadable(error) from error
    if empty:
        raise EmptyMedia("no bytes")
    try:
        container = _open(f"file:{path}")
    except DECODE_ERRORS as error:
        raise translate(error, "container") from error
    with container:
        try:
            yield container
        except av.error.FFmpegError as error:
            raise translate(error, "content") from error


@cache
def _options() -> dict[str, str]:
    # A playlist or a reference inside a file must not make FFmpeg fetch anything else.
    readable = sorted(av.formats_available - _REFUSED)
    return {"protocol_whitelist": "file", "format_whitelist": ",".join(readable)}


def _open(url: str) -> InputContainer:
    container = av.open(url, "r", options=_options(), metadata_errors="replace")
    if container.format.name != "image2":
        return container
    # A picture's name makes FFmpeg take the file for pictures, unless its first bytes
    # say otherwise. Of the sounds that get here, only MP3 has none that do.
    container.close()
    return av.open(url, "r", format="mp3", options=_options(), metadata_errors="replace")


def translate(error: BaseException, what: str) -> MediaError:
    """Translate an exception of PyAV to one line, without the path that FFmpeg puts in it."""
    strerror = error.strerror if isinstance(error, av.error.FFmpegError) else None
    return corrupt(strerror or str(error), what)


def video_stream(container: InputContainer) -> VideoStream | None:
    """Return the first stream of moving pictures; cover art and thumbnails are none."""
    moving = _moving(container)
    return next((stream for stream in moving if stream.codec_context is not None), None)


_STILL = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image


def _moving(container: InputContainer) -> list[VideoStream]:
    return [stream for stream in container.streams.video if not stream.disposition & _STILL]


def has_streams(container: InputContainer) -> bool:
    """Tell whether there are moving pictures or sound in it, decodable or not."""
    return bool(_moving(container) or container.streams.audio)


def kind_of(container: InputContainer, *, sure: bool = False) -> Kind | None:
    """Return whether it holds a video or a sound; None where nothing in it can be decoded.

    Moving pictures make a video, also where their codec is unknown and only the sound
    beside them can be decoded.

    Args:
        sure: the content is a guess: only a stream whose header was understood counts.
    """
    video, sound = video_stream(container), audio_stream(container)
    if video is not None and sure and not video.codec_context.width:
        video = None
    if sound is not None and sure and not sound.codec_context.sample_rate:
        sound = None
    if video is None and sound is None:
        return None
    return Kind.VIDEO if video is not None or _moving(container) else Kind.AUDIO


def audio_stream(container: InputContainer) -> AudioStream | None:
    """Return the soundtrack that a player would choose, or None."""
    playable = [s for s in container.streams.audio if s.codec_context is not None]
    main = [s for s in playable if s.disposition & Disposition.default]
    return next(iter(main or playable), None)


def origin(container: InputContainer) -> float:
    """Return where the timeline of a player begins, in the container's own seconds.

    The earliest stream starts it. The few milliseconds below zero by which an
    encoder primes its sound are not played and must not move the pictures.
    """
    start = (container.start_time or 0) / av.time_base
    line = jumps(container)
    if line is not None and line.first is not None and abs(start - line.first) > _OUT_OF_ORDER:
        return line.first  # FFmpeg has probed past a jump
    video = video_stream(container)
    if -_PRIMING < start < 0 and video is not None:
        return max(start, min(0.0, stream_start(video)))
    return start


def stream_start(stream: Stream) -> float:
    """Return when the first packet of ``stream`` is shown, in the container's seconds."""
    if stream.start_time is None or stream.time_base is None:
        return 0.0
    return float(stream.start_time * stream.time_base)


def duration(container: InputContainer, stream: Stream) -> float:
    """Seconds from the origin to the end, as the header says.

    Where no header says it (MP3, ADTS, recordings cut off or streamed to the
    file) the packets are walked once, without decoding.
    """
    name = container.format.name
    line = jumps(container)
    if line is not None:
        return line.end - origin(container)
    small = name == "mpeg" and container.size < _SMALL_PROGRAM
    # Writers of ASF give the length, or the last time stamp: the same where times begin at 0.
    late = name == "asf" and origin(container) > _OUT_OF_ORDER
    if small or late or name in _WITHOUT_DURATION:
        return _walked_duration(container, stream)
    if container.duration is not None and container.duration > 0:
        length = container.duration / av.time_base
        ends = name.startswith(_GIVING_THE_END)
        zero = origin(container)
        return length - zero if ends and not -_PRIMING < zero < 0 else length
    if stream.duration and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    return _walked_duration(container, stream)


def _walked_duration(container: InputContainer, stream: Stream) -> float:
    """Return the end of the last packet, by a reader of its own: not every file can go back."""
    end = zero = origin(container)
    shown = 0  # by all packets together, where they carry no times, or all the same one
    base = stream.time_base or Fraction(0)
    at: int | None = None  # when the next packet is decoded: not all need to carry times
    delay: int | None = None  # from there to when it is shown
    with suppress(*BREAKS), opened_again(container) as again:
        for packet in again.demux(again.streams[stream.index]):
            length = packet.duration or 0
            shown += length
            if packet.pts is not None:
                end = max(end, float((packet.pts + length) * packet.time_base))
            if packet.dts is not None:
                at = packet.dts
                if delay is None and packet.pts is not None:
                    delay = max(0, packet.pts - packet.dts)
            if at is not None:
                at += length
                if packet.pts is None and packet.size:
                    end = max(end, float((at + (delay or 0)) * packet.time_base))
    # Where the file is damaged, what came before still counts.
    span, pictures = end - zero, float(shown * base)
    if container.format.name in _BARE_PICTURES:
        # Of one that was cut, the times that are made up may begin behind its first picture.
        return max(span, pictures)
    return span if span > pictures / 2 else pictures


def jumps(container: InputContainer) -> Timeline | None:
    """Return the time line of a file whose clock jumps, from its start to its end, or None.

    All packets of a format whose clock may jump are walked for it, once for each file.
    """
    return _jumps(container.name, container.size) if timeline.may_jump(container) else None


@lru_cache(maxsize=64)
def _jumps(name: str, _size: int) -> Timeline | None:
    line = Timeline()
    with suppress(*DECODE_ERRORS), _open(name) as container:
        for _ in on_one_line(container.demux(*_timed_streams(container)), line):
            pass
    return line if line.jumps else None


def _timed_streams(container: InputContainer) -> list[Stream]:
    found = (video_stream(container), audio_stream(container))
    return [stream for stream in found if stream is not None]


def demuxed(container: InputContainer, stream: _S) -> Iterator[Packet[_S]]:
    """Yield the packets of a stream, from the start, on the time line of the whole file.

    Its sound and its pictures are on the same one, also where the clock of the file jumps.
    """
    if jumps(container) is None:
        yield from cast("Iterator[Packet[_S]]", container.demux(stream))
        return
    followed: list[Stream] = [*_timed_streams(container), stream]
    streams = {track.index: track for track in followed}
    for packet in on_one_line(container.demux(*streams.values()), Timeline()):
        if packet.stream.index == stream.index:
            yield packet


def opened_again(container: InputContainer) -> InputContainer:
    """Open the file of a container once more, at its start."""
    return _open(container.name)


def timed_packets(container: InputContainer, stream: VideoStream) -> Iterator[Packet[VideoStream]]:
    """Yield the packets of a stream; those without a time are given one by their number.

    Elementary streams (H.264, HEVC) carry none: one picture follows another.
    """
    base = stream.time_base
    rate = stream.average_rate or stream.guessed_rate or _ASSUMED_RATE
    step = max(1, round(1 / (rate * base))) if base else 1
    expected = stream.start_time or 0
    for packet in demuxed(container, stream):
        if packet.size and packet.pts is None and packet.dts is None:
            packet.pts = expected
        stamp = packet.dts if packet.dts is not None else packet.pts
        expected = expected if stamp is None else stamp + (packet.duration or step)
        yield packet


def place_of(container: InputContainer) -> tuple[float, float] | None:
    """Return where the container says that it was recorded: latitude and longitude in degrees."""
    metadata = plain_metadata(container)
    found = (place.from_iso_6709(metadata.get(key, "")) for key in _PLACES)
    return next(filter(None, found), None)


def caption_of(container: InputContainer) -> str | None:
    """Return what a person wrote into the container: title, description and comment."""
    metadata = plain_metadata(container)
    return captions.caption(metadata.get(key, "") for key in _CAPTIONS)


def plain_metadata(container: InputContainer) -> dict[str, str]:
    """Return the container's metadata by plain names: ``location`` for ``LOCATION-eng``, too."""
    found: dict[str, str] = {}
    for key, value in _metadata(container):
        plain = _LANGUAGE.sub("", key.lower().removeprefix(_QUICKTIME))
        found.setdefault(plain, value)
    return found


def _metadata(container: InputContainer) -> Iterator[tuple[str, str]]:
    yield from container.metadata.items()
    # Ogg has none of its own. In other containers a stream's title is "English" or "5.1".
    if container.format.name == "ogg":
        for stream in container.streams:
            yield from stream.metadata.items()
