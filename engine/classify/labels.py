"""The labels that a person wrote down: names, and several descriptions of each.

One label a line of a file, or a part between commas on the command line:

    cat
    cat: a kitten; a tabby
    "ratio 4:3": a picture of a television
    # a line that says nothing
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.errors import UsageError

_LINE = re.compile(r'\s*(?:"(?P<quoted>[^"]*)"|(?P<plain>.*?))\s*(?::(?:\s+(?P<more>.*))?)?\s*$')
_PARTS = re.compile(r'(?:[^,"]|"[^"]*"?)+')
"""What lies between commas that are not in quotes."""


@dataclass(frozen=True, slots=True)
class Label:
    """A label: the name that results have, and what it is described by, the name first."""

    name: str
    descriptions: tuple[str, ...]


def read_labels(file: Path) -> list[Label]:
    """The labels of a file in UTF-8, one a line.

    Raises:
        UsageError: it cannot be read, names nothing, or names something twice; the line
            is named.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"cannot read {file}: {(error.strerror or str(error)).lower()}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{file} is not UTF-8 (byte {error.start}); save it as that") from error
    lines = [(f"{file}:{n}", line) for n, line in enumerate(text.splitlines(), 1)]
    kept = [(at, line) for at, line in lines if line.strip() and not line.lstrip().startswith("#")]
    return _labels(kept, f"{file} names no label; write one a line")


def parse_labels(text: str) -> list[Label]:
    """The labels of ``cat,dog,"a red car"``; a label that has a comma is in quotes.

    Raises:
        UsageError: as ``read_labels``; the place of the label is named.
    """
    parts = [(f"label {n}", part) for n, part in enumerate(_PARTS.findall(text), 1)]
    kept = [(at, part) for at, part in parts if part.strip()]
    return _labels(kept, "--labels names no label; write --labels cat,dog")


def _labels(lines: Sequence[tuple[str, str]], nothing: str) -> list[Label]:
    found: dict[str, tuple[str, Label]] = {}
    for at, line in lines:
        label = _label(at, line)
        earlier = found.setdefault(label.name.casefold(), (at, label))
        if earlier[1] is not label:
            raise UsageError(f"{at}: the label {label.name!r} is there already, at {earlier[0]}")
    if not found:
        raise UsageError(nothing)
    return [label for _, label in found.values()]


def _label(at: str, line: str) -> Label:
    match = _LINE.match(line)
    quoted, plain, more = match.group("quoted", "plain", "more") if match else ("", "", None)
    name = _tidy(quoted if quoted is not None else plain or "")
    if not name:
        raise UsageError(f"{at}: there is no name of a label in {line.strip()[:60]!r}")
    described = (_tidy(part.strip().strip('"')) for part in (more or "").split(";"))
    return Label(name, tuple(dict.fromkeys(filter(None, (name, *described)))))


def _tidy(words: str) -> str:
    return " ".join(words.split())


def names(labels: Iterable[Label]) -> list[str]:
    """The names alone."""
    return [label.name for label in labels]
