"""All dates of one file and the one that counts, for people who ask where a date came from."""

from __future__ import annotations

import os
from pathlib import Path

from engine.common import local_time
from engine.common.file_state import stored_mtime_ns
from engine.errors import UnsupportedMedia
from engine.media.dates import DateClaim, choose
from engine.media.file_errors import unreadable
from engine.media.sniff import sniff
from engine.types import Kind

ON_DISK = "last change of the file"
"""The source of the date that every file has."""


def read_dates(path: Path) -> tuple[DateClaim, ...]:
    """Return the dates of a file in the order in which they count; one is chosen.

    Raises:
        UnsupportedMedia: it is no media that Sensorium reads.
        EmptyMedia, UnreadableMedia, CorruptMedia: as the readers of its kind have it.
    """
    media = sniff(path)
    if media is None:
        raise UnsupportedMedia(f"{path} is neither a picture, a video nor a sound")
    try:
        changed = local_time.iso_of(stored_mtime_ns(os.stat(path)))  # noqa: PTH116
    except OSError as error:
        raise unreadable(error) from error
    found = _of_picture(path) if media.kind is Kind.IMAGE else _of_container(path)
    return choose([*found, DateClaim(ON_DISK, changed, changed, known=0)])


def _of_picture(path: Path) -> tuple[DateClaim, ...]:
    from engine.media.image import open_picture
    from engine.media.picture_dates import date_claims

    with open_picture(path) as image:
        return date_claims(image)


def _of_container(path: Path) -> tuple[DateClaim, ...]:
    from engine.media.container import open_container
    from engine.media.container_dates import date_claims

    with open_container(path) as container:
        return date_claims(container)
