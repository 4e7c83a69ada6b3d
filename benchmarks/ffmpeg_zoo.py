"""A zoo of media that the installed ``ffmpeg`` writes: all its containers, with sensible codecs."""

from __future__ import annotations

import random
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

SECONDS = 1.6
RATE = 25
_SIZES = {"dv": "720x576", "gxf": "720x576", "mxf_d10": "720x576"}
_CODEC_SIZES = {"h261": "176x144", "h263": "176x144", "rv10": "176x144", "rv20": "176x144",
                "dvvideo": "720x576", "dnxhd": "960x540"}  # fmt: skip
_TIMEOUT = 60.0

# fmt: off
_BOTH = (
    "mp4", "mov", "ipod", "3gp", "3g2", "f4v", "ismv", "psp", "matroska", "webm", "avi", "mpegts",
    "mpeg", "vob", "dvd", "svcd", "vcd", "nut", "asf", "flv", "swf", "mxf",
    "mxf_opatom", "mxf_d10", "ogg", "ogv", "wtv", "rm", "gxf", "dv", "roq", "film_cpk", "smjpeg",
    "amv", "avm2", "mpjpeg", "argo_cvg",
)
"""Containers of pictures and sound: each codec is tried in each.

Not ``asf_stream``, which is what a server sends, and which FFmpeg itself has no reader for.
"""
_SOUND = (
    "wav", "w64", "aiff", "au", "caf", "oga", "opus", "spx", "voc", "sox", "ircam", "mmf", "ast",
    "amr", "rso", "aptx", "oma", "wsaud", "wv", "tta", "daud", "kvag", "alp", "apm", "argo_asf",
)
"""Containers of sound: each codec of sounds is tried in each."""
_PICTURES_ONLY = ("ivf", "yuv4mpegpipe", "filmstrip")
"""Containers of pictures: each codec of pictures is tried in each."""
_BARE = (
    "h261", "h263", "h264", "hevc", "m4v", "mjpeg", "mpeg1video", "mpeg2video", "vc1", "obu",
    "dirac", "dnxhd", "cavsvideo", "ac3", "eac3", "adts", "latm", "mp2", "mp3", "flac", "truehd",
    "mlp", "dts", "sbc", "g722", "g723_1", "gsm", "ilbc", "aptx_hd", "codec2",
)
"""Streams without a container: each in its own codec."""
_VIDEO_CODECS = (
    "libx264", "libx265", "mpeg4", "mpeg2video", "mpeg1video", "mjpeg", "libvpx", "libvpx-vp9",
    "libaom-av1", "libtheora", "prores_ks", "dnxhd", "ffv1", "huffyuv", "rawvideo", "msmpeg4",
    "msmpeg4v2", "wmv1", "wmv2", "flv", "h263", "h261", "svq1", "qtrle", "png", "cinepak",
    "dvvideo", "rv10", "rv20", "roqvideo", "snow", "jpeg2000", "vc2", "utvideo", "magicyuv",
    "zmbv", "flashsv", "gif", "cfhd", "libxvid", "wrapped_avframe", "amv", "speedhq",
)
_AUDIO_CODECS = (
    "aac", "libmp3lame", "mp2", "ac3", "eac3", "flac", "alac", "libopus", "libvorbis", "pcm_s16le",
    "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_s32le", "pcm_f32le", "pcm_f64le", "pcm_u8",
    "pcm_s8", "pcm_alaw", "pcm_mulaw", "adpcm_ima_wav", "adpcm_ms", "adpcm_swf", "adpcm_yamaha",
    "adpcm_ima_qt", "adpcm_ima_amv", "wmav1", "wmav2", "wavpack", "tta", "truehd", "dca",
    "nellymoser", "roq_dpcm", "real_144", "libspeex", "g722", "g726", "pcm_dvd", "pcm_bluray",
    "pcm_vidc", "libgsm", "aptx", "sbc", "mlp", "s302m", "sonic", "libcodec2", "g723_1",
)
_DEFAULTS = {
    "mpegts": ("libx264", "aac"), "matroska": ("libx264", "aac"), "mp4": ("libx264", "aac"),
    "webm": ("libvpx", "libopus"), "ogg": ("libtheora", "libvorbis"), "asf": ("msmpeg4", "wmav2"),
}
_ARGUMENTS = {
    "libx264": ("-preset", "ultrafast"),
    "libx265": ("-preset", "ultrafast", "-x265-params", "log-level=none"),
    "libvpx": ("-deadline", "realtime", "-cpu-used", "8"),
    "libvpx-vp9": ("-deadline", "realtime", "-cpu-used", "8"),
    "libaom-av1": ("-cpu-used", "8", "-usage", "realtime"),
    "dnxhd": ("-profile:v", "dnxhr_lb"),
}
_RATES = {
    "real_144": (8000, 1), "libgsm": (8000, 1), "g723_1": (8000, 1), "libcodec2": (8000, 1),
    "g726": (8000, 1), "g722": (16000, 1), "nellymoser": (22050, 1), "roq_dpcm": (22050, 2),
    "adpcm_swf": (22050, 2), "adpcm_ima_amv": (22050, 1), "libspeex": (16000, 1),
}
# fmt: on


@dataclass(frozen=True, slots=True)
class Recipe:
    """A file to be written: its container, and a codec each, empty where there is none."""

    container: str
    video: str
    audio: str

    @property
    def label(self) -> str:
        return "-".join(filter(None, (self.container, self.video, self.audio)))


