"""Topics of `sensorium help`: sections of the docs, which come with the package.

The docs own what they say. `make docs` copies the sections named here to ``topics/``, and a
test fails when the copies drift.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).with_name("topics")
_LINK = re.compile(r"\[([^\]]+)\]\([^)]+\)")

_MADE = re.compile(r"^Made by `make docs`.*?\n\n", re.DOTALL | re.MULTILINE)
"""The sentence of generated pages that says where they come from."""


@dataclass(frozen=True, slots=True)
class Topic:
    """A page of `sensorium help`, as sections of one page of the docs."""

    about: str
    """A line for the list of topics."""
    page: str
    headings: tuple[str, ...]


TOPICS = {
    "query": Topic(
        "what to type: parts, weights, examples, one after another", "language.md",
        ("What to type", "Parts", "One after another"),
    ),
    "filters": Topic(
        "kind:, date:, path: and others, alone or with words", "language.md",
        ("Filters", "A filter alone"),
    ),
    "expressions": Topic("what --where takes", "language.md", ("Expressions",)),
    "dates": Topic("which date of a file counts", "dates.md", ("Dates", "Which one counts")),
    "searching": Topic("options of a search, and what hits say", "guide.md", ("Searching",)),
    "libraries": Topic(
        "what is kept where, indexing again, files that fail", "guide.md", ("Libraries",)
    ),
    "teaching": Topic("names of your own for people and things", "guide.md", ("Names",)),
    "settings": Topic("options, the environment and the file", "settings.md", ("Settings",)),
    "pipes": Topic("results for other programs", "shell.md", ("Hits at a shell",)),
    "terminal": Topic("tables, links, pictures, show and open", "shell.md", ("On a terminal",)),
    "exit-codes": Topic("how a command ended, for scripts", "cli.md", ("Exit codes",)),
    "curation": Topic(
        "duplicates, faults, subsets, and taking it back", "curate.md",
        ("Curation", "Acting, and taking it back"),
    ),
    "classifying": Topic("labels by words", "classify.md", ("Classifying by words", "Labels")),
    "encoders": Topic("what makes vectors, and changing it", "guide.md", ("Encoders",)),
    "exchange": Topic("data sets in and out", "exchange.md", ("Data sets in and out", "Exports")),
    "reranking": Topic("a model puts the best hits in order", "rerank.md", ("Reranking",)),
}  # fmt: skip


def topic_text(name: str) -> str:
    """Return a topic as Markdown."""
    return (FOLDER / f"{name}.md").read_text(encoding="utf-8")


def extract(topic: Topic, page: str) -> str:
    """Return the sections of a topic out of its page; links become their words.

    Raises:
        KeyError: the page has no section of that name.
    """
    sections = _sections(page)
    text = "\n".join(_LINK.sub(r"\1", sections[heading]) for heading in topic.headings)
    return _MADE.sub("", text)


def _sections(page: str) -> dict[str, str]:
    """Return the sections of a page by their headings, each up to the next heading."""
    found: dict[str, list[str]] = {}
    heading, in_code = "", False
    for line in page.splitlines():
        in_code ^= line.startswith("```")
        if line.startswith("#") and not in_code:
            heading = line.lstrip("# ")
        found.setdefault(heading, []).append(line)
    return {name: "\n".join(lines).strip() + "\n" for name, lines in found.items()}
