"""Videos into keyframes, one for each shot.

Most files are read without decoding more than their keyframes, which encoders
put at cuts and at regular distances. Two kinds are read otherwise. Where
keyframes lie far apart (a whole recording can hang on its first one) the frames
between them are decoded, up to a limit of work. Where every frame is a keyframe,
the file is sampled by seeking. Either way one frame is decoded at a time and
a handful is held.
"""

from __future__ import annotations

import struct
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from math import ceil
from pathlib import Path

from av.buffer import Buffer
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

from engine.config import Settings
from engine.errors import EmptyMedia, UnsupportedMedia
from engine.media import container as containers
from engine.media import container_dates, video_memory
from engine.media.alpha import over_background
from engine.media.dates import date_of
from engine.media.file_errors import check_pixels
from engine.media.hdr import ColourCode, tone_mapped
from engine.media.sampling import sampled_frames
from engine.media.seeking import frame_at
from engine.media.shots import Look, Shot, ShotCandidate, find_shots
from engine.types import Kind

_SPACING = 0.1
"""Seconds between frames that are compared where there are no keyframes."""
_LAST_FRAME = 0.04
"""Seconds that the last frame is shown where the header's length falls short of it."""
_WIDEST = 5
"""Times that a pixel is wider than high, past which the header is damaged."""
_UNSPECIFIED = 2
"""AVCOL_SPC_UNSPECIFIED: the file does not say by which matrix YUV becomes RGB."""
_SIDEWAYS = (
    Image.Transpose.ROTATE_90,
    Image.Transpose.ROTATE_270,
    Image.Transpose.TRANSPOSE,
    Image.Transpose.TRANSVERSE,
)
_TURNS = {
    (0, 1, -1, 0): Image.Transpose.ROTATE_270,
    (-1, 0, 0, -1): Image.Transpose.ROTATE_180,
    (0, -1, 1, 0): Image.Transpose.ROTATE_90,
    (-1, 0, 0, 1): Image.Transpose.FLIP_LEFT_RIGHT,
    (1, 0, 0, -1): Image.Transpose.FLIP_TOP_BOTTOM,
    (0, 1, 1, 0): Image.Transpose.TRANSPOSE,
    (0, -1, -1, 0): Image.Transpose.TRANSVERSE,
}
"""By the signs of a, b, c, d of the display matrix, which sends the stored pixel
(x, y) to (ax + cy, bx + dy), y downwards."""


@dataclass(frozen=True, slots=True)
class Keyframe:
    """The frame that stands for a shot."""

    image: Image.Image
    """RGB, upright, its shortest side reduced to the asked one."""
    time: float
    """Seconds from the start of the video, within [start, end)."""
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """A video before its frames are decoded."""

    width: int | None
    """Pixels as shown, after rotation and with square pixels; None where no picture is decoded."""
    height: int | None
    duration: float
    """Seconds."""
    has_audio: bool
    taken_at: str | None
    """ISO 8601 without a zone."""
    place: tuple[float, float] | None
    """Latitude and longitude in degrees."""
    caption: str | None
    """Title, description and comment."""


def probe_video(path: Path) -> VideoInfo:
    """Size, length and what metadata says; decodes the first frame, which alone knows its rotation.

    Raises:
        EmptyMedia: no bytes, or no video stream.
        UnreadableMedia: the file cannot be opened or read.
        CorruptMedia: FFmpeg finds no container in it.
    """
    with containers.open_container(path) as container:
        sound = containers.audio_stream(container)
        stream = containers.video_stream(container)
        size: tuple[int | None, int | None] = (None, None)
        if stream is not None:
            size = _shown_size(stream.width, stream.height, stream)
            if _turn(_first_frame(container, stream)) in _SIDEWAYS:
                size = size[::-1]
        timed = stream or sound
        if timed is None:
            raise EmptyMedia("no video stream")
        return VideoInfo(
            *size,
            containers.duration(container, timed),
            sound is not None,
            date_of(container_dates.date_claims(container)),
            containers.place_of(container),
            containers.caption_of(container),
        )


