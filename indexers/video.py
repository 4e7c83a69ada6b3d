"""A video into moments: a keyframe per shot, and the video's own sound."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from engine.config import Settings
from engine.encoders.towers import Towers
from engine.media.video import probe_video, read_keyframes
from engine.types import Modality, Moment
from indexers.audio import soundtrack
from indexers.decode_events import DecodeEvent, Facts, Prepared
from indexers.screen import pictures
from indexers.shots import ShotsBeside, joint_shots
from indexers.track_isolation import run_tracks


def decode_video(path: Path, towers: Towers, settings: Settings) -> Iterator[DecodeEvent]:
    """Yield the file's facts, its keyframes, and what is heard in it."""
    info = probe_video(path)
    metadata = (info.taken_at, info.place, info.caption)
    yield Facts(info.width, info.height, info.duration, *metadata)
    spoken: list[Moment] = []
    beside = shots_beside(path, towers, settings, spoken)
    heard = soundtrack(path, towers, settings, beside) if info.has_audio else {}
    if towers.shot_rates and "speech" in heard:
        # Shots are embedded with their words, so these are written down first.
        speech = {"speech": _noted(heard.pop("speech"), spoken)}
        yield from run_tracks(
            {**speech, "pictures": keyframes(path, towers, settings, spoken), **heard}
        )
        return
    yield from run_tracks({"pictures": keyframes(path, towers, settings), **heard})


def _noted(track: Iterator[DecodeEvent], spoken: list[Moment]) -> Iterator[DecodeEvent]:
    """Yield a track, and keep what is said in it."""
    for event in track:
        if isinstance(event, Prepared):
            spoken.append(event.moment)
        yield event


def keyframes(
    path: Path, towers: Towers, settings: Settings, spoken: Sequence[Moment] = ()
) -> Iterator[Prepared]:
    """Yield a keyframe per shot, prepared.

    Args:
        spoken: what is said in the video, for encoders that embed shots with their words.
    """
    frames = read_keyframes(path, settings, towers.image_size)
    if towers.shot_rates:
        return joint_shots(frames, path, towers, settings, spoken)
    shown = ((f.image, Moment(Modality.KEYFRAME, f.start, f.end)) for f in frames)
    return pictures(shown, towers)


def shots_beside(
    path: Path, towers: Towers, settings: Settings, spoken: Sequence[Moment]
) -> ShotsBeside | None:
    """Return what is seen and said beside a video's sound; None where no encoder joins that.

    Args:
        spoken: what is said in the video, which may grow until the first window is heard.
    """
    if not towers.joins_sounds:
        return None
    return ShotsBeside(read_keyframes(path, settings, towers.image_size), spoken)
