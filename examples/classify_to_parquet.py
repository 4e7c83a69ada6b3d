"""Label the files of a folder by words, and write the labels as Parquet.

    python examples/classify_to_parquet.py ~/Pictures labels.parquet cat dog "a red car"

Nothing is trained, and nothing leaves the machine. A file that is none of the labels gets
none of them. The columns are those of docs/classify.md.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from sensorium import Library


def main() -> None:
    parser = argparse.ArgumentParser(description="Label files by words.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path, help="a .parquet file")
    parser.add_argument("labels", nargs="+")
    parser.add_argument("--library", type=Path, help="default: FOLDER.library")
    parser.add_argument("--encoder", help="of a new library; default: compact")
    options = parser.parse_args()
    place = options.library or options.folder.with_suffix(".library")
    with Library.open(place, create=True, encoder=options.encoder) as library:
        made = library.classify(options.labels, paths=[options.folder], unknown=True, progress=True)
        made.to_parquet(options.out)
    for label, files in made.counts.items():
        print(f"{files:6}  {label}")


if __name__ == "__main__":
    main()
