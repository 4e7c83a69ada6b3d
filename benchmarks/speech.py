"""Quality on speech: are spoken prompts found by what they say?

    python -m benchmarks.speech --data DIR [--prompts DIR]

Through the facade: the prompts are indexed under names that say nothing, and the
first hit must be the prompt whose text, or what is left of it, was asked.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from benchmarks.common import (
    anonymous_copies,
    build,
    data_option,
    machine,
    need,
    reached,
    rows,
    scratch,
    table,
)
from engine.library import Library

_PROMPTS = Path("/usr/share/asterisk/sounds/en_US_f_Allison")


def less_a_third(text: str) -> str:
    """A text without every third word."""
    return " ".join(word for place, word in enumerate(text.split(), 1) if place % 3)


def _first(library: Library, places: Mapping[str, int], queries: Sequence[str]) -> float:
    """R@1, where query i asks for prompt i."""
    found = [library.search(query, top=1).hits for query in queries]
    right = sum(bool(hits) and places[hits[0].path] == i for i, hits in enumerate(found))
    return right / len(queries)


@click.command(help=__doc__.partition("\n")[0] if __doc__ else None)
@data_option
@click.option(
    "--prompts",
    type=click.Path(path_type=Path),
    default=_PROMPTS,
    show_default=True,
    help="The sounds folder of Debian's asterisk-core-sounds-en-wav.",
)
def main(data: Path, prompts: Path) -> None:
    need(data / "prompts.csv", prompts)
    listed = rows(data / "prompts.csv")
    files = [prompts / row["file"] for row in listed]
    need(*files)
    texts = [row["text"] for row in listed]
    with scratch() as folder:
        places = anonymous_copies(files, folder / "media")
        started = time.perf_counter()
        with build(folder / "library", folder / "media") as library:
            seconds = (time.perf_counter() - started) / len(files)
            whole = _first(library, places, texts)
            less = _first(library, places, [less_a_third(text) for text in texts])
    table(
        f"Quality, {len(files)} spoken prompts, 8 kHz; {seconds:.2f} s to index each; {machine()}.",
        ("query", "measure", "compact", "must reach", "reached"),
        [
            ("the text", "R@1", f"{whole:.3f}", 0.93, reached(whole, 0.93)),
            ("the text less every third word", "R@1", f"{less:.3f}", 0.87, reached(less, 0.87)),
        ],
    )


if __name__ == "__main__":
    main()
