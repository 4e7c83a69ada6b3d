"""Find copies in a training set, and what of its test split leaked into the others.

    python examples/dedupe_training_set.py dataset/ --report copies.html
    python examples/dedupe_training_set.py dataset/ --move removed/

The splits are the folders right below DATASET. Without --move no file is touched; with it,
`sensorium undo RUN --library LIBRARY` brings every file back.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from sensorium import Library


def main() -> None:
    parser = argparse.ArgumentParser(description="Find copies and leaks in a training set.")
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--report", type=Path, help="a page with all copies side by side")
    parser.add_argument("--move", type=Path, help="move copies and leaks to this folder")
    parser.add_argument("--by-cosine", action="store_true", help="without comparing pixels")
    parser.add_argument("--library", type=Path, help="default: DATASET.library")
    parser.add_argument("--encoder", help="of a new library; default: compact")
    options = parser.parse_args()
    place = options.library or options.dataset.with_suffix(".library")
    with Library.open(place, create=True, encoder=options.encoder) as library:
        library.index([options.dataset], progress=True)
        for find in (library.curate.leaks, library.curate.duplicates):
            run = find([options.dataset], by_cosine=options.by_cosine)
            print(f"run {run.run_id}, {run.kind}: {run.line}")
            for kept, *others in run.groups:
                print(f"  {kept.path}")
                for finding in others:
                    print(f"    {finding.verdict}, {finding.score:.3f}: {finding.path}")
            if options.report:
                run.report(options.report.with_stem(f"{options.report.stem}-{run.kind}"))
            if options.move and run.matching():
                run.apply("move", to=options.move)


if __name__ == "__main__":
    main()
