"""Cut lists of a story: CMX 3600 EDL, OpenTimelineIO, and a script for ffmpeg.

All three make the same film: cuts one after another, at 25 frames a second. The EDL and the OTIO
name the files where they lie; the script shows pictures as they were written beside it, upright.
"""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.common.text import printable

RATE = 25
"""Frames a second."""
_HOUR = 3600 * RATE
"""The frame at which the time code of a film begins, as is usual: 01:00:00:00."""
_MOST_EVENTS = 999
"""Events of an EDL, whose numbers have three digits."""
_SIZE = (1280, 720)


@dataclass(frozen=True, slots=True)
class Cut:
    """A picture or a part of a video in a film."""

    path: str
    name: str
    video: bool
    start: float
    """Seconds into the file; 0 for a picture."""
    length: float
    """Seconds that were wanted; the film has whole frames."""
    moment_id: int
    sound: bool = False
    """True for a video that is heard."""

    @property
    def frames(self) -> int:
        """Frames of the film that it fills."""
        return max(1, round(self.length * RATE))

    @property
    def first(self) -> int:
        """The frame of its file at which it begins."""
        return round(self.start * RATE)

    @property
    def seconds(self) -> float:
        """Seconds of the film that it fills."""
        return self.frames / RATE


def time_code(frames: int) -> str:
    """Return frames as hh:mm:ss:ff, without drops."""
    seconds, rest = divmod(frames, RATE)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}:{rest:02}"


def edl(title: str, cuts: Sequence[Cut]) -> str:
    """Return a cut list in CMX 3600, of 999 events at most."""
    lines = [f"TITLE: {_ascii(title, 70)}", "FCM: NON-DROP FRAME", ""]
    at = _HOUR
    for number, cut in enumerate(cuts[:_MOST_EVENTS], 1):
        end = at + cut.frames
        channels = "B" if cut.sound else "V"
        codes = map(time_code, (cut.first, cut.first + cut.frames, at, end))
        lines.append(f"{number:03}  AX       {channels:<5} C        {' '.join(codes)}")
        lines.append(f"* FROM CLIP NAME: {_ascii(cut.name, 200)}")
        lines.append(f"* SOURCE FILE: {_ascii(cut.path, 1000)}")
        lines.append("")
        at = end
    return "\n".join(lines)


def _ascii(text: str, most: int) -> str:
    """Return a text for one line of an EDL, which is ASCII."""
    return re.sub(r"[^ -~]", "_", text)[:most]


# --- OpenTimelineIO -----------------------------------------------------------------


def otio(title: str, cuts: Sequence[Cut]) -> str:
    """Return a timeline in the JSON of OpenTimelineIO: pictures, and the sound of videos."""
    pictures = [_clip(cut) for cut in cuts]
    sounds = [_clip(cut) if cut.sound else _gap(cut.frames) for cut in cuts]
    tracks = [_track("Pictures", "Video", pictures)]
    if any(cut.sound for cut in cuts):
        tracks.append(_track("Sound", "Audio", sounds))
    stack = _item("Stack.1", "tracks") | {"children": tracks}
    timeline = {
        "OTIO_SCHEMA": "Timeline.1", "metadata": {}, "name": title,
        "global_start_time": _time(_HOUR), "tracks": stack,
    }  # fmt: skip
    return json.dumps(timeline, ensure_ascii=True, indent=1) + "\n"


def _item(schema: str, name: str, source_range: Any = None) -> dict[str, Any]:
    return {
        "OTIO_SCHEMA": schema, "metadata": {}, "name": name, "source_range": source_range,
        "effects": [], "markers": [], "enabled": True,
    }  # fmt: skip


def _track(name: str, kind: str, children: list[dict[str, Any]]) -> dict[str, Any]:
    return _item("Track.1", name) | {"children": children, "kind": kind}


def _clip(cut: Cut) -> dict[str, Any]:
    name = cut.name.encode("utf-8", "replace").decode()
    reference: dict[str, Any] = {
        "OTIO_SCHEMA": "ExternalReference.1", "metadata": {}, "name": name,
        "available_range": None, "available_image_bounds": None,
        "target_url": Path(cut.path).as_uri(),
    }  # fmt: skip
    return _item("Clip.2", name, _range(cut.first, cut.frames)) | {
        "media_references": {"DEFAULT_MEDIA": reference},
        "active_media_reference_key": "DEFAULT_MEDIA",
    }


