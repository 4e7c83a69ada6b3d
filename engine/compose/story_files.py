"""The files of a story beside its page: cut lists, and the pictures of its film."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from engine.common.atomic_write import write_text, written
from engine.common.progress import Progress
from engine.compose.cut_list import Cut, edl, ffmpeg_script, otio
from engine.compose.story import Story
from engine.config import Settings
from engine.errors import MediaError, UsageError

_SIDE = 1920
"""Pixels of the longest side of a picture in a film."""


def with_sound(cuts: Sequence[Cut]) -> tuple[Cut, ...]:
    """Return cuts that know whether they are heard."""
    return tuple(replace(cut, sound=_is_heard(cut)) if cut.video else cut for cut in cuts)


def _is_heard(cut: Cut) -> bool:
    from engine.media import container as containers

    try:
        with containers.open_container(Path(cut.path)) as source:
            return containers.audio_stream(source) is not None
    except MediaError:
        return False


def write_story(story: Story, out: Path, settings: Settings, progress: Progress) -> Story:
    """Write the page, the cut lists and the pictures of the film; return the story with them.

    A picture that cannot be read as it is now is left out of the film, and a note says so.

    Raises:
        UsageError: one cannot be written.
    """
    base = out.with_suffix("")
    folder = base.with_name(f"{base.name}.stills")
    cuts, stills, left_out = _stills(story, folder, settings, progress)
    script = base.with_name(f"{base.name}.ffmpeg.sh")
    places = {
        base.with_name(f"{base.name}.edl"): edl(story.title, cuts).encode(),
        base.with_name(f"{base.name}.otio"): otio(story.title, cuts).encode(),
        script: ffmpeg_script(script.name, f"{base.name}.mp4", cuts, stills),
    }  # fmt: skip
    for place, content in places.items():
        with written(place) as temporary:
            temporary.write_bytes(content)
    write_text(out, story.html)
    notes = (*story.notes, *left_out)
    return replace(story, cuts=tuple(cuts), files=(out, *places), notes=notes)


def _stills(
    story: Story, folder: Path, settings: Settings, progress: Progress
) -> tuple[list[Cut], list[str], list[str]]:
    """Write the pictures, upright; return the cuts that can be shown, with their pictures."""
    from engine.media.thumbnail import thumbnail

    cuts: list[Cut] = []
    stills: list[str] = []
    notes: list[str] = []
    progress.start("writing pictures", len(story.cuts), "pictures")
    for number, cut in enumerate(story.cuts, 1):
        progress.advance()
        if cut.video:
            cuts.append(cut)
            stills.append("")
            continue
        try:
            content = thumbnail(Path(cut.path), settings, side=_SIDE)
        except MediaError as error:
            notes.append(f"{cut.name} is not in the film: {error}")
            continue
        place = folder / f"{number:03}.jpg"
        try:
            folder.mkdir(exist_ok=True)
        except OSError as error:
            raise UsageError(f"{folder} cannot be made: {error.strerror}") from error
        with written(place) as temporary:
            temporary.write_bytes(content)
        cuts.append(cut)
        stills.append(f"{folder.name}/{place.name}")
    return cuts, stills, notes
