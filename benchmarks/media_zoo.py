"""A zoo of small media: every container and codec that FFmpeg writes here, and pictures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

RATE = 25
"""Frames a second of the videos."""
SECONDS = 1.2
_SIZE = (64, 48)
_DV_SIZE = (720, 576)
_H261_SIZE = (176, 144)


@dataclass(frozen=True, slots=True)
class Specimen:
    """A file of the zoo: its name, and how it is made."""

    name: str
    container: str
    video: str | None = None
    audio: str | None = None
    pixels: str = "yuv420p"
    size: tuple[int, int] = _SIZE
    rate: int = 16000
    layout: str = "mono"


# fmt: off
VIDEOS = (
    Specimen("a.mp4", "mp4", "libx264", "aac"), Specimen("b.mp4", "mp4", "libx264", "libmp3lame"),
    Specimen("c.mp4", "mp4", "libx265", "aac"), Specimen("d.mp4", "mp4", "mpeg4", "mp2"),
    Specimen("e.mp4", "mp4", "libsvtav1", "libopus", rate=48000),
    Specimen("f.mp4", "mp4", "libvpx-vp9", "flac"), Specimen("g.mp4", "mp4", "libx264", "ac3", rate=48000),
    Specimen("h.mp4", "mp4", "libx264"), Specimen("i.mp4", "mp4", "mjpeg", "alac", "yuvj420p"),
    Specimen("a.m4v", "ipod", "libx264", "aac"), Specimen("a.f4v", "f4v", "libx264", "aac"),
    Specimen("a.mov", "mov", "libx264", "pcm_s16le"), Specimen("b.mov", "mov", "mjpeg", "pcm_s16be", "yuvj420p"),
    Specimen("c.mov", "mov", "prores_ks", "aac", "yuv422p10le"), Specimen("d.mov", "mov", "qtrle", None, "rgb24"),
    Specimen("e.mov", "mov", "png", "alac", "rgb24"), Specimen("f.mov", "mov", "cfhd", None, "yuv422p10le"),
    Specimen("g.mov", "mov", "svq1", "adpcm_ima_qt", "yuv410p"), Specimen("h.mov", "mov", "dnxhd", None, "yuv422p10le", (256, 128)),
    Specimen("a.3gp", "3gp", "mpeg4", "aac"), Specimen("a.3g2", "3g2", "libx264", "aac"),
    Specimen("b.3gp", "3gp", "h263", "libopencore_amrnb", size=_H261_SIZE, rate=8000),
    Specimen("a.mkv", "matroska", "libx264", "ac3", rate=48000), Specimen("b.mkv", "matroska", "ffv1", "flac"),
    Specimen("c.mkv", "matroska", "mpeg2video", "mp2"), Specimen("d.mkv", "matroska", "libvpx", "vorbis", layout="stereo"),
    Specimen("e.avi", "avi", "utvideo", "pcm_s24le"), Specimen("m.avi", "avi", "huffyuv", "eac3", "yuv422p", rate=48000),
    Specimen("h.mkv", "matroska", "snow", None, "yuv420p"),
    Specimen("n.avi", "avi", "magicyuv", "pcm_alaw"), Specimen("o.avi", "avi", "wmv2", "libmp3lame"),
    Specimen("k.mkv", "matroska", "rawvideo", "wavpack"),
    Specimen("a.webm", "webm", "libvpx", "libopus", rate=48000), Specimen("b.webm", "webm", "libvpx-vp9", "vorbis", layout="stereo"),
    Specimen("c.webm", "webm", "libsvtav1", None),
    Specimen("a.avi", "avi", "mpeg4", "libmp3lame"), Specimen("b.avi", "avi", "mjpeg", "pcm_s16le", "yuvj420p"),
    Specimen("c.avi", "avi", "libx264", "ac3", rate=48000), Specimen("d.avi", "avi", "msmpeg4v2", "mp2"),
    Specimen("e.avi", "avi", "cinepak", "pcm_u8", "rgb24"), Specimen("f.avi", "avi", "rawvideo", "adpcm_ms", "bgr24"),
    Specimen("g.avi", "avi", "ffvhuff", "aac"), Specimen("h.avi", "avi", "msvideo1", None, "rgb555le"),
    Specimen("i.avi", "avi", "asv1", None), Specimen("j.avi", "avi", "zmbv", "pcm_mulaw", "bgr0"),
    Specimen("k.avi", "avi", "flashsv", None, "bgr24"), Specimen("l.avi", "avi", "h263p", "wmav2"),
    Specimen("a.mpg", "mpeg", "mpeg1video", "mp2"), Specimen("b.mpg", "mpeg", "mpeg2video", "mp2"),
    Specimen("c.mpg", "mpeg", "mpeg1video"), Specimen("a.vob", "vob", "mpeg2video", "mp2"),
    Specimen("b.vob", "vob", "mpeg2video", "ac3", rate=48000), Specimen("c.vob", "dvd", "mpeg2video", "pcm_dvd", rate=48000, layout="stereo"),
    Specimen("a.dat", "vcd", "mpeg1video", "mp2", rate=44100, layout="stereo"), Specimen("b.dat", "svcd", "mpeg2video", "mp2", rate=44100),
    Specimen("a.ts", "mpegts", "libx264", "aac"), Specimen("b.ts", "mpegts", "mpeg2video", "mp2"),
    Specimen("c.ts", "mpegts", "libx265", "ac3", rate=48000), Specimen("d.ts", "mpegts", "libx264", "libmp3lame"),
    Specimen("e.m2ts", "mpegts", "libx264", "eac3", rate=48000), Specimen("f.ts", "mpegts", "mpeg4", "libopus", rate=48000),
    Specimen("a.flv", "flv", "flv", "libmp3lame", rate=44100), Specimen("b.flv", "flv", "libx264", "aac"),
    Specimen("c.flv", "flv", "flashsv", "pcm_u8", "bgr24", rate=11025), Specimen("d.flv", "flv", "flashsv2", "nellymoser", "bgr24", rate=22050),
    Specimen("a.wmv", "asf", "wmv2", "wmav2"), Specimen("b.wmv", "asf", "wmv1", "wmav1"), Specimen("c.asf", "asf", "msmpeg4", "libmp3lame"),
    Specimen("a.wtv", "wtv", "mpeg2video", "mp2"), Specimen("a.ogv", "ogv", "libvpx", "vorbis", layout="stereo"),
    Specimen("b.ogv", "ogg", "libvpx", "flac"),
    Specimen("a.mxf", "mxf", "mpeg2video", "pcm_s16le", rate=48000), Specimen("b.mxf", "mxf", "libx264", "pcm_s24le", "yuv420p", rate=48000),
    Specimen("a.nut", "nut", "mpeg4", "libmp3lame"), Specimen("b.nut", "nut", "ffv1", "pcm_s16le"),
    Specimen("a.ivf", "ivf", "libvpx"), Specimen("b.ivf", "ivf", "libvpx-vp9"), Specimen("c.ivf", "ivf", "libsvtav1"),
    Specimen("a.rm", "rm", "rv10", "ac3", size=_H261_SIZE, rate=48000), Specimen("b.rm", "rm", "rv20", None, size=_H261_SIZE),
    Specimen("a.dv", "dv", "dvvideo", "pcm_s16le", size=_DV_SIZE, rate=48000, layout="stereo"),
    Specimen("a.y4m", "yuv4mpegpipe", "wrapped_avframe"), Specimen("a.gxf", "gxf", "mpeg2video", "pcm_s16le", size=_DV_SIZE, rate=48000),
    Specimen("a.roq", "roq", "roqvideo", "roq_dpcm", "yuvj444p", rate=22050), Specimen("a.mjpg", "mjpeg", "mjpeg", None, "yuvj420p"),
    Specimen("a.h264", "h264", "libx264"), Specimen("a.hevc", "hevc", "libx265"), Specimen("a.m4v", "m4v", "mpeg4"),
    Specimen("a.m1v", "mpeg1video", "mpeg1video"), Specimen("a.m2v", "mpeg2video", "mpeg2video"), Specimen("a.h263", "h263", "h263", size=_H261_SIZE),
    Specimen("a.h261", "h261", "h261", size=_H261_SIZE), Specimen("a.obu", "obu", "libsvtav1"),
    Specimen("a.psp", "psp", "libx264", "aac"), Specimen("a.ismv", "ismv", "libx264", "aac"), Specimen("a.smjpeg", "smjpeg", "mjpeg", "pcm_s16le", "yuvj420p"),
    Specimen("a.film", "film_cpk", "cinepak", "pcm_s16be_planar", "rgb24"),
)
SOUNDS = (
    Specimen("s.mp4", "mp4", None, "aac"), Specimen("s.m4a", "ipod", None, "alac"), Specimen("s.mka", "matroska", None, "vorbis", layout="stereo"),
    Specimen("s.webm", "webm", None, "libopus", rate=48000), Specimen("s.mov", "mov", None, "pcm_s16le"), Specimen("s.avi", "avi", None, "libmp3lame"),
    Specimen("s.ts", "mpegts", None, "aac"), Specimen("t.ts", "mpegts", None, "mp2"), Specimen("s.mpg", "mpeg", None, "mp2"), Specimen("s.flv", "flv", None, "libmp3lame", rate=44100),
    Specimen("s.3gp", "3gp", None, "libopencore_amrnb", rate=8000), Specimen("s.wma", "asf", None, "wmav2"), Specimen("s.nut", "nut", None, "flac"),
    Specimen("s.mxf", "mxf_opatom", None, "pcm_s16le", rate=48000),
    Specimen("s.wav", "wav", None, "pcm_s16le"), Specimen("t.wav", "wav", None, "libmp3lame"), Specimen("u.wav", "wav", None, "adpcm_ima_wav"), Specimen("v.wav", "wav", None, "pcm_f64le"),
    Specimen("s.w64", "w64", None, "pcm_s16le"), Specimen("s.aiff", "aiff", None, "pcm_s16be"), Specimen("s.caf", "caf", None, "pcm_s16be"), Specimen("t.caf", "caf", None, "alac"),
    Specimen("s.au", "au", None, "pcm_s16be"), Specimen("t.au", "au", None, "pcm_mulaw"), Specimen("s.voc", "voc", None, "pcm_u8"), Specimen("s.sox", "sox", None, "pcm_s32le"),
    Specimen("s.mp3", "mp3", None, "libmp3lame"), Specimen("s.mp2", "mp2", None, "mp2"), Specimen("s.aac", "adts", None, "aac"), Specimen("s.latm", "latm", None, "aac"),
    Specimen("s.ac3", "ac3", None, "ac3", rate=48000), Specimen("s.eac3", "eac3", None, "eac3", rate=48000), Specimen("s.flac", "flac", None, "flac"),
    Specimen("s.ogg", "ogg", None, "vorbis", layout="stereo"), Specimen("s.opus", "opus", None, "libopus", rate=48000), Specimen("t.oga", "oga", None, "flac"),
    Specimen("s.tta", "tta", None, "tta"), Specimen("s.wv", "wv", None, "wavpack"), Specimen("s.amr", "amr", None, "libopencore_amrnb", rate=8000),
    Specimen("s.adx", "adx", None, "adpcm_adx"), Specimen("s.g722", "g722", None, "g722"),
    Specimen("s.rm", "rm", None, "real_144", rate=8000), Specimen("s.ast", "ast", None, "pcm_s16be_planar"), Specimen("s.sf", "ircam", None, "pcm_s16le"),
    Specimen("s.rso", "rso", None, "pcm_u8"), Specimen("s.mmf", "mmf", None, "adpcm_yamaha", rate=22050), Specimen("s.spx", "oga", None, "vorbis", layout="stereo"),
)
# fmt: on


def scene(number: int, size: tuple[int, int] = _SIZE) -> Image.Image:
    """Draw the frame of this number: red that turns to blue half-way, with a moving bar."""
    late = number >= SECONDS * RATE / 2
    picture = Image.new("RGB", size, (30, 40, 220) if late else (220, 30, 30))
    at = number * 2 % size[0]
    picture.paste((30, 200, 40), (at, 0, at + size[0] // 8, size[1] // 2))
    return picture


def make(specimen: Specimen, folder: Path, seconds: float = SECONDS) -> Path:
    """Write the file; what FFmpeg lacks here raises its error."""
    path = folder / specimen.name
    with av.open(str(path), "w", format=specimen.container) as output:
        video = _video_stream(output, specimen)
        sound = _sound_stream(output, specimen)
        packets = [*_pictures(video, specimen, seconds), *_tone(sound, specimen, seconds)]
        packets.sort(key=lambda packet: float((packet.dts or 0) * (packet.time_base or 0)))
        for packet in packets:
            output.mux(packet)
    return path


def _video_stream(output: Any, specimen: Specimen) -> Any:
    if specimen.video is None:
        return None
    stream = output.add_stream(specimen.video, rate=RATE, options=_fast(specimen.video))
    stream.width, stream.height = specimen.size
    stream.pix_fmt = specimen.pixels
    stream.gop_size = 10
    if specimen.video in ("dnxhd",):
        stream.bit_rate = 36_000_000
    return stream


def _fast(codec: str) -> dict[str, str]:
    return {
        "libx264": {"preset": "ultrafast"},
        "libx265": {"preset": "ultrafast", "x265-params": "log-level=none"},
        "libvpx": {"deadline": "realtime", "cpu-used": "8"},
        "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8"},
        "libsvtav1": {"preset": "12"},
        "snow": {"strict": "-2"},
        "vorbis": {"strict": "-2"},
        "dca": {"strict": "-2"},
        "mlp": {"strict": "-2"},
        "truehd": {"strict": "-2"},
        "dnxhd": {"profile": "dnxhr_hqx"},
    }.get(codec, {})


def _sound_stream(output: Any, specimen: Specimen) -> Any:
    if specimen.audio is None:
        return None
    stream = output.add_stream(
        specimen.audio, rate=specimen.rate, layout=specimen.layout, options=_fast(specimen.audio)
    )
    if specimen.audio == "libopencore_amrnb":
        stream.bit_rate = 12_200
    if specimen.audio.startswith("wma"):
        stream.bit_rate = 64_000
    return stream


def _pictures(stream: Any, specimen: Specimen, seconds: float) -> Iterator[Any]:
    if stream is None:
        return
    for number in range(round(seconds * RATE)):
        frame = av.VideoFrame.from_image(scene(number, specimen.size))
        frame = frame.reformat(format=specimen.pixels)
        frame.pts, frame.time_base = number, Fraction(1, RATE)
        yield from stream.encode(frame)
    yield from stream.encode(None)


def _tone(stream: Any, specimen: Specimen, seconds: float) -> Iterator[Any]:
    if stream is None:
        return
    channels = 2 if specimen.layout == "stereo" else 1
    plane = np.ascontiguousarray(np.tile(tone(seconds, specimen.rate), (channels, 1)))
    frame = av.AudioFrame.from_ndarray(plane, format="fltp", layout=specimen.layout)
    frame.sample_rate, frame.pts, frame.time_base = specimen.rate, 0, Fraction(1, specimen.rate)
    size = stream.codec_context.frame_size or 1024
    resampler = av.AudioResampler(stream.format, stream.layout, stream.rate, frame_size=size)
    for piece in [*resampler.resample(frame), *resampler.resample(None)]:
        yield from stream.encode(piece)
    yield from stream.encode(None)


def tone(seconds: float, rate: int, hertz: float = 440.0) -> NDArray[np.float32]:
    """Make a sine of half of full scale, (n,) float32."""
    times = np.arange(round(seconds * rate)) / rate
    return (0.5 * np.sin(2 * np.pi * hertz * times)).astype(np.float32)