def recipes() -> Iterator[Recipe]:
    """Yield what is tried; most of it no container takes, and ffmpeg says so at once."""
    offered = _offered()
    for container in (name for name in _BOTH if name in offered):
        video, audio = _defaults(container)
        yield from dict.fromkeys(
            [Recipe(container, video, audio), Recipe(container, video, "")]
            + [Recipe(container, codec, audio) for codec in _VIDEO_CODECS]
            + [Recipe(container, "", codec) for codec in _AUDIO_CODECS]
            + [Recipe(container, video, codec) for codec in _AUDIO_CODECS]
        )
    for container in (name for name in _SOUND if name in offered):
        yield from (Recipe(container, "", codec) for codec in _AUDIO_CODECS)
    for container in (name for name in _PICTURES_ONLY if name in offered):
        yield from (Recipe(container, codec, "") for codec in _VIDEO_CODECS)
    for container in (name for name in _BARE if name in offered):
        yield Recipe(container, *_defaults(container))


def make_all(folder: Path, share: float = 1.0) -> Iterator[tuple[Recipe, Path]]:
    """Write what ffmpeg writes, each unless it is there.

    Args:
        share: the part of the recipes that is tried, chosen by a seed.
    """
    refused: set[tuple[str, str]] = set()
    chance = random.Random(0)
    for recipe in recipes():
        if chance.random() >= share:
            continue
        if recipe.video and (recipe.container, recipe.audio) in refused:
            continue
        path = make(recipe, folder)
        if path is not None:
            yield recipe, path
        elif not recipe.video:
            refused.add((recipe.container, recipe.audio))


def make(recipe: Recipe, folder: Path, seconds: float = SECONDS) -> Path | None:
    """Write the file, unless it is there; returns None where ffmpeg does not write it.

    What it does not write is noted, and not tried again.
    """
    suffix = _suffix(recipe.container)
    path, refused = folder / f"{recipe.label}{suffix}", folder / f"{recipe.label}.refused"
    if refused.exists():
        return None
    if path.exists():
        return path
    draft = folder / f"draft{suffix}"
    try:
        done = subprocess.run(
            _command(recipe, draft, seconds), capture_output=True, timeout=_TIMEOUT, check=False
        )
        failed = bool(done.returncode)
    except subprocess.TimeoutExpired:
        failed = True
    if failed or not draft.exists() or not draft.stat().st_size:
        draft.unlink(missing_ok=True)
        refused.touch()
        return None
    return draft.rename(path)


def _command(recipe: Recipe, path: Path, seconds: float) -> list[str]:
    words = ["ffmpeg", "-v", "error", "-nostdin", "-y", "-bitexact", "-threads", "1"]
    if recipe.video:
        size = _CODEC_SIZES.get(recipe.video) or _SIZES.get(recipe.container, "64x48")
        words += ["-f", "lavfi", "-t", str(seconds), "-i", f"testsrc=s={size}:r={RATE}"]
    rate, channels = _RATES.get(recipe.audio, (48000, 2))
    if recipe.audio:
        words += ["-f", "lavfi", "-t", str(seconds), "-i", f"sine=440:r={rate}"]
    if recipe.video:
        words += ["-c:v", recipe.video, "-g", "12", *_ARGUMENTS.get(recipe.video, ())]
    if recipe.audio:
        words += ["-c:a", recipe.audio, "-ac", str(channels), "-ar", str(rate)]
    return [*words, "-strict", "-2", "-f", recipe.container, str(path)]


def _offered() -> set[str]:
    done = subprocess.run(
        ["ffmpeg", "-hide_banner", "-muxers"], capture_output=True, text=True, check=True
    )
    return {line.split()[1] for line in done.stdout.splitlines() if line.startswith("  E")}


@cache
def _help(container: str) -> str:
    done = subprocess.run(
        ["ffmpeg", "-hide_banner", "-h", f"muxer={container}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout


def _defaults(container: str) -> tuple[str, str]:
    """Return the codecs that ffmpeg would choose for a container."""
    if container in _DEFAULTS:
        return _DEFAULTS[container]
    text = _help(container)
    chosen = [re.search(rf"Default {kind} codec: (\w+)", text) for kind in ("video", "audio")]
    video, audio = (_ENCODERS.get(match[1], match[1]) if match else "" for match in chosen)
    return video, audio


_ENCODERS = {
    "h264": "libx264", "hevc": "libx265", "vp8": "libvpx", "vp9": "libvpx-vp9", "mp3": "libmp3lame",
    "av1": "libaom-av1", "theora": "libtheora", "vorbis": "libvorbis", "opus": "libopus",
    "speex": "libspeex", "msmpeg4v3": "msmpeg4", "flv1": "flv", "dirac": "vc2", "gsm": "libgsm",
    "amr_nb": "libopencore_amrnb", "dts": "dca", "codec2": "libcodec2", "adpcm_g726": "g726",
    "adpcm_g722": "g722",
}  # fmt: skip
"""Encoders of codecs that have another name."""


def _suffix(container: str) -> str:
    match = re.search(r"Common extensions: (\w+)", _help(container))
    return f".{match[1]}" if match else f".{container}"


def is_installed() -> bool:
    """Tell whether ffmpeg and ffprobe can be run."""
    return shutil.which("ffmpeg") is not None and shutil.which("ffprobe") is not None
