"""Quality on speech: search for spoken prompts by their words.

    python -m benchmarks.speech --data DIR [--prompts DIR]

The prompts are indexed through the facade under meaningless names. The query is a
prompt's text, or that text less every third word; the first hit must be that prompt.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from benchmarks.common import (
    Indexed,
    at_least,
    command,
    conclude,
    data_option,
    indexed,
    machine,
    need,
    rows,
)

PROMPTS = Path("/usr/share/asterisk/sounds/en_US_f_Allison")


def less_a_third(text: str) -> str:
    """A text without every third word."""
    return " ".join(word for place, word in enumerate(text.split(), 1) if place % 3)


def _first(prompts: Indexed, queries: Sequence[str]) -> float:
    """R@1, where query i asks for prompt i."""
    return sum(prompts.found(query, 1) == [i] for i, query in enumerate(queries)) / len(queries)


@command(__doc__)
@data_option
@click.option(
    "--prompts",
    type=click.Path(path_type=Path),
    default=PROMPTS,
    show_default=True,
    help="The sounds folder of Debian's asterisk-core-sounds-en-wav.",
)
def main(data: Path, prompts: Path) -> None:
    need(data / "prompts.csv", prompts)
    listed = rows(data / "prompts.csv")
    files = [prompts / row["file"] for row in listed]
    need(*files)
    texts = [row["text"] for row in listed]
    with indexed(files) as spoken:
        seconds = spoken.report.seconds / len(files)
        whole = _first(spoken, texts)
        less = _first(spoken, [less_a_third(text) for text in texts])
    conclude(
        f"Quality, {len(files)} spoken prompts, 8 kHz; {seconds:.2f} s to index each; {machine()}.",
        ("query", "measure", "compact"),
        [
            ("the text", "R@1", f"{whole:.3f}", at_least(whole, 0.93)),
            ("the text less every third word", "R@1", f"{less:.3f}", at_least(less, 0.87)),
        ],
    )


if __name__ == "__main__":
    main()
