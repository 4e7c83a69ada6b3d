"""Tracks of one file that fail independently of each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from indexers.decode_events import DecodeEvent, Note
from indexers.fault_messages import fault


def run_tracks(tracks: Mapping[str, Iterator[DecodeEvent]]) -> Iterator[DecodeEvent]:
    """Run one track after another; a broken one costs a note, and the others stay.

    What a track brought before it broke is kept with them.

    Raises:
        Exception: the first track's, when no track could be read to its end.
    """
    first: Exception | None = None
    notes: list[Note] = []
    for name, track in tracks.items():
        try:
            yield from track
        except Exception as error:  # whatever a decoder runs into
            found = fault(error)
            notes.append(Note(f"{name}: {found.reason}", found.code))
            first = first or error
    if first is not None and len(notes) == len(tracks):
        raise first
    yield from notes