def read_keyframes(path: Path, settings: Settings, min_side: int) -> Iterator[Keyframe]:
    """Yield one keyframe per shot, in order; the shots tile [0, duration) without a gap.

    Times are those that the frames carry, so they hold at variable frame rates
    too. There are at most ``settings.keyframes_per_minute`` on average, and at
    least one. A long shot without change gets one a minute. Damaged packets are
    skipped; a video that breaks off gives what came before, its last shot
    reaching to the end that the header promised.

    Args:
        min_side: pixels to which the shortest side of larger videos is reduced.

    Raises:
        EmptyMedia: no bytes, no video stream, or no frames.
        UnreadableMedia: the file cannot be opened or read.
        MediaTooLarge: past ``settings.max_pixels``; nothing was decoded.
        CorruptMedia: not one frame can be decoded.
    """
    with containers.open_container(path) as container, ExitStack() as room:
        stream = _pictures(container)
        check_pixels(stream.width, stream.height, settings)
        room.enter_context(video_memory.reserved(stream, settings))
        seconds = containers.duration(container, stream)
        per_minute = settings.keyframes_per_minute
        most = max(1, ceil(seconds * per_minute / 60))
        frames = _candidates(container, stream, seconds, min_side)
        shots = find_shots(frames, per_minute, most)
        shot = next(shots, None)
        if shot is None:
            raise EmptyMedia("no frames")
        for following in shots:
            yield _keyframe(shot, following.start)
            shot = following
        yield _keyframe(shot, max(seconds, shot.candidates[-1].time + _LAST_FRAME))


def read_samples(
    path: Path, settings: Settings, min_side: int
) -> Iterator[tuple[float, Image.Image]]:
    """Yield frames with their times in seconds, in order, as close as shots are looked for with.

    They are keyframes, and where those lie far apart, frames between.

    Args:
        min_side: pixels to which the shortest side of larger videos is reduced.

    Raises:
        EmptyMedia, UnreadableMedia, MediaTooLarge, CorruptMedia: as ``read_keyframes``.
    """
    with containers.open_container(path) as container, ExitStack() as room:
        stream = _pictures(container)
        check_pixels(stream.width, stream.height, settings)
        room.enter_context(video_memory.reserved(stream, settings))
        seconds = containers.duration(container, stream)
        given = False
        for frame in _candidates(container, stream, seconds, min_side):
            given = True
            yield frame.time, frame.image
        if not given:
            raise EmptyMedia("no frames")


def read_still(path: Path, settings: Settings, time: float | None, min_side: int) -> Image.Image:
    """Return what a player shows at ``time``, RGB and upright.

    Args:
        time: seconds from the start of the video; past its end, the last frame. None
            is a tenth of the way in, where a fade from black is mostly over.
        min_side: pixels to which the shortest side of larger videos is reduced.

    Raises:
        EmptyMedia, UnreadableMedia, MediaTooLarge, CorruptMedia: as ``read_keyframes``.
    """
    with closing(read_stills(path, settings, [time], min_side)) as stills:
        return next(stills)


def read_stills(
    path: Path, settings: Settings, times: Sequence[float | None], min_side: int
) -> Generator[Image.Image, None, None]:
    """Yield what a player shows at each of some times, as ``read_still`` does, opened once."""
    with containers.open_container(path) as container:
        stream = _pictures(container)
        check_pixels(stream.width, stream.height, settings)
        for time in times:
            if time is None:
                time = containers.duration(container, stream) / 10
            zero = containers.origin(container)
            try:
                frame = frame_at(container, stream, zero + max(0.0, time))
            except containers.DECODE_ERRORS as error:
                raise containers.translate(error, "video") from error
            if frame is None:
                raise EmptyMedia("no frames")
            image, turn = _picture(frame, stream, min_side), _turn(frame)
            yield image if turn is None else image.transpose(turn)


def _pictures(container: InputContainer) -> VideoStream:
    stream = containers.video_stream(container)
    if stream is None and containers.kind_of(container) is Kind.VIDEO:
        raise UnsupportedMedia("its codec is none that FFmpeg decodes here")
    if stream is None:
        raise EmptyMedia("no video stream")
    return stream


def _keyframe(shot: Shot, end: float) -> Keyframe:
    chosen = shot.keyframe(end)
    return Keyframe(chosen.image, chosen.time, shot.start, end)


