"""A video into moments: a keyframe per shot, and the video's own sound."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from engine.config import Settings
from engine.encoders.towers import Towers
from engine.media.video import probe_video, read_keyframes
from engine.types import Modality, Moment
from indexers.audio import soundtrack
from indexers.decode_events import DecodeEvent, Facts, Prepared
from indexers.screen import pictures
from indexers.track_isolation import run_tracks


def decode_video(path: Path, towers: Towers, settings: Settings) -> Iterator[DecodeEvent]:
    """Yield the file's facts, its keyframes, and what is heard in it."""
    info = probe_video(path)
    metadata = (info.taken_at, info.place, info.caption)
    yield Facts(info.width, info.height, info.duration, *metadata)
    heard = soundtrack(path, towers, settings) if info.has_audio else {}
    yield from run_tracks({"pictures": keyframes(path, towers, settings), **heard})


def keyframes(path: Path, towers: Towers, settings: Settings) -> Iterator[Prepared]:
    """Yield a keyframe per shot, prepared."""
    frames = read_keyframes(path, settings, towers.image_size)
    shown = ((f.image, Moment(Modality.KEYFRAME, f.start, f.end)) for f in frames)
    return pictures(shown, towers)
