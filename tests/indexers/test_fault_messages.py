"""A failed file is reported with one line, and with a code for programs."""

from __future__ import annotations

import pytest

from engine.errors import UNEXPECTED, CorruptMedia, LibraryBusy, UnreadableMedia
from engine.types import Failure
from indexers.fault_messages import MediaFault, fault, media_fault


@pytest.mark.parametrize(
    ("error", "expected", "retryable"),
    [
        (CorruptMedia("cut\nshort"), MediaFault("cut short", "corrupt_media"), False),
        (UnreadableMedia("changes"), MediaFault("changes", "unreadable_media"), True),
        (
            FileNotFoundError(2, "No such file"),
            MediaFault("vanished before it was read", "unreadable_media"),
            True,
        ),
        (ValueError("odd"), MediaFault("ValueError: odd", UNEXPECTED), False),
    ],
)
def test_an_error_becomes_a_line_and_a_code(error, expected, retryable):
    assert fault(error) == expected
    assert expected.retryable is retryable


def test_what_is_no_fault_of_the_file_is_raised():
    with pytest.raises(LibraryBusy):
        fault(LibraryBusy("busy"))


def test_a_failure_names_the_part():
    found = media_fault(CorruptMedia("cut short"), "sound: ")
    assert found.failure("/a.mp4", 5, 7) == Failure(
        "/a.mp4", "sound: cut short", 5, 7, "corrupt_media", False
    )
