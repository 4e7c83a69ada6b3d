"""`sensorium similar`: find moments that look or sound like a file."""

from __future__ import annotations

from typing import Any

import click

from engine.commands.options import AnyPath
from engine.commands.search_options import hit_options, run_query


@click.command()
@click.argument("file", type=AnyPath())
@hit_options
def similar(
    file: str,
    kinds: tuple[str, ...],
    top: int,
    group: str,
    show_all: bool,
    likely: bool,
    **options: Any,
) -> None:
    """Find moments that look or sound like FILE, which need not be in the library."""
    run_query(
        lambda opened, on_plan: opened.similar(
            file, kinds=kinds, top=top, likely=likely and not show_all, group=group, on_plan=on_plan
        ),
        **options,
    )
