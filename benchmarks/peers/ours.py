"""`index` in a process of its own: python ours.py REPOSITORY MODEL LIBRARY MEDIA

Like its peers it loads before the clock starts, and prints what it took as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path


def main(repository: str, model: str, folder: str, media: str) -> None:
    sys.path.insert(0, repository)
    from engine.config import Settings
    from engine.library.facade import Library
    from engine.store import Store

    settings = Settings.from_env()
    files = sorted(Path(media).iterdir())
    with Library.open(f"{folder}-warm", create=True, encoder=model, settings=settings) as library:
        library.index(files[:1])  # makes what each encoder has once: exports, its bank of phrases
        towers = library.towers
    with Library(Store.create(folder, towers.encoder.name), settings, towers) as library:
        started = time.perf_counter()
        report = library.index([media])
        seconds = time.perf_counter() - started
    assert not report.failed and report.added == len(files), report
    print(json.dumps({"seconds": seconds, "pictures": report.added}))


if __name__ == "__main__":
    main(*sys.argv[1:])
