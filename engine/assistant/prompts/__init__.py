"""Prompts as files that one can read, each with a version that is part of every answer's record."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_VERSION = "version:"


@dataclass(frozen=True, slots=True)
class Prompt:
    """The words that a model is told before it is asked."""

    name: str
    version: str
    text: str


@cache
def prompt(name: str) -> Prompt:
    """Return the prompt of a name, which its file has."""
    first, _, text = (files(__package__) / f"{name}.md").read_text("utf-8").partition("\n")
    if not first.startswith(_VERSION):
        raise ValueError(f"the prompt {name} has no version in its first line")
    return Prompt(name, first.removeprefix(_VERSION).strip(), " ".join(text.split()))
