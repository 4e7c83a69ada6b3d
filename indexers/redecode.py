"""A file that is indexed, read again: each piece of it for the moments that it is of."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.config import Settings
from engine.encoders.towers import Towers
from engine.errors import MediaError, UnreadableMedia
from engine.store import KnownAsset
from engine.types import FileStat, Kind, Modality, Moment, MomentRecord
from indexers.audio import soundtrack
from indexers.decode_events import DecodeEvent, Note, Prepared, TowerInput
from indexers.file_hash import hash_file, stat_file
from indexers.image import decode_image
from indexers.track_isolation import run_tracks
from indexers.video import keyframes, shots_beside

_BRIEFEST = 1e-3
"""Seconds that a moment lasts at least, where spans are compared."""


@dataclass(frozen=True, slots=True)
class MatchedPiece:
    """A prepared piece, and the moment that it is of."""

    moment_id: int
    prepared: Prepared


def stored_texts(moments: Sequence[MomentRecord]) -> Generator[MatchedPiece | Note, None, None]:
    """Yield the texts of moments that are spoken or written, which needs no file."""
    for record in moments:
        if text := record.moment.text:
            yield MatchedPiece(record.moment_id, Prepared(record.moment, TowerInput.TEXT, text))


def decoded_pieces(
    known: KnownAsset,
    moments: Sequence[MomentRecord],
    towers: Towers,
    settings: Settings,
    spoken: Sequence[Moment] = (),
) -> Generator[MatchedPiece | Note, None, None]:
    """Pieces of an asset's file that are of these moments, as they come.

    Args:
        spoken: what is said in it, for encoders that embed shots with their words.

    Raises:
        UnreadableMedia: it is not what was indexed, or changes while it is read.
        Exception: whatever a decoder runs into.
    """
    path = Path(known.path)
    stat = require_unchanged(known)
    left = _UnmatchedMoments(moments)
    for piece in _decoded(known, moments, towers, settings, spoken):
        if isinstance(piece, Prepared):
            for moment_id in left.match(piece.moment):
                yield MatchedPiece(moment_id, piece)
        elif isinstance(piece, Note):
            yield piece
    if stat_file(path) != stat:
        raise UnreadableMedia("changes while it is read")
    if count := left.count():
        reason = f"{count} of {len(moments)} moments are not found in it again"
        yield Note(reason, MediaError.code)


def require_unchanged(known: KnownAsset) -> FileStat:
    """Return the file's ``stat``, where it holds what was indexed.

    Raises:
        UnreadableMedia: it does not, or is gone.
    """
    path = Path(known.path)
    try:
        stat = stat_file(path)
    except FileNotFoundError:
        raise UnreadableMedia("is gone; the next index forgets it") from None
    if (stat.size, stat.mtime_ns) == (known.size, known.mtime_ns):
        return stat
    stat, content_hash = hash_file(path)
    if content_hash != known.content_hash:
        raise UnreadableMedia("has changed; the next index takes it in anew")
    return stat


def _decoded(
    known: KnownAsset,
    moments: Sequence[MomentRecord],
    towers: Towers,
    settings: Settings,
    spoken: Sequence[Moment],
) -> Iterator[DecodeEvent]:
    """Decode the tracks of a file that the moments are of, and nothing besides."""
    path = Path(known.path)
    if known.kind is Kind.IMAGE:
        return decode_image(path, towers, settings)
    modalities = {record.moment.modality for record in moments}
    tracks: dict[str, Iterator[DecodeEvent]] = {}
    if Modality.KEYFRAME in modalities:
        tracks["pictures"] = keyframes(path, towers, settings, spoken)
    if Modality.SOUND in modalities:
        video = known.kind is Kind.VIDEO
        beside = shots_beside(path, towers, settings, spoken) if video else None
        tracks |= soundtrack(path, towers, settings, beside)
    return run_tracks(tracks)


class _UnmatchedMoments:
    """The moments of a file that no piece has been found for, in their order."""

    def __init__(self, records: Sequence[MomentRecord]) -> None:
        self._left: dict[Modality, deque[MomentRecord]] = {}
        self._passed = 0
        for record in sorted(records, key=lambda r: _span(r.moment)):
            self._left.setdefault(record.moment.modality, deque()).append(record)

    def match(self, piece: Moment) -> list[int]:
        """Return the moments that a piece is of: those whose middle lies in it.

        Pictures go by their ordinals. Shots and windows lie where they lay, unless the
        settings or the decoder are others than then; so one piece may be of several.
        """
        left = self._left.get(piece.modality, deque())
        start, end = _span(piece)
        found = []
        while left and _middle(left[0].moment) < end:
            record = left.popleft()
            if start <= _middle(record.moment):
                found.append(record.moment_id)
            else:
                self._passed += 1
        return found

    def count(self) -> int:
        """Return how many moments have no piece."""
        return self._passed + sum(map(len, self._left.values()))


def _span(moment: Moment) -> tuple[float, float]:
    """Start and end in seconds; of a picture its ordinal, and one more."""
    if moment.start is None:
        return float(moment.ordinal), moment.ordinal + 1.0
    end = moment.start if moment.end is None else moment.end
    return moment.start, max(end, moment.start + _BRIEFEST)


def _middle(moment: Moment) -> float:
    return sum(_span(moment)) / 2
