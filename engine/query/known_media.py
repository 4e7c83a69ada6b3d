"""The words and pictures of a file that need not be indexed, found when they are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path

import numpy as np
from PIL import Image

from engine.common.progress import NO_PROGRESS, Progress
from engine.config import Settings
from engine.encoders.towers import Towers
from engine.errors import EmptyMedia, MediaError
from engine.query.prepare import media_type
from engine.query.transcription import Transcription, transcribe
from engine.types import Kind, MediaType

SIDE = 512
"""Pixels of the longest side of a picture that is looked at."""
SHOWN = 6
"""Keyframes of a video in which words are looked for."""
_MOST_FRAMES = 240
"""Keyframes of a video that are looked at."""
_WINDOWS = 60
"""Windows of sound that are listened to."""
_HEARD, _LIKELY = 8, 0.2
"""Words for what is heard: at most, and their least probability."""


@dataclass(frozen=True, slots=True)
class MediaFrame:
    """A picture, with its time in seconds where it is one of a video."""

    time: float
    image: Image.Image


class KnownMedia:
    """A picture, a video or a sound, as it is seen, read and heard. Making one decodes nothing."""

    def __init__(
        self, path: Path, towers: Towers, settings: Settings, progress: Progress = NO_PROGRESS
    ) -> None:
        self._path, self._towers = path, towers
        self._settings, self._progress = settings, progress

    @cached_property
    def frames(self) -> list[MediaFrame]:
        """The picture, or the keyframes of a video, reduced."""
        if self.media.kind is Kind.VIDEO:
            from engine.media.video import read_keyframes

            found = islice(read_keyframes(self._path, self._settings, SIDE // 2), _MOST_FRAMES)
            return [MediaFrame(each.time, each.image) for each in found]
        from engine.media.image import read_frames

        first = next(iter(read_frames(self._path, self._settings, SIDE)))
        return [MediaFrame(0.0, first.image)]

    @cached_property
    def on_screen(self) -> list[str]:
        """The texts that are to be read in it, each once."""
        screen = self._towers.screen
        if screen is None or self.media.kind is Kind.AUDIO:
            return []
        texts = (text for frame in self.frames[:SHOWN] for text in screen.read(frame.image))
        return list(dict.fromkeys(text for text in texts if text.strip()))

    @cached_property
    def heard(self) -> list[str]:
        """The words for what is heard, the most probable first."""
        if self.media.kind is Kind.IMAGE:
            return []
        from engine.media.audio import read_windows

        sound = self._towers.sound
        try:
            found = islice(read_windows(self._path, self._settings, sound.rate), _WINDOWS)
            windows = [sound.prepare(chunk.samples) for chunk in found]
        except MediaError:
            return []
        if not windows:
            return []
        best = sound.listen(windows).probabilities.max(axis=0)
        order = np.argsort(-best, kind="stable")[:_HEARD]
        return [sound.vocabulary[place] for place in order if best[place] >= _LIKELY]

    @cached_property
    def transcription(self) -> Transcription:
        """The sentences that are said; none where speech is not heard here."""
        speech = self._towers.speech
        if speech is None or self.media.kind is Kind.IMAGE:
            return Transcription((), 0.0)
        try:
            return transcribe(
                self._path, speech, self._settings, words=False, progress=self._progress
            )
        except EmptyMedia:
            return Transcription((), 0.0)
        except MediaError:
            if self.media.kind is Kind.AUDIO:
                raise
            return Transcription((), 0.0)  # a video that has no sound

    @cached_property
    def media(self) -> MediaType:
        """The kind of file."""
        return media_type(self._path)
