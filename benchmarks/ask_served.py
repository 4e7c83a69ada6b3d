"""Answers of a local model beside those of a server that is played by it, and the time before them.

    python -m benchmarks.ask_served --data DIR --model local:qwen [--questions N] [--work DIR]

Each question of `benchmarks.ask` that words answer is asked twice in one process: of the model, and
of an OpenAI-compatible server on loopback whose model it is. Prompts and answers must be equal. The
first word after retrieval, which is searching, verifying and packing, is held beside the first word
of the bare model, which is sent the same prompt; a short question between them makes it forget
what it read. Times are of a machine that does nothing else.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

import click
import numpy as np

from benchmarks.ask import photos_library, whole_right
from benchmarks.common import (
    Row,
    at_least,
    at_most,
    command,
    conclude,
    data_option,
    machine,
    need,
    rows,
    scratch,
)
from benchmarks.everyday import home_library
from engine.assistant.answer import CitedAnswer
from engine.config import Settings
from engine.encoders import registry
from engine.generate.chat import Message
from engine.generate.chats import local_chat
from engine.generate.gguf_files import PREFIX
from engine.library.facade import Library
from engine.testing.chat_server import serving
from engine.testing.played_chat import RecordedChat, playing_local, plays

_HERE = Path(__file__).parent
_RETRIEVAL = ("search", "verify", "pack")
_HOURS = 3600.0


@dataclass
class ServedFigures:
    """What is the same by both ways, and seconds before the first word of both."""

    prompts: list[bool] = field(default_factory=list)
    answers: list[bool] = field(default_factory=list)
    after_retrieval: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)


def ask_both_ways(
    asked: Sequence[tuple[Library, str]], chat: RecordedChat, *, timed: bool
) -> ServedFigures:
    """Ask questions of a chat as a local model and through a server that it plays.

    Args:
        timed: whether the bare model is asked, too.
    """
    figures = ServedFigures()
    with playing_local(chat), serving(plays(chat)) as served:
        named = {"OPENAI_BASE_URL": served.url, "OPENAI_API_KEY": "none", "NO_PROXY": "*"}
        with patch.dict(os.environ, named):
            for library, question in asked:
                _ask(library, question, chat, figures, timed=timed)
    return figures


def _ask(
    library: Library, question: str, chat: RecordedChat, figures: ServedFigures, *, timed: bool
) -> None:
    if timed:
        _forget(chat)
    before, began = len(chat.prompts), time.perf_counter()
    local = library.ask(question, model=f"{PREFIX}played")
    figures.whole.append(time.perf_counter() - began)
    prompts = chat.prompts[before:]
    if prompts and timed and prompts[0].schema == "sentences":
        retrieved = began + sum(local.took_ms.get(name, 0.0) for name in _RETRIEVAL) / 1e3
        figures.after_retrieval.append(chat.first[before] - retrieved)
        figures.bare.append(_bare(chat, chat.last[before]))
    middle = len(chat.prompts)
    server = library.ask(question, model="openai:played")
    figures.prompts.append(chat.prompts[middle:] == prompts)
    figures.answers.append(_same(local, server))
    if not (figures.prompts[-1] and figures.answers[-1]):
        click.echo(f"not the same: {question}\n  {local.text}\n  {server.text}", err=True)


def _bare(chat: RecordedChat, messages: Sequence[Message]) -> float:
    """Return the seconds before the first word of the bare model, which is sent a prompt."""
    _forget(chat)
    seen: list[float] = []
    began = time.perf_counter()
    chat.chat.reply(
        messages, seconds=_HOURS, most_tokens=4,
        on_text=lambda _: seen.append(time.perf_counter()),
    )  # fmt: skip
    return (seen[0] if seen else time.perf_counter()) - began


def _forget(chat: RecordedChat) -> None:
    """Have the model read something else, so that nothing of a prompt is left in its cache."""
    other = [Message.from_text("user", "Count to three.")]
    chat.chat.reply(other, seconds=_HOURS, most_tokens=2)


def _same(one: CitedAnswer, other: CitedAnswer) -> bool:
    return one.text == other.text and [p.key for p in one.passages] == [
        p.key for p in other.passages
    ]


def _table(figures: ServedFigures) -> list[Row]:
    table: list[Row] = [
        ("questions with the same prompts", *_all(figures.prompts)),
        ("questions with the same answers", *_all(figures.answers)),
    ]
    if figures.bare:
        ratio = sum(figures.after_retrieval) / sum(figures.bare)
        table.append(
            ("first word after retrieval, times that of the bare model", f"{ratio:.2f}",
             at_most(ratio, 1.15))
        )  # fmt: skip
        for name, seconds in (
            ("first word after retrieval, s, median", figures.after_retrieval),
            ("first word of the bare model, s, median", figures.bare),
        ):
            table.append((name, f"{np.median(seconds):.2f}", None))
    table.append(("a whole answer, s, median", f"{np.median(figures.whole):.1f}", None))
    return table


def _all(parts: list[bool]) -> tuple[str, object]:
    share = sum(parts) / len(parts) if parts else 0.0
    return f"{sum(parts)} of {len(parts)}", at_least(share, 1.0)


@command(__doc__)
@data_option
@click.option("--work", type=click.Path(path_type=Path), help="Folder that keeps the libraries.")
@click.option("--model", default="local:qwen", show_default=True, help="A model of this machine.")
@click.option("--questions", default=12, show_default=True, help="Questions at most.")
def main(data: Path, work: Path | None, model: str, questions: int) -> None:
    need(data / "home")
    chat = RecordedChat(local_chat(model.removeprefix(PREFIX), Settings.load()))
    words = [row for row in rows(_HERE / "ask.csv") if row["about"] == "said"]
    asked = [{**row, "right": whole_right(row, data)} for row in words][:questions]
    with scratch() as folder:
        kept = work or folder
        makers = {
            "home": lambda: home_library(data, kept, registry.MULTILINGUAL),
            "photos": lambda: photos_library(data, kept),
        }
        wanted = dict.fromkeys(row["of"] for row in asked)
        libraries = {name: Library.open(makers[name]()) for name in wanted}
        pairs = [(libraries[row["of"]], row["question"]) for row in asked]
        figures = ask_both_ways(pairs, chat, timed=True)
        for library in libraries.values():
            library.close()
    conclude(
        f"{len(asked)} questions to {model}, and to a server that it plays ({machine()})",
        ["", "figure"], _table(figures), variant=model,
    )  # fmt: skip


if __name__ == "__main__":
    main()
