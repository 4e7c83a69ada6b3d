"""Paths with spaces in a query, as people type and terminals paste them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

_START = re.compile(r"(?:(?<=\s)|(?<=\s[+-])|(?<=\d:)|^)(?=\.\.?/|/|~[^/\s]*/|'|[+-]?file:///)")
_SIGN = re.compile(r"\s[+-]|\sthen\s")
"""The begin of the next part of a query, which no path of this one reaches past."""
_MOST_WORDS = 40

IsFile = Callable[[str], bool]
"""Tells whether there is a file of this name, as a user may have typed it."""


def quote_paths(text: str, is_file: IsFile) -> str:
    """Quote the paths of a query that have spaces in them, where there are such files.

    They may stand as they are, in single quotes, or with their spaces escaped by ``\\``. A
    text in double quotes stays a text.
    """
    if not any(space in text for space in " \t") or "/" not in text:
        return text
    done, at = [], 0
    while start := _START.search(text, at):
        if text.count('"', 0, start.start()) % 2:
            done.append(text[at : start.start() + 1])
            at = start.start() + 1
            continue
        end = _end_of_path(text, start.start(), is_file)
        if end is None:
            done.append(text[at : start.start() + 1])
            at = start.start() + 1
            continue
        path = text[start.start() : end].strip()
        escaped = path.replace("\\", "\\\\").replace('"', '\\"')
        done += [text[at : start.start()], f'file:"{escaped}"']
        at = end
    return "".join(done) + text[at:]


def quote_path_words(words: Sequence[str], is_file: IsFile) -> list[str]:
    """Quote those words of a command line that have a path with spaces in them."""
    return [quote_paths(word, is_file) for word in words]


def _end_of_path(text: str, start: int, is_file: IsFile) -> int | None:
    """Return the end of the longest path with spaces at a place; None where there is none."""
    if text[start] == "'":
        end = text.find("'", start + 1) + 1
        free = end == len(text) or text[end : end + 1].isspace()
        return end if end and free and is_file(text[start:end]) else None
    next_part = _SIGN.search(text, start)
    # A name may have a sign in it, " - ", so the whole rest is tried first.
    for last in dict.fromkeys((len(text), next_part.start() if next_part else len(text))):
        spaces = [match.start() for match in re.finditer(r"\s", text[start:last])]
        ends = [last, *(start + space for space in reversed(spaces[1:]))][:_MOST_WORDS]
        for end in ends if spaces else ():
            if is_file(text[start:end]):
                return end
    return None
