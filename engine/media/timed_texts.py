"""Texts with times: subtitles, chapters and lyrics, of a container or of a file beside it."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream

from engine.media.container import BREAKS, DECODE_ERRORS, opened_again, origin

MOST = 20_000
"""Lines of one file that are read."""
_LONGEST = 4 << 20
"""Bytes of a file of subtitles that are read."""
_PICTURES = frozenset({"hdmv_pgs_subtitle", "dvd_subtitle", "dvb_subtitle", "xsub"})
"""Subtitles that are pictures."""
_FORMATS = {".srt": "srt", ".vtt": "webvtt", ".ass": "ass", ".ssa": "ass", ".lrc": "lrc"}
SUFFIXES = frozenset(_FORMATS)
"""Suffixes, in lower case, of the files that are read beside a video or a sound."""
_MARKUP = re.compile(r"\{\\[^}]*\}|<[^<>]{1,80}>")
_LINE_END = re.compile(r"\\[Nnh]|\s+")
_LRC = re.compile(r"^\[\d{1,3}:\d{2}", re.MULTILINE)
_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb\xbf": "utf-8-sig"}
_SHOWN = 5.0
"""Seconds that a line stands which says no end, and that nothing follows."""


@dataclass(frozen=True, slots=True)
class TimedText:
    """A line of subtitles or of lyrics, or the title of a chapter."""

    start: float
    """Seconds from the start of the file."""
    end: float
    text: str


def of_container(container: InputContainer) -> list[TimedText]:
    """Read the subtitles and the chapters inside a container, in the order of their times.

    The whole file is read where it has subtitles that are text, and nothing of it decoded.
    """
    zero = origin(container)
    found = list(_chapters(container, zero))
    if any(stream.codec_context and _is_text(stream) for stream in container.streams.subtitles):
        with suppress(*BREAKS), opened_again(container) as again:
            found += _lines(again, zero)
    return _in_order(found)


def of_file(path: Path) -> list[TimedText]:
    """Read a file of subtitles or lyrics; empty where FFmpeg finds none in it.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as stream:
        return of_text(_decoded(stream.read(_LONGEST)), _FORMATS[path.suffix.lower()])


def is_lrc(lyrics: str) -> bool:
    """Tell whether lyrics have the time of each line before it."""
    return _LRC.search(lyrics) is not None


def of_text(text: str, form: str) -> list[TimedText]:
    """Read subtitles out of a text in one of FFmpeg's formats: ``srt``, ``webvtt``, ``lrc``."""
    with (
        suppress(*DECODE_ERRORS),
        av.open(io.BytesIO(text.encode("utf-8", "replace")), "r", format=form) as container,
    ):
        return _in_order(list(_lines(container, 0.0)))
    return []


def _decoded(raw: bytes) -> str:
    encoding = next((name for mark, name in _MARKS.items() if raw.startswith(mark)), None)
    if encoding is not None:
        return raw.decode(encoding, "replace")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def _is_text(stream: Stream) -> bool:
    return stream.codec_context is not None and stream.codec_context.name not in _PICTURES


def _lines(container: InputContainer, zero: float) -> Iterator[TimedText]:
    streams = [stream for stream in container.streams.subtitles if _is_text(stream)]
    if not streams:
        return
    count = 0
    with suppress(*BREAKS):
        for packet in container.demux(*streams):
            if not packet.size or packet.pts is None or packet.time_base is None:
                continue
            start = float(packet.pts * packet.time_base) - zero
            length = float((packet.duration or 0) * packet.time_base)
            for text in map(_plain, _dialogues(packet)):
                if text and (count := count + 1) <= MOST:
                    yield TimedText(max(0.0, start), max(0.0, start) + length, text)


def _dialogues(packet: Packet[Stream]) -> Iterator[bytes]:
    with suppress(*DECODE_ERRORS):
        for shown in packet.decode():
            yield getattr(shown, "dialogue", b"") or getattr(shown, "text", b"") or b""


def _plain(raw: bytes) -> str:
    text = html.unescape(_MARKUP.sub(" ", raw.decode("utf-8", "replace")))
    return _LINE_END.sub(" ", text).strip()


def _chapters(container: InputContainer, zero: float) -> Iterator[TimedText]:
    for chapter in container.chapters()[:MOST]:
        title = (chapter["metadata"] or {}).get("title", "").strip()
        if title and (base := chapter["time_base"]) is not None:
            start = max(0.0, float(chapter["start"] * base) - zero)
            yield TimedText(start, max(start, float(chapter["end"] * base) - zero), title)


def _in_order(found: list[TimedText]) -> list[TimedText]:
    """Sort lines by time, each once; one without an end lasts to the next one."""
    lines = sorted(dict.fromkeys(found), key=lambda line: (line.start, line.end, line.text))
    ended = []
    for at, line in enumerate(lines):
        end = line.end
        if end <= line.start:
            after = next((n.start for n in lines[at + 1 :] if n.start > line.start), None)
            end = line.start + _SHOWN if after is None else after
        ended.append(TimedText(line.start, end, line.text))
    return ended
