"""Search a folder of pictures, videos and sounds by words.

    python examples/search_folder.py ~/Pictures "a dog on a beach"

The first run indexes the folder, into a library beside it; later ones read only what is
new or has changed.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from sensorium import Library, SensoriumError


def main() -> int:
    parser = argparse.ArgumentParser(description="Search a folder by words.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("query", help="see docs/language.md")
    parser.add_argument("--top", type=int, default=5)
    parser.add_argument("--library", type=Path, help="default: FOLDER.library")
    parser.add_argument("--encoder", help="of a new library; default: compact")
    options = parser.parse_args()
    place = options.library or options.folder.with_suffix(".library")
    try:
        with Library.open(place, create=True, encoder=options.encoder) as library:
            report = library.index([options.folder], progress=True)
            print(f"{report.added} new files, {len(report.failures)} unreadable", file=sys.stderr)
            result = library.search(options.query, top=options.top)
    except SensoriumError as error:
        print(f"{error} ({error.code})", file=sys.stderr)
        return error.exit_code
    for hit in result:
        when = "" if hit.start is None else f" at {hit.start:.0f} s"
        print(f"{hit.score:6.2f}  {hit.path}{when}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