def _gap(frames: int) -> dict[str, Any]:
    return _item("Gap.1", "", _range(0, frames))


def _range(start: int, frames: int) -> dict[str, Any]:
    return {
        "OTIO_SCHEMA": "TimeRange.1", "start_time": _time(start), "duration": _time(frames),
    }  # fmt: skip


def _time(frames: int) -> dict[str, Any]:
    return {"OTIO_SCHEMA": "RationalTime.1", "rate": float(RATE), "value": float(frames)}


# --- ffmpeg -------------------------------------------------------------------------

_SCRIPT = """#!/bin/sh
# Makes a film of {count} cuts, {seconds:.2f} seconds: sh {name} [FILM.mp4]
set -eu
film=${{1:-{film}}}
case $film in /*) ;; *) film=$PWD/$film ;; esac
cd "$(dirname "$0")"
parts=$(mktemp -d)
trap 'rm -rf "$parts"' EXIT

look='scale={wide}:{tall}:force_original_aspect_ratio=decrease,pad={wide}:{tall}:(ow-iw)/2:(oh-ih)/2,setsar=1,fps={rate},tpad=stop=-1:stop_mode=clone'
coded='-c:v libx264 -preset veryfast -crf 20 -pix_fmt yuv420p -c:a pcm_s16le -ar 48000 -ac 2'
quiet='-nostdin -hide_banner -v error -y'
silence='-f lavfi -i anullsrc=r=48000:cl=stereo'

# FRAMES SECONDS NUMBER FILE
still() {{
  ffmpeg $quiet -loop 1 -framerate {rate} -i "$4" $silence -map 0:v:0 -map 1:a:0 \\
    -vf "$look" -frames:v "$1" -t "$2" $coded "$parts/$3.mkv"
}}
# FRAMES SECONDS NUMBER FILE START
silent() {{
  ffmpeg $quiet -ss "$5" -t "$2" -i "file:$4" $silence -map 0:v:0 -map 1:a:0 \\
    -vf "$look" -frames:v "$1" -t "$2" $coded "$parts/$3.mkv"
}}
# FRAMES SECONDS NUMBER FILE START
heard() {{
  ffmpeg $quiet -ss "$5" -t "$2" -i "file:$4" -map 0:v:0 -map 0:a:0 \\
    -vf "$look" -af apad -frames:v "$1" -t "$2" $coded "$parts/$3.mkv"
}}

{cuts}

for number in $(seq -w 1 {count}); do echo "file '$parts/$number.mkv'"; done > "$parts/list"
ffmpeg $quiet -f concat -safe 0 -i "$parts/list" -c:v copy -c:a aac -b:a 192k \\
  -movflags +faststart "$film"
echo "$film"
"""


def ffmpeg_script(name: str, film: str, cuts: Sequence[Cut], stills: Sequence[str]) -> bytes:
    """Return a script for a shell and ffmpeg that makes the film.

    Args:
        name: of the script.
        film: the name of the film, unless the script is told another.
        stills: for each cut the picture beside the script; empty for a video.
    """
    digits = len(str(len(cuts)))
    text = _SCRIPT.format(
        count=len(cuts), seconds=sum(cut.seconds for cut in cuts), name=printable(name),
        film=shlex.quote(film), wide=_SIZE[0], tall=_SIZE[1], rate=RATE,
        cuts="\n".join(_calls(cuts, stills, digits)),
    )  # fmt: skip
    return os.fsencode(text)


def _calls(cuts: Sequence[Cut], stills: Sequence[str], digits: int) -> Iterator[str]:
    for number, (cut, picture) in enumerate(zip(cuts, stills, strict=True), 1):
        numbers = f"{cut.frames} {cut.seconds:.3f} {number:0{digits}}"
        if not cut.video:
            yield f"still {numbers} {shlex.quote(picture)}"
            continue
        how = "heard" if cut.sound else "silent"
        yield f"{how} {numbers} {shlex.quote(cut.path)} {cut.start:.3f}"
