"""JSON documents on stdout."""

from __future__ import annotations

import json
import sys

import click

from engine.common.json_text import parseable


def print_json(document: object) -> None:
    """Print one JSON object, laid out for a person where one looks at it."""
    indent = 2 if sys.stdout.isatty() else None
    click.echo(json.dumps(parseable(document), indent=indent))
