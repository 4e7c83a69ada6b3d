"""A file's date is the wall clock of where it was made, wherever its format keeps it.

The kind: one clock between a file and a filter. Every format's places for a date are tried
in five zones, against a table that is written here.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from engine.config import Settings
from engine.media import dates
from engine.media.audio import probe_audio
from engine.media.file_dates import ON_DISK, read_dates
from engine.media.image import read_frames
from engine.media.sniff import sniff
from engine.media.video import probe_video
from engine.types import Kind
from tests.media import dated, makers

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Path, datetime, bool, int]]:
    """Every file of the table, made twice, with its date; and which half of the year that is."""
    folder, made = tmp_path_factory.mktemp("dated"), []
    for number, when in enumerate(dated.TIMES):
        for name, make, date, utc in dated.table(when):
            made.append((make(folder / f"{number}_{name}"), date, utc, number))
    return made


@pytest.fixture
def live_in() -> Iterator[Callable[[str], None]]:
    """Move whoever runs this to another zone, until the test ends."""
    with pytest.MonkeyPatch.context() as patch:

        def move(zone: str) -> None:
            patch.setenv("TZ", zone)
            time.tzset()

        yield move
    time.tzset()


def read(path: Path) -> list[str | None]:
    """Return the date that is indexed, and the one that is chosen of all that a file has."""
    (chosen,) = [claim for claim in read_dates(path) if claim.chosen]
    return [_indexed(path), chosen.when]


def _indexed(path: Path) -> str | None:
    kind = sniff(path).kind
    if kind is Kind.IMAGE:
        return next(iter(read_frames(path, Settings(), 64))).taken_at
    return (probe_video if kind is Kind.VIDEO else probe_audio)(path).taken_at


@pytest.mark.parametrize("zone", list(dated.ZONES))
def test_dates_of_sixty_files(
    files: list[tuple[Path, datetime, bool, int]], live_in: Callable[[str], None], zone: str
) -> None:
    assert len(files) >= 60
    live_in(zone)
    for path, date, utc, number in files:
        local = date + timedelta(hours=dated.ZONES[zone][number]) if utc else date
        assert read(path) == [local.isoformat()] * 2, path.name


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
@pytest.mark.parametrize("tag", ["DateTimeOriginal", "XMP:CreateDate", "IPTC:DateCreated"])
def test_dates_that_exiftool_writes(tmp_path: Path, tag: str) -> None:
    path = tmp_path / "a.jpg"
    makers.corners().save(path)
    value = f"-{tag}=2024:06:30" + ("" if tag.startswith("IPTC") else " 22:30:00")
    subprocess.run(["exiftool", "-q", value, str(path)], check=True)
    assert (dates.date_of(read_dates(path)) or "").startswith("2024-06-30")


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
@pytest.mark.parametrize("suffix", ["mp4", "mkv", "mov", "m4a"])
def test_dates_that_ffmpeg_writes(
    tmp_path: Path, live_in: Callable[[str], None], suffix: str
) -> None:
    path = tmp_path / f"a.{suffix}"
    subprocess.run(
        [
            "ffmpeg", "-v", "error", "-f", "lavfi", "-i", "sine=d=0.2", "-metadata",
            "creation_time=2024-06-30T22:30:00Z", str(path),
        ],
        check=True,
    )  # fmt: skip
    live_in("Asia/Tokyo")
    assert read(path) == ["2024-07-01T07:30:00"] * 2


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("2024:06:30 22:30:00", "2024-06-30T22:30:00"),
        ("2024-06-30T22:30:00.123+05:30", "2024-06-30T22:30:00"),
        ("2024/6/3 9:05", "2024-06-03T09:05:00"),
        ("20240630", "2024-06-30T00:00:00"),
        ("20240630T223000+0900", "2024-06-30T22:30:00"),
        ("2001", "2001-01-01T00:00:00"),
        ("2001-06", "2001-06-01T00:00:00"),
        ("2001:00:00", "2001-01-01T00:00:00"),
        ("1970", "1970-01-01T00:00:00"),
        ("Sun Jun 30 22:30:00 2024", "2024-06-30T22:30:00"),
        ("30 Jun 2024 22:30:00 +0200", "2024-06-30T22:30:00"),
        ("2016-12-31T23:59:60", "2016-12-31T23:59:59"),
    ],
)
def test_ways_to_write_a_date(text: str, when: str) -> None:
    found = dates.claim("tag", text)
    assert found is not None and found.when == when


@pytest.mark.parametrize(
    "text",
    [
        "0000:00:00 00:00:00", "    :  :     :  :  ", "1904-01-01T00:00:00Z", "1904-01-01",
        "1970-01-01T00:00:00Z", "1970:01:01 09:00:00", "1969:12:31 19:00:00",
        "1970-01-01T00:01:23", "1980:01:01 00:00:00", "2106-02-07T06:28:15Z", "9999",
        "2040-02-06T06:28:16Z", "1601-01-01T00:00:00Z", "0001-01-01", "2024-13-01", "2024-02-30",
        "2024-06-30T25:00:00", "yesterday", "12", "20240", "10:11:12", "x" * 10_000, "\0", "99:99",
        "Sun, 99 Foo 2024",
    ],
)  # fmt: skip
def test_dates_that_cannot_be_are_passed_over(text: str) -> None:
    found = dates.claim("tag", text)
    assert found is None or (found.when is None and found.fault)


def test_a_day_gives_way_to_a_time_on_it_and_to_no_other() -> None:
    day, same, other = (
        dates.claim("tag", text)
        for text in ("2001-06-04", "2001:06:04 10:00:00", "2015-01-01 1:00")
    )
    assert dates.date_of(dates.choose([day, other, same])) == "2001-06-04T10:00:00"
    assert dates.date_of(dates.choose([day, other])) == "2001-06-04T00:00:00"
    assert dates.date_of(dates.choose([None])) is None


def test_a_file_that_says_nothing_has_its_last_change(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    makers.corners().save(path)
    (found,) = read_dates(path)
    assert (found.source, found.chosen) == (ON_DISK, True)
