"""Shots of a video with what is heard and said meanwhile, for encoders that join all of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from engine.config import Settings
from engine.encoders.towers import Towers
from engine.errors import MediaError
from engine.media.audio import Chunk, is_silent, read_audio
from engine.media.video import Keyframe
from engine.types import Modality, Moment
from engine.types.arrays import Waveform
from indexers.decode_events import Prepared, TowerInput

_LONGEST = 30.0
"""Seconds of a shot that are heard: EmbeddingGemma 2 hears 30, its kind no less."""
_STEP = 1.0
"""Seconds of sound that are decoded at a time."""


def joint_shots(
    frames: Iterable[Keyframe],
    path: Path,
    towers: Towers,
    settings: Settings,
    spoken: Sequence[Moment],
) -> Iterator[Prepared]:
    """Yield each shot prepared, by its keyframe, its sound and its words.

    Args:
        spoken: what is said in the video, which may grow until the first shot is asked for.
    """
    tracks = {rate: _ShotSound(path, rate, settings.silence_db) for rate in towers.shot_rates}
    for frame in frames:
        heard = {rate: track.between(frame.start, frame.end) for rate, track in tracks.items()}
        data = towers.prepare_shot(
            frame.image,
            {rate: samples for rate, samples in heard.items() if samples is not None},
            _words(spoken, frame.start, frame.end),
        )
        moment = Moment(Modality.KEYFRAME, frame.start, frame.end)
        yield Prepared(moment, TowerInput.PICTURE, data)


class ShotsBeside:
    """The pictures and words that go with the sound of a video, from its start to its end.

    The keyframes are decoded a second time, beside the sound: to keep them would take a memory
    that grows with the video.
    """

    def __init__(self, frames: Iterator[Keyframe], spoken: Sequence[Moment]) -> None:
        self._frames, self._spoken = frames, spoken
        self._shown: Keyframe | None = None

    def during(self, start: float, end: float) -> tuple[Image.Image | None, str]:
        """Return the picture of the shot that the middle of a window lies in, and the words.

        Windows are asked for in their order. What cannot be seen is no fault of the sound.
        """
        middle = (start + end) / 2
        while self._shown is None or self._shown.end <= middle:
            try:
                following = next(self._frames, None)
            except MediaError:
                following = None
            if following is None:
                break
            self._shown = following
        image = None if self._shown is None else self._shown.image
        return image, _words(self._spoken, start, end)


def _words(spoken: Sequence[Moment], start: float, end: float) -> str:
    """Return what is said while a shot lasts: the sentences whose middle lies in it."""
    return " ".join(m.text for m in spoken if m.text and start <= _middle(m) < end)


def _middle(moment: Moment) -> float:
    start = moment.start or 0.0
    return (start + (start if moment.end is None else moment.end)) / 2


class _ShotSound:
    """The sound of one shot after another, of which no more is held than the last one's."""

    def __init__(self, path: Path, rate: int, silence_db: float) -> None:
        self._rate, self._silence_db = rate, silence_db
        self._chunks = read_audio(path, rate, _STEP)
        self._read: list[Chunk] = []

    def between(self, start: float, end: float) -> Waveform | None:
        """Return the samples of a shot, (n,); None where it is silent or has no sound.

        What cannot be heard is no fault of the picture: the soundtrack's own moments say it.
        """
        end = min(end, start + _LONGEST)
        self._read = [chunk for chunk in self._read if self._end(chunk) > start]
        while not self._read or self._end(self._read[-1]) < end:
            try:
                chunk = next(self._chunks, None)
            except MediaError:
                chunk = None
            if chunk is None:
                break
            if self._end(chunk) > start:
                self._read.append(chunk)
        parts = [self._cut(chunk, start, end) for chunk in self._read]
        samples = np.concatenate(parts) if parts else np.zeros(0, np.float32)
        return None if is_silent(samples, self._rate, self._silence_db) else samples

    def _end(self, chunk: Chunk) -> float:
        return chunk.start + len(chunk.samples) / self._rate

    def _cut(self, chunk: Chunk, start: float, end: float) -> Waveform:
        first = max(0, round((start - chunk.start) * self._rate))
        last = max(0, round((end - chunk.start) * self._rate))
        return chunk.samples[first:last]
