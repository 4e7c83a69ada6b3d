"""What the reader finds in every container that FFmpeg writes, against what ffprobe finds.

    python -m benchmarks.containers [--work DIR] [--share 1.0]

The installed ``ffmpeg`` writes each of its containers with each sensible codec that it takes,
and one file of each container is cut: its last third is gone, or its first. Kind, length,
frames and sound as Sensorium's reader finds them are held to what ``ffprobe`` counts by
decoding. A length agrees with the header, or with the span of the packets, where ffprobe
gives a guess. Bare samples (``s16le``), lists and pictures in a row are not media by content,
and left out. So are files in which ffprobe decodes nothing, since it opens none that has a stream
whose decoder it cannot start; those in which it finds other streams than were written, as in
MPEG pictures of codecs that MPEG has no name for; those that are another container to it
once they are cut; and, with what is cut of them, those that it reports as damaged just as they
were written: a container that has no place for what the decoder needs (WMV in RealMedia and
WTV, Speex in WAV) makes no file that any reader reads. There it
is no judge: what it counts is what it has made of noise. Codecs that the FFmpeg inside of PyAV
was built without (Codec 2) are counted apart: `index` names such files.
"""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, TypeAlias

import av
import av.codec.codec
import click

from benchmarks import ffmpeg_zoo
from benchmarks.common import at_least, command, conclude, machine, scratch, stop
from benchmarks.ffmpeg_zoo import RATE, Recipe
from engine.errors import MediaError
from engine.media import container as containers
from engine.media.audio import probe_audio, read_audio
from engine.media.sampling import PictureDecoder
from engine.media.sniff import sniff
from engine.media.video import probe_video
from engine.types import Kind

FACTS = ("kind", "duration", "frames", "sound")
_HEARD_AT = 16_000
_NEAR = 0.1
"""Seconds by which lengths may differ: two frames and a half, or four of MP3."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a reader finds in a file."""

    kind: str
    """``video``, ``audio``, ``image``, or ``none``, where it finds no stream."""
    lengths: tuple[float, ...] = ()
    """Seconds; several where several are right."""
    frames: int = 0
    """Pictures that were decoded."""
    sound: float = 0.0
    """Seconds of sound that were decoded, of the track that a player chooses."""
    container: str = ""
    """The format, as ffprobe names it."""
    damaged: bool = False
    """The reader reported damage."""
    codecs: tuple[str, ...] = ()
    """Those of its streams of pictures and sound."""


def by_ffprobe(path: Path) -> Found:
    """Return what ffprobe finds."""
    document, damaged = _probed(path, "-show_frames")
    if not document:
        document, damaged = _probed(path)
    streams = {stream["index"]: stream for stream in document.get("streams", ())}
    read = document.get("packets_and_frames", document.get("packets", ()))
    frames = [entry for entry in read if entry.get("type") == "frame"]
    pictures = next((i for i, stream in streams.items() if _is_moving(stream)), None)
    sounds = [i for i, stream in streams.items() if stream.get("codec_type") == "audio"]
    if pictures is None and not sounds:
        return Found("none", damaged=damaged)
    # What ffprobe has no name for it decodes as little.
    codecs = (streams[i].get("codec_name") for i in (pictures, *sounds[:1]) if i is not None)
    shown = [frame for frame in frames if frame.get("stream_index") == pictures]
    seconds = sum(
        int(frame.get("nb_samples", 0)) / int(streams[sounds[0]]["sample_rate"])
        for frame in frames
        if sounds and frame.get("stream_index") == sounds[0]
    )
    # Bare pictures have no clock: they last as long as all that are there, decodable or not.
    there = sum(_is_packet(entry) and entry.get("stream_index") == pictures for entry in read)
    lengths = {*_spans(document, read), seconds, len(shown) / RATE, there / RATE} - {0.0}
    kind = "audio" if pictures is None else "video"
    container = document.get("format", {}).get("format_name", "")
    return Found(
        kind, tuple(lengths), len(shown), seconds, container, damaged, tuple(filter(None, codecs))
    )


def _probed(path: Path, *more: str) -> tuple[dict[str, Any], bool]:
    """Return what ffprobe says of a file, and whether it reports damage."""
    entries = (
        "stream=index,codec_type,codec_name,sample_rate:stream_disposition=attached_pic:format=duration,format_name"
        ":packet=stream_index,pts_time,dts_time,duration_time:frame=stream_index,nb_samples"
    )
    words = ["ffprobe", "-v", "error", "-of", "json", "-show_packets", *more]
    done = subprocess.run(
        [*words, "-show_entries", entries, f"file:{path}"], capture_output=True, check=False
    )
    try:
        document: dict[str, Any] = json.loads(done.stdout)
    except ValueError:  # it could not open the file, or a decoder
        document = {}
    return document, bool(done.stderr.strip())


def _is_packet(entry: dict[str, Any]) -> bool:
    return bool(entry.get("type") != "frame")


def _is_moving(stream: dict[str, Any]) -> bool:
    cover = stream.get("disposition", {}).get("attached_pic")
    return stream.get("codec_type") == "video" and not cover


def _spans(document: dict[str, Any], read: Sequence[dict[str, Any]]) -> Iterator[float]:
    """Yield the header's length, and the time that the packets cover."""
    with suppress(KeyError, ValueError):
        yield float(document["format"]["duration"])
    starts, ends = [], []
    for entry in read:
        time = entry.get("pts_time", entry.get("dts_time"))
        if _is_packet(entry) and time is not None:
            starts.append(float(time))
            ends.append(float(time) + float(entry.get("duration_time", 0)))
    if starts:
        yield max(ends) - min(starts)


