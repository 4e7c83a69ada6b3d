"""`sensorium teach` and `sensorium concepts`: names that a library learns by examples."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.commands.complete import complete_files, complete_names
from engine.commands.options import (
    AnyPath,
    complain,
    json_option,
    library_option,
    open_library,
    print_json,
    warn,
)
from engine.common.text import aligned

if TYPE_CHECKING:
    from engine.query.concepts.concept import Concept


@click.command()
@click.argument("name", shell_complete=complete_names)
@click.argument("examples", nargs=-1, required=True, shell_complete=complete_files)
@library_option
@json_option
def teach(name: str, examples: tuple[str, ...], library: Path | None, as_json: bool) -> None:
    """Teach the library a NAME by 3 to 30 examples, for use in queries.

    Examples are pictures, videos, moments of videos (clip.mp4#t=12) and sounds, in the
    library or not. After `sensorium teach "Rex" rex1.jpg rex2.jpg rex3.jpg`, search for
    `Rex on the beach`, `-Rex` or `kind:video Rex`; in double quotes, "Rex" is plain text.
    A name that is known gets more examples.
    """
    with open_library(library) as opened:
        taught = opened.teach(name, examples, progress=True)
        warn(opened)
    _show(taught, as_json)
    for note in taught.notes:
        complain(note)


@click.group()
def concepts() -> None:
    """List the names that a library was taught, and change them."""


@concepts.command("list")
@library_option
@json_option
def list_(library: Path | None, as_json: bool) -> None:
    """List the names with their examples, and how many of these the others find."""
    with open_library(library) as opened:
        known = list(opened.concepts)
        warn(opened)
    if as_json:
        print_json({"concepts": [concept.document() for concept in known]})
        return
    rows = [(c.name, f"{c.count} examples", _found(c)) for c in known]
    for line in aligned(rows):
        click.echo(line)
    if not known:
        click.echo("no names yet: sensorium teach NAME EXAMPLES", err=True)


@concepts.command()
@click.argument("old", shell_complete=complete_names)
@click.argument("new")
@library_option
@json_option
def rename(old: str, new: str, library: Path | None, as_json: bool) -> None:
    """Call what was taught as OLD by the name NEW."""
    with open_library(library) as opened:
        concept = opened.concepts.rename(old, new)
        warn(opened)
    _show(concept, as_json)


@concepts.command()
@click.argument("name", shell_complete=complete_names)
@library_option
@json_option
def forget(name: str, library: Path | None, as_json: bool) -> None:
    """Forget a NAME and its examples; the files stay as they are."""
    with open_library(library) as opened:
        concept = opened.concepts.forget(name)
        warn(opened)
    if as_json:
        print_json({"forgotten": concept.name})
    else:
        click.echo(f"{concept.name} is forgotten")


@concepts.command()
@click.argument("name", shell_complete=complete_names)
@click.argument("file", type=AnyPath(path_type=Path))
@library_option
@json_option
def export(name: str, file: Path, library: Path | None, as_json: bool) -> None:
    """Write what was taught as NAME to a FILE, for `concepts import` in another library."""
    with open_library(library) as opened:
        written = opened.concepts.export(name, file)
        warn(opened)
    if as_json:
        print_json({"file": str(written)})
    else:
        click.echo(f"wrote {written}")


@concepts.command("import")
@click.argument("file", type=AnyPath(path_type=Path))
@library_option
@json_option
def import_(file: Path, library: Path | None, as_json: bool) -> None:
    """Take in a name from a FILE that `concepts export` wrote."""
    with open_library(library) as opened:
        concept = opened.concepts.import_(file)
        warn(opened)
    _show(concept, as_json)


def _show(concept: Concept, as_json: bool) -> None:
    if as_json:
        print_json(concept.document())
    else:
        click.echo(f"{concept.name}: {concept.count} examples, {_found(concept)}")


def _found(concept: Concept) -> str:
    """Say how many examples the others find."""
    if concept.found is None:
        return "the library is too small to say how well they find each other"
    found = round(concept.found * concept.count)
    return f"{found} of {concept.count} found by the others in the first hundredth of the library"
