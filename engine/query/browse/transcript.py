"""Texts that are said in a file, or to be read in it, with their times; as WebVTT, too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from engine.types import Modality, MomentRecord

WORDED = (Modality.SPEECH, Modality.SCREEN)
"""Modalities whose moments are texts."""


@dataclass(frozen=True, slots=True)
class TranscriptLine:
    """A text that is said, or to be read on screen. Times are seconds, None for a picture."""

    moment_id: int
    modality: Modality
    start: float | None
    end: float | None
    text: str


@dataclass(frozen=True, slots=True)
class Transcript:
    """The lines of a file, in the order of their times."""

    lines: tuple[TranscriptLine, ...]

    def to_vtt(self) -> str:
        """Return the lines that have a time as subtitles in WebVTT (W3C, 2019).

        A cue has the number of its moment; what is to be read stands at the top.
        """
        return "\n\n".join(["WEBVTT", *_cues(self.lines)]) + "\n"


def transcript_of(records: Iterable[MomentRecord], modalities: Sequence[Modality]) -> Transcript:
    """Return the lines of a file's moments, of some modalities; none means both."""
    chosen = modalities or WORDED
    lines = [
        TranscriptLine(
            each.moment_id, each.moment.modality, each.moment.start, each.moment.end,
            each.moment.text or "",
        )
        for each in records
        if each.moment.modality in chosen and (each.moment.text or "").strip()
    ]  # fmt: skip
    return Transcript(tuple(sorted(lines, key=lambda line: (line.start or 0.0, line.moment_id))))


def _cues(lines: Iterable[TranscriptLine]) -> Iterator[str]:
    for line in lines:
        if line.start is None:
            continue
        end = line.start if line.end is None else line.end
        # A cue that ends as it begins is never shown, and one may not end before.
        times = f"{_time(line.start)} --> {_time(max(end, line.start + 0.001))}"
        place = " line:0" if line.modality is Modality.SCREEN else ""
        yield f"{line.moment_id}\n{times}{place}\n{_cue_text(line.text)}"


def _time(seconds: float) -> str:
    thousandths = round(max(0.0, seconds) * 1000)
    minutes, rest = divmod(thousandths, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest // 1000:02}.{rest % 1000:03}"


def _cue_text(text: str) -> str:
    """Return a text as a cue shows it: no markup of its own, and no line that ends the cue."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return "\n".join(line.strip() for line in escaped.splitlines() if line.strip())
