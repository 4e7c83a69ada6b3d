"""JSON documents on stdout."""

from __future__ import annotations

import sys

import click


def print_json(document: object) -> None:
    """Print one JSON object, laid out for a person where one looks at it."""
    import json  # which help can do without

    from engine.common.json_text import parseable

    indent = 2 if sys.stdout.isatty() else None
    click.echo(json.dumps(parseable(document), indent=indent))
