"""Dates of files that exiftool and ffmpeg write, read in five time zones.

    python -m benchmarks.dates

Each place that a format has for a date is filled by the installed ``exiftool`` or ``ffmpeg``, in
summer and in winter, and read by processes whose users live in five time zones, as ``index``
reads it. The table below was written before: what is a wall clock stays as it is, what a
format defines as UTC is shown by the clock of the user's zone.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from benchmarks.common import at_least, command, conclude, machine, scratch, stop

ZONES = ("UTC", "Asia/Tokyo", "America/New_York", "Asia/Kathmandu", "Pacific/Kiritimati")
TIMES = (datetime(2024, 6, 30, 22, 30, 0), datetime(2019, 1, 1, 3, 15, 20))
_READ = "import sys; from benchmarks.dates import read; read(sys.argv[1:])"

# Each line: the file's suffix, whose clock it is (wall, utc, or day, where there is no time), the
# program that writes it, and what it is asked to write, of {exif}, {iso}, {day} and {time}.
_TABLE = """
jpg wall exiftool -DateTimeOriginal={exif}
jpg wall exiftool -EXIF:CreateDate={exif}
jpg wall exiftool -EXIF:ModifyDate={exif}
jpg wall exiftool -DateTimeOriginal={exif}|-OffsetTimeOriginal=+09:00
jpg wall exiftool -DateTimeOriginal={exif}|-EXIF:ModifyDate=2030:01:01T00:00:00
jpg wall exiftool -XMP-exif:DateTimeOriginal={exif}
jpg wall exiftool -XMP-xmp:CreateDate={exif}
jpg wall exiftool -XMP-xmp:CreateDate={exif}+05:30
jpg wall exiftool -XMP-photoshop:DateCreated={exif}
jpg wall exiftool -IPTC:DateCreated={day}|-IPTC:TimeCreated={time}
jpg day exiftool -IPTC:DateCreated={day}
png wall exiftool -PNG:CreationTime={exif}
png wall exiftool -XMP-xmp:CreateDate={exif}
png wall exiftool -EXIF:DateTimeOriginal={exif}
webp wall exiftool -EXIF:DateTimeOriginal={exif}
webp wall exiftool -XMP-xmp:CreateDate={exif}
tiff wall exiftool -EXIF:DateTimeOriginal={exif}
tiff wall exiftool -EXIF:ModifyDate={exif}
tiff wall exiftool -XMP-xmp:CreateDate={exif}
gif wall exiftool -XMP-xmp:CreateDate={exif}
mp4 utc exiftool -QuickTime:CreateDate={exif}
mp4 wall exiftool -Keys:CreationDate={exif}+09:00
mov utc exiftool -QuickTime:CreateDate={exif}
mov wall exiftool -Keys:CreationDate={exif}-04:00
m4a utc exiftool -QuickTime:CreateDate={exif}
mp4 utc ffmpeg creation_time={iso}Z
mov utc ffmpeg creation_time={iso}Z
m4v utc ffmpeg creation_time={iso}Z
3gp utc ffmpeg creation_time={iso}Z
mkv utc ffmpeg creation_time={iso}Z
webm utc ffmpeg creation_time={iso}Z
m4a utc ffmpeg creation_time={iso}Z
mka utc ffmpeg creation_time={iso}Z
mkv wall ffmpeg date={iso}
mp3 wall ffmpeg date={iso}
flac wall ffmpeg date={iso}
ogg wall ffmpeg date={iso}
opus wall ffmpeg date={iso}
wav wall ffmpeg date={iso}
avi wall ffmpeg date={iso}
mp3 day ffmpeg date={day}
flac day ffmpeg date={day}
"""


@dataclass(frozen=True, slots=True)
class Dated:
    """A file of the table."""

    path: Path
    writer: str
    when: datetime
    clock: str
    """``wall``, ``utc`` or ``day``."""

    def date_in(self, zone: str) -> str:
        """Return what a user of this time zone must be shown."""
        if self.clock == "day":
            return self.when.replace(hour=0, minute=0, second=0).isoformat()
        if self.clock == "wall":
            return self.when.isoformat()
        local = self.when.replace(tzinfo=ZoneInfo("UTC")).astimezone(ZoneInfo(zone))
        return local.replace(tzinfo=None).isoformat()


def make(folder: Path) -> Iterator[Dated]:
    """Write the files of the table."""
    for number, line in enumerate(_TABLE.strip().splitlines()):
        suffix, clock, writer, asked = line.split()
        for half, when in enumerate(TIMES):
            filled = asked.format(
                exif=when.strftime("%Y:%m:%d %H:%M:%S"), iso=when.isoformat(),
                day=when.strftime("%Y-%m-%d"), time=when.strftime("%H:%M:%S"),
            ).split("|")  # fmt: skip
            path = folder / f"{number}_{half}.{suffix}"
            _write(path, () if writer == "exiftool" else filled)
            if writer == "exiftool":
                subprocess.run(
                    ["exiftool", "-q", "-overwrite_original", *filled, str(path)], check=True
                )
            yield Dated(path, writer, when, clock)


def _write(path: Path, metadata: Sequence[str]) -> None:
    """Write a small picture, video or sound without a date of its own."""
    sound = path.suffix in (".mp3", ".flac", ".ogg", ".opus", ".wav", ".m4a", ".mka")
    source = "sine=440:d=0.3" if sound else "testsrc=s=176x144:d=0.3:r=10"
    words = ["ffmpeg", "-v", "error", "-nostdin", "-y", "-bitexact", "-f", "lavfi", "-i", source]
    if path.suffix in (".jpg", ".png", ".webp", ".tiff", ".gif"):
        words += ["-frames:v", "1"]
    for entry in metadata:
        words += ["-metadata", entry]
    subprocess.run([*words, "-strict", "-2", str(path)], check=True)


def read(names: list[str]) -> None:
    """Print the dates of files, as ``index`` finds them, in JSON."""
    from engine.config import Settings
    from engine.media.audio import probe_audio
    from engine.media.image import read_frames
    from engine.media.sniff import sniff
    from engine.media.video import probe_video
    from engine.types import Kind

    found = {}
    for name in names:
        path = Path(name)
        media = sniff(path)
        assert media is not None
        if media.kind is Kind.IMAGE:
            found[name] = next(read_frames(path, Settings(), 64)).taken_at
        else:
            found[name] = (probe_video if media.kind is Kind.VIDEO else probe_audio)(path).taken_at
    click.echo(json.dumps(found))


def read_in(zone: str, files: list[Dated]) -> dict[str, str | None]:
    """Return the dates that a process of a user in this time zone reads."""
    names = [str(file.path) for file in files]
    words = [sys.executable, "-c", _READ, *names]
    environment = {**os.environ, "TZ": zone}
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
    found: dict[str, str | None] = json.loads(done.stdout)
    return found


@command(__doc__)
def main() -> None:
    if not (shutil.which("exiftool") and shutil.which("ffmpeg")):
        stop("exiftool and ffmpeg")
    right = Counter[str]()
    with scratch() as folder:
        files = list(make(folder))
        for zone in ZONES:
            found = read_in(zone, files)
            for file in files:
                date, shown = file.date_in(zone), found[str(file.path)]
                right[zone] += date == shown
                if date != shown:
                    line = _TABLE.strip().splitlines()[int(file.path.stem.split("_")[0])]
                    click.echo(f"{zone}: {line}: {shown}, not {date}", err=True)
    conclude(
        f"{len(files)} files of exiftool and ffmpeg in {len(ZONES)} time zones; {machine()}.",
        ("time zone", "dates that are right"),
        [
            (zone, f"{right[zone]} of {len(files)}", at_least(right[zone], len(files), "all"))
            for zone in ZONES
        ],
    )


if __name__ == "__main__":
    main()