def by_reader(path: Path) -> Found:
    """Return what Sensorium's reader finds."""
    try:
        media = sniff(path)
        if media is None or media.kind is Kind.IMAGE:
            return Found("none" if media is None else "image")
        probe = probe_video if media.kind is Kind.VIDEO else probe_audio
        length = probe(path).duration
    except MediaError:
        return Found("none")
    sound = 0.0
    with suppress(MediaError):
        sound = sum(len(chunk.samples) for chunk in read_audio(path, _HEARD_AT, 10)) / _HEARD_AT
    frames = _decoded(path) if media.kind is Kind.VIDEO else 0
    return Found(media.kind.value, (length,), frames, sound)


def _decoded(path: Path) -> int:
    """Count the pictures that the reader decodes."""
    count, errors = 0, list[BaseException]()
    with (
        suppress(MediaError, *containers.DECODE_ERRORS),
        containers.open_container(path) as container,
    ):
        stream = containers.video_stream(container)
        if stream is None:
            return 0
        decoder = PictureDecoder(stream)
        for packet in containers.timed_packets(container, stream):
            count += len(decoder.decode(packet, errors))
    return count


def differences(ours: Found, theirs: Found, *, cut: bool = False) -> list[str]:
    """Return the facts in which two readers differ.

    Args:
        cut: the file was cut: readers of other releases keep a broken frame, or drop it.
    """
    if ours.kind != theirs.kind:
        return [f"kind {ours.kind}, not {theirs.kind}"]
    found = []
    spare = 0.2 if cut else _NEAR
    if not any(abs(ours.lengths[0] - seconds) <= spare for seconds in theirs.lengths):
        found.append(f"duration {ours.lengths[0]:.2f}, not {sorted(theirs.lengths)}")
    if abs(ours.frames - theirs.frames) > (2 if cut else 0):
        found.append(f"frames {ours.frames}, not {theirs.frames}")
    if abs(ours.sound - theirs.sound) > spare or bool(ours.sound) != bool(theirs.sound):
        found.append(f"sound {ours.sound:.2f}, not {theirs.sound:.2f}")
    return found


def cut(path: Path, folder: Path) -> Iterator[Path]:
    """Yield copies of a file without its last and without its first third."""
    content = path.read_bytes()
    third = len(content) // 3
    for name, part in (("head", content[:-third]), ("tail", content[third:])):
        place = folder / f"{path.stem}.{name}{path.suffix}"
        place.write_bytes(part)
        yield place


class Unjudged(Enum):
    """The reason for which ffprobe is no judge of a file."""

    UNREAD = "that ffprobe does not read as they were written"
    UNDECODED = "of codecs that PyAV was built without"


Verdict: TypeAlias = "list[str] | Unjudged"
"""The facts in which two readers of a file differ, or why they are not compared."""


def compared(made: Iterator[tuple[Recipe, Path]], folder: Path) -> Iterator[tuple[Path, Verdict]]:
    """Yield each file, and cuts of one of each container, with what its readers differ in."""
    seen = set()
    for recipe, path in made:
        whole = by_ffprobe(path)
        yield path, _compared(path, recipe, whole)
        if recipe.container not in seen and not whole.damaged:
            seen.add(recipe.container)
            for part in cut(path, folder):
                yield part, _compared(part, recipe, by_ffprobe(part), is_cut_of=whole.container)


def _compared(path: Path, recipe: Recipe, theirs: Found, *, is_cut_of: str = "") -> Verdict:
    if theirs.container != is_cut_of if is_cut_of else theirs.damaged:
        return Unjudged.UNREAD  # without its head it is no longer what it was; or nobody reads it
    if not (theirs.frames or theirs.sound) or (recipe.video and theirs.kind != "video"):
        return Unjudged.UNREAD
    if not all(map(_is_decoded, theirs.codecs)):
        return Unjudged.UNDECODED
    return differences(by_reader(path), theirs, cut=bool(is_cut_of))


def _is_decoded(codec: str) -> bool:
    """Tell whether the FFmpeg inside of PyAV has a decoder of a codec."""
    try:
        return bool(av.Codec(codec, "r"))
    except av.codec.codec.UnknownCodecError:
        return False


@command(__doc__)
@click.option(
    "--work", type=click.Path(path_type=Path), help="Folder that keeps the files that were made."
)
@click.option("--share", default=1.0, show_default=True, help="Part of the files, by a seed.")
def main(work: Path | None, share: float) -> None:
    if not ffmpeg_zoo.is_installed():
        stop("ffmpeg and ffprobe")
    with scratch() as folder:
        kept = work or folder / "zoo"
        kept.mkdir(parents=True, exist_ok=True)
        files, unjudged, wrong = 0, Counter[Unjudged](), Counter[str]()
        for path, found in compared(ffmpeg_zoo.make_all(kept, share), folder):
            if isinstance(found, Unjudged):
                unjudged[found] += 1
                continue
            files += 1
            wrong.update(difference.split()[0] for difference in found)
            for difference in found:
                click.echo(f"{path.name}: {difference}", err=True)
    right = [(fact, files - wrong[fact]) for fact in FACTS]
    apart = " and ".join(f"{unjudged[reason]} {reason.value}" for reason in Unjudged)
    conclude(
        f"{files:,} files that ffmpeg wrote; not judged are {apart}; {machine()}.",
        ("fact", "agree with ffprobe", "share"),
        [(fact, n, f"{n / files:.2%}", at_least(n / files, 1.0, "100 %")) for fact, n in right],
    )


if __name__ == "__main__":
    main()
