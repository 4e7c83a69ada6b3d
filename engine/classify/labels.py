"""Labels as a person writes them: names, and several descriptions of each.

One label a line of a file, or a part between commas on the command line:

    cat
    cat: a kitten; a tabby
    "ratio 4:3": a picture of a television
    # a line that says nothing
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from engine.common.file_state import os_reason
from engine.common.text import printable
from engine.common.user_path import expanded
from engine.errors import UsageError
from engine.store.paths import storable

_LINE = re.compile(r'\s*(?:"(?P<quoted>[^"]*)"|(?P<plain>.*?))\s*(?::(?:\s+(?P<more>.*))?)?\s*$')
_PARTS = re.compile(r'(?:[^,"]|"[^"]*"?)+')
"""A part between commas that are not in quotes."""


@dataclass(frozen=True, slots=True)
class Label:
    """A label: its name in results, and its descriptions, of which the name is the first."""

    name: str
    descriptions: tuple[str, ...]


LabelSource: TypeAlias = (
    Sequence[str | Label] | Mapping[str, str | Sequence[str] | None] | str | Path
)
"""Names of labels; names with further descriptions; or a file with a label on each line."""


def labels_of(source: LabelSource) -> list[Label]:
    """Return labels from a list of names, a mapping to descriptions, or a file.

    Names of a list or a mapping stand as they are: nothing is parsed in them.

    Raises:
        UsageError: there is no label, a name is empty or there twice, or the file cannot
            be read.
    """
    if isinstance(source, str | Path):
        return read_labels(expanded(source))
    if isinstance(source, Mapping):
        listed = [_described(name, more) for name, more in source.items()]
    elif not isinstance(source, Iterable):
        raise UsageError(f"{source!r} names no labels: give a list of names, or a file of labels")
    else:
        listed = [_described(name) if isinstance(name, str) else name for name in source]
    numbered = [(f"label {n}", label) for n, label in enumerate(listed, 1)]
    return _distinct(numbered, "there are no labels to classify by")


def _described(name: str, more: str | Sequence[str] | None = None) -> Label:
    descriptions = [more] if isinstance(more, str) else list(more or ())
    tidy = [_tidy(text) for text in (name, *descriptions)]
    if not tidy[0]:
        raise UsageError("the name of a label is empty")
    return Label(tidy[0], tuple(dict.fromkeys(filter(None, tidy))))


def read_labels(file: Path) -> list[Label]:
    """Read the labels of a file in UTF-8, one on each line.

    Raises:
        UsageError: it cannot be read, names nothing, or names something twice; the line
            is named.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"cannot read {file}: {os_reason(error)}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{file} is not UTF-8 (byte {error.start}); save it as that") from error
    lines = [(f"{file}:{n}", line) for n, line in enumerate(text.splitlines(), 1)]
    kept = [(at, line) for at, line in lines if line.strip() and not line.lstrip().startswith("#")]
    return _labels(kept, f"{file} names no label; write one a line")


def parse_labels(text: str) -> list[Label]:
    """Parse the labels of ``cat,dog,"a red car"``; a label with a comma is in quotes.

    Raises:
        UsageError: as ``read_labels``; the place of the label is named.
    """
    parts = [(f"label {n}", part) for n, part in enumerate(_PARTS.findall(text), 1)]
    kept = [(at, part) for at, part in parts if part.strip()]
    return _labels(kept, "the text names no label; write cat,dog")


def _labels(lines: Sequence[tuple[str, str]], nothing: str) -> list[Label]:
    return _distinct([(at, _label(at, line)) for at, line in lines], nothing)


def _distinct(labels: Sequence[tuple[str, Label]], nothing: str) -> list[Label]:
    """Return labels, of which each was found at some place, unless two have one name."""
    found: dict[str, tuple[str, Label]] = {}
    for at, label in labels:
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
    if words != storable(words):
        raise UsageError(f"{printable(words)}: a label has bytes in it that are no text in UTF-8")
    return " ".join(words.split())


def names(labels: Iterable[Label]) -> list[str]:
    """Return the names alone."""
    return [label.name for label in labels]
