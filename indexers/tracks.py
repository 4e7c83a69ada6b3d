"""Tracks of one file that fail independently of each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from indexers.pieces import Note, Piece, Prepared, fault


def either(tracks: Mapping[str, Iterator[Prepared]]) -> Iterator[Piece]:
    """One track after another; a broken one costs a note, and the others stay.

    What a track brought before it broke is kept with them.

    Raises:
        Exception: the first track's, when no track could be read to its end.
    """
    errors: dict[str, Exception] = {}
    for name, track in tracks.items():
        try:
            yield from track
        except Exception as error:  # whatever a decoder runs into
            fault(error)
            errors[name] = error
    if len(errors) == len(tracks):
        raise next(iter(errors.values()))
    for name, broken in errors.items():
        yield Note(f"{name}: {fault(broken)}")