def _candidates(
    container: InputContainer, stream: VideoStream, seconds: float, min_side: int
) -> Iterator[ShotCandidate]:
    """Yield the sampled frames as pictures, in strictly rising time."""
    zero = containers.origin(container)
    turn: Image.Transpose | None = None
    try:
        frames = _thinned(sampled_frames(container, stream, seconds), zero)
        for number, (frame, time) in enumerate(frames):
            if number == 0:  # of a stream, not of a frame; and see ``_turn``
                turn = _turn(frame)
            image = _picture(frame, stream, min_side)
            image = image if turn is None else image.transpose(turn)
            yield ShotCandidate(image, time, Look.of_picture(image))
    except containers.DECODE_ERRORS as error:
        raise containers.translate(error, "video") from error


def _thinned(frames: Iterator[VideoFrame], zero: float) -> Iterator[tuple[VideoFrame, float]]:
    """Frames with their times, all keyframes and of the others one per ``_SPACING``.

    One that comes too early is held back: a slide that follows moving pictures
    does, and it is the one that stays.
    """
    last = -_SPACING
    early: tuple[VideoFrame, float] | None = None
    for frame in frames:
        time = max(0.0, (frame.time or 0.0) - zero)
        if early is not None and time >= early[1] + _SPACING:
            yield early
            last = early[1]
        early = None
        if time >= last + _SPACING or (frame.key_frame and time > last):
            yield frame, time
            last = time
        elif time > last:
            early = frame, time
    if early is not None:
        yield early


def _picture(frame: VideoFrame, stream: VideoStream, min_side: int) -> Image.Image:
    """Convert the frame to RGB, as stored, its shortest side at most ``min_side``."""
    width, height = _shown_size(frame.width, frame.height, stream)
    scale = min(1.0, min_side / min(width, height))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    colours = ColourCode(frame.color_primaries, frame.color_trc)
    if not colours.is_ordinary:
        deep = frame.reformat(*size, format="rgb48le", interpolation="AREA").to_ndarray()
        return Image.fromarray(tone_mapped(deep, 65535, colours))
    if any(component.is_alpha for component in frame.format.components):
        return _over_background(frame, size)
    # Untagged high definition is BT.709; swscale would take it for BT.601.
    guess = "ITU709" if frame.colorspace == _UNSPECIFIED and frame.height >= 720 else None
    image: Image.Image = frame.to_image(  # type: ignore[no-untyped-call]
        width=size[0],
        height=size[1],
        interpolation="AREA",
        src_colorspace=guess,
    )
    return image


def _over_background(frame: VideoFrame, size: tuple[int, int]) -> Image.Image:
    """Convert a frame with transparency to RGB over what shows its content.

    Raw video has a fourth channel that often means nothing, and then is zero throughout.
    """
    pixels = frame.reformat(*size, format="rgba", interpolation="AREA").to_ndarray()
    shown = Image.fromarray(pixels, "RGBA")
    if not pixels[..., 3].any() and frame.format.name in _RAW_ALPHA:
        return shown.convert("RGB")
    return over_background(shown)


_RAW_ALPHA = ("bgra", "rgba", "argb", "abgr")


def _shown_size(width: int, height: int, stream: VideoStream) -> tuple[int, int]:
    """Square pixels: the width as a player stretches it, before rotation."""
    ratio = stream.sample_aspect_ratio
    if not ratio or not 1 / _WIDEST <= ratio <= _WIDEST:
        return width, height
    return max(1, round(width * ratio)), height


def _turn(frame: VideoFrame | None) -> Image.Transpose | None:
    """Return the transposition that turns a frame upright, from its display matrix.

    Asking for side data ties a frame into a reference cycle, so that its pixels
    stay until the next garbage collection: not to be done for each frame.
    """
    if frame is None:
        return None
    matrix = frame.side_data.get("DISPLAYMATRIX")
    if not isinstance(matrix, Buffer):
        return None
    a, b, _, c, d = struct.unpack("=5i", bytes(matrix)[:20])
    return _TURNS.get(tuple((value > 0) - (value < 0) for value in (a, b, c, d)))


def _first_frame(container: InputContainer, stream: VideoStream) -> VideoFrame | None:
    """None where nothing can be decoded, which is for ``read_keyframes`` to say."""
    try:
        return next(container.decode(stream), None)
    except containers.DECODE_ERRORS:
        return None
