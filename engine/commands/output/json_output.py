"""JSON documents on stdout."""

from __future__ import annotations

import json
import sys

import click


def print_json(document: object) -> None:
    """Print one JSON object, laid out for a person where one looks at it."""
    click.echo(json.dumps(document, indent=2 if sys.stdout.isatty() else None))
