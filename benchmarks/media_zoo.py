"""A zoo of small media: every container and codec that FFmpeg writes here, and pictures."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

os.environ.setdefault("SVT_LOG", "0")  # SVT-AV1 writes its settings to stderr
RATE = 25
"""Frames a second of the videos."""
SECONDS = 1.2
_SIZE = (64, 48)


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


_VIDEOS = """
a.mp4 mp4 libx264 aac
b.mp4 mp4 libx264 libmp3lame
c.mp4 mp4 libx265 aac
d.mp4 mp4 mpeg4 mp2
e.mp4 mp4 libsvtav1 libopus rate=48000
f.mp4 mp4 libvpx-vp9 flac
g.mp4 mp4 libx264 ac3 rate=48000
h.mp4 mp4 libx264 -
i.mp4 mp4 mjpeg alac pixels=yuvj420p
a.m4v ipod libx264 aac
a.f4v f4v libx264 aac
a.mov mov libx264 pcm_s16le
b.mov mov mjpeg pcm_s16be pixels=yuvj420p
c.mov mov prores_ks aac pixels=yuv422p10le
d.mov mov qtrle - pixels=rgb24
e.mov mov png alac pixels=rgb24
f.mov mov cfhd - pixels=yuv422p10le
g.mov mov svq1 adpcm_ima_qt pixels=yuv410p
h.mov mov dnxhd - pixels=yuv422p10le size=256x128
a.3gp 3gp mpeg4 aac
a.3g2 3g2 libx264 aac
b.3gp 3gp h263 libopencore_amrnb size=176x144 rate=8000
a.mkv matroska libx264 ac3 rate=48000
b.mkv matroska ffv1 flac
c.mkv matroska mpeg2video mp2
d.mkv matroska libvpx vorbis layout=stereo
e.avi avi utvideo pcm_s24le
m.avi avi huffyuv eac3 pixels=yuv422p rate=48000
h.mkv matroska snow -
n.avi avi magicyuv pcm_alaw
o.avi avi wmv2 libmp3lame
k.mkv matroska rawvideo wavpack
a.webm webm libvpx libopus rate=48000
b.webm webm libvpx-vp9 vorbis layout=stereo
c.webm webm libsvtav1 -
a.avi avi mpeg4 libmp3lame
b.avi avi mjpeg pcm_s16le pixels=yuvj420p
c.avi avi libx264 ac3 rate=48000
d.avi avi msmpeg4v2 mp2
e.avi avi cinepak pcm_u8 pixels=rgb24
f.avi avi rawvideo adpcm_ms pixels=bgr24
g.avi avi ffvhuff aac
h.avi avi msvideo1 - pixels=rgb555le
i.avi avi asv1 -
j.avi avi zmbv pcm_mulaw pixels=bgr0
k.avi avi flashsv - pixels=bgr24
l.avi avi h263p wmav2
a.mpg mpeg mpeg1video mp2
b.mpg mpeg mpeg2video mp2
c.mpg mpeg mpeg1video -
a.vob vob mpeg2video mp2
b.vob vob mpeg2video ac3 rate=48000
c.vob dvd mpeg2video pcm_dvd rate=48000 layout=stereo
a.dat vcd mpeg1video mp2 rate=44100 layout=stereo
b.dat svcd mpeg2video mp2 rate=44100
a.ts mpegts libx264 aac
b.ts mpegts mpeg2video mp2
c.ts mpegts libx265 ac3 rate=48000
d.ts mpegts libx264 libmp3lame
e.m2ts mpegts libx264 eac3 rate=48000
f.ts mpegts mpeg4 libopus rate=48000
a.flv flv flv libmp3lame rate=44100
b.flv flv libx264 aac
c.flv flv flashsv pcm_u8 pixels=bgr24 rate=11025
d.flv flv flashsv2 nellymoser pixels=bgr24 rate=22050
a.swf swf flv -
b.swf swf mjpeg libmp3lame pixels=yuvj420p rate=44100
a.avm2 avm2 flv -
a.wmv asf wmv2 wmav2
b.wmv asf wmv1 wmav1
c.asf asf msmpeg4 libmp3lame
a.wtv wtv mpeg2video mp2
a.ogv ogv libvpx vorbis layout=stereo
b.ogv ogg libvpx flac
a.mxf mxf mpeg2video pcm_s16le rate=48000
b.mxf mxf libx264 pcm_s24le rate=48000
a.nut nut mpeg4 libmp3lame
b.nut nut ffv1 pcm_s16le
a.ivf ivf libvpx -
b.ivf ivf libvpx-vp9 -
c.ivf ivf libsvtav1 -
a.rm rm rv10 ac3 size=176x144 rate=48000
b.rm rm rv20 - size=176x144
a.dv dv dvvideo pcm_s16le size=720x576 rate=48000 layout=stereo
a.y4m yuv4mpegpipe wrapped_avframe -
a.gxf gxf mpeg2video pcm_s16le size=720x576 rate=48000
a.roq roq roqvideo roq_dpcm pixels=yuvj444p rate=22050
a.mjpg mjpeg mjpeg - pixels=yuvj420p
a.h264 h264 libx264 -
a.hevc hevc libx265 -
a.m4v m4v mpeg4 -
a.m1v mpeg1video mpeg1video -
a.m2v mpeg2video mpeg2video -
a.h263 h263 h263 - size=176x144
a.h261 h261 h261 - size=176x144
a.obu obu libsvtav1 -
a.psp psp libx264 aac
a.ismv ismv libx264 aac
a.smjpeg smjpeg mjpeg pcm_s16le pixels=yuvj420p
a.film film_cpk cinepak pcm_s16be_planar pixels=rgb24
"""
_SOUNDS = """
s.mp4 mp4 - aac
s.m4a ipod - alac
s.mka matroska - vorbis layout=stereo
s.webm webm - libopus rate=48000
s.mov mov - pcm_s16le
s.avi avi - libmp3lame
s.ts mpegts - aac
t.ts mpegts - mp2
s.mpg mpeg - mp2
s.flv flv - libmp3lame rate=44100
s.3gp 3gp - libopencore_amrnb rate=8000
s.wma asf - wmav2
s.nut nut - flac
s.mxf mxf_opatom - pcm_s16le rate=48000
s.wav wav - pcm_s16le
t.wav wav - libmp3lame
u.wav wav - adpcm_ima_wav
v.wav wav - pcm_f64le
s.w64 w64 - pcm_s16le
s.aiff aiff - pcm_s16be
s.caf caf - pcm_s16be
t.caf caf - alac
s.au au - pcm_s16be
t.au au - pcm_mulaw
s.voc voc - pcm_u8
s.sox sox - pcm_s32le
s.mp3 mp3 - libmp3lame
s.mp2 mp2 - mp2
s.aac adts - aac
s.aptx aptx - aptx rate=48000 layout=stereo
s.aptxhd aptx_hd - aptx_hd rate=48000 layout=stereo
s.latm latm - aac
s.ac3 ac3 - ac3 rate=48000
s.eac3 eac3 - eac3 rate=48000
s.flac flac - flac
s.ogg ogg - vorbis layout=stereo
s.opus opus - libopus rate=48000
t.oga oga - flac
s.tta tta - tta
s.wv wv - wavpack
s.amr amr - libopencore_amrnb rate=8000
s.g722 g722 - g722
s.rm rm - real_144 rate=8000
s.ast ast - pcm_s16be_planar
s.sf ircam - pcm_s16le
s.rso rso - pcm_u8
s.mmf mmf - adpcm_yamaha rate=22050
s.spx oga - vorbis layout=stereo
"""
"""Lines of: name, container, codec of the pictures, codec of the sound, and what else is asked."""


def _specimens(lines: str) -> Iterator[Specimen]:
    for line in lines.split("\n")[1:-1]:
        name, container, video, audio, *more = line.split()
        options = dict(part.split("=") for part in more)
        width, height = map(int, options.get("size", "64x48").split("x"))
        yield Specimen(
            name,
            container,
            None if video == "-" else video,
            None if audio == "-" else audio,
            options.get("pixels", "yuv420p"),
            (width, height),
            int(options.get("rate", 16000)),
            options.get("layout", "mono"),
        )


VIDEOS = tuple(_specimens(_VIDEOS))
SOUNDS = tuple(_specimens(_SOUNDS))


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
    with _own_priority(), av.open(str(path), "w", format=specimen.container) as output:
        video = _video_stream(output, specimen)
        sound = _sound_stream(output, specimen)
        packets = [*_pictures(video, specimen, seconds), *_tone(sound, specimen, seconds)]
        packets.sort(key=lambda packet: float((packet.dts or 0) * (packet.time_base or 0)))
        for packet in packets:
            output.mux(packet)
    return path


@contextmanager
def _own_priority() -> Iterator[None]:
    """Keep the priority of this thread: SVT-AV1 makes the one that opens it a real-time one where
    that is allowed, as it is to root, and all others then wait for it for ever."""
    if not hasattr(os, "sched_getscheduler"):  # not Linux
        yield
        return
    policy, parameters = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        yield
    finally:
        os.sched_setscheduler(0, policy, parameters)


def _video_stream(output: Any, specimen: Specimen) -> Any:
    if specimen.video is None:
        return None
    stream = output.add_stream(specimen.video, rate=RATE, options=_fast(specimen.video))
    stream.width, stream.height = specimen.size
    stream.pix_fmt = specimen.pixels
    stream.gop_size = 10
    stream.codec_context.thread_count = 1  # VP8's wait for each other, ten times as long
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
