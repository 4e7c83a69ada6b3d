"""Printing: lines, JSON, and the hits of a search. Results go to stdout alone."""

from __future__ import annotations

from engine.commands.output.hits import print_hits, search_document
from engine.commands.output.json_output import print_json
from engine.commands.output.text import print_line, print_message

__all__ = ["print_hits", "print_json", "print_line", "print_message", "search_document"]
