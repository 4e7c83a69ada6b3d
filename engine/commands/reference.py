"""Write the generated pages of docs/: `python -m engine.commands.reference docs`."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from engine.commands.main import main
from engine.commands.man_page import manual
from engine.commands.reference_adapters import adapters_page
from engine.commands.reference_api import api_page
from engine.commands.reference_routes import routes_page
from engine.commands.reference_tables import errors_page, settings_page
from engine.commands.topics import FOLDER, TOPICS, extract

_ROOT = Path(__file__).parents[2]
_ROOMS = ("sensorium", "engine", "indexers", "benchmarks")
_CLI_HEAD = """\
# The command line

Made by `make docs` out of the commands' own help; a test fails when it drifts.

## Exit codes

Results go to stdout and everything else to stderr. The codes are

- 0: done, also when single files failed, which are counted and listed by `sensorium failures`
- 1: the library or the machine failed; with `--likely`, nothing is likely
- 2: the request cannot be met as it was put; the line says the way out
- 130, 143: ended by Ctrl-C or SIGTERM. A first one ends a command tidily: what was finished is
  kept, and a line says how much that is. A second one ends it at once.

With `--json`, an error is one JSON object on stdout, too, beside the line on stderr:
`{"error": {"code": ..., "message": ..., "retryable": ...}}`, see [errors](errors.md).

## Streams

Where stdout or stderr is closed, full, or read by nobody, the work is done all the
same; of output that was lost on a full disk a line speaks, and the code is 1.

Names of files are bytes. In JSON, a name that is not UTF-8 has U+FFFD in the place of such
bytes, and beside it, under its key and `_bytes` (`path_bytes`), stand the bytes of the whole
name in base64; in a list, `null` stands for the names that need it not. `-f` and `-0`
print them as they are, to a terminal `-f` quotes those that would drive it. What people do with
them is in [hits at a shell](shell.md).
"""


_FILES_HEAD = """\
# The files

Made by `make docs` out of each module's first line; a test fails when it drifts.
What the rooms are for, and which may import which, is in [design.md](design.md).
"""


def pages() -> dict[str, str]:
    """Return every generated page, by its name in docs/."""
    return {
        "cli.md": _commands_page(),
        "files.md": _files_page(),
        "settings.md": settings_page(),
        "errors.md": errors_page(),
        "api.md": api_page(),
        "routes.md": routes_page(),
        "adapters.md": adapters_page(),
    }


def packaged(docs: Path, made: Mapping[str, str]) -> dict[Path, str]:
    """Return the files of the package that are made of the docs: the topics of `sensorium help`.

    Args:
        docs: the folder of the pages.
        made: those of them that are generated.
    """
    return {
        FOLDER / f"{name}.md": extract(
            topic, made.get(topic.page) or (docs / topic.page).read_text()
        )
        for name, topic in TOPICS.items()
    }


def _commands_page() -> str:
    return "\n".join((_CLI_HEAD, *_sections(main, "sensorium")))


def _sections(command: click.Command, name: str) -> Iterator[str]:
    context = click.Context(
        command, info_name=name, terminal_width=78, max_content_width=78,
        help_option_names=["-h", "--help"],
    )  # fmt: skip
    yield f"## {name}\n\n```text\n{command.get_help(context)}\n```\n"
    if isinstance(command, click.Group):
        for each in command.list_commands(context):
            child = command.get_command(context, each)
            if child is not None and not child.hidden:
                yield from _sections(child, f"{name} {each}")


def _files_page() -> str:
    folders = sorted({path.parent for room in _ROOMS for path in (_ROOT / room).rglob("*.py")})
    return "\n".join((_FILES_HEAD, *map(_folder_section, folders)))


def _folder_section(folder: Path) -> str:
    files = sorted(folder.glob("*.py"))
    lines = [f"- `{file.name}`: {says}" for file in files if (says := _first_line(file))]
    return f"## {folder.relative_to(_ROOT)}\n\n" + "\n".join(lines) + "\n"


def _first_line(file: Path) -> str:
    docstring = ast.get_docstring(ast.parse(file.read_text())) or ""
    return docstring.partition("\n")[0].replace("``", "`")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def write(folder: Path) -> None:
    """Write the generated pages into FOLDER."""
    made = pages()
    for name, page in made.items():
        (folder / name).write_text(page)
    FOLDER.mkdir(exist_ok=True)
    for file, text in packaged(folder, made).items():
        file.write_text(text)
    (folder / "sensorium.1").write_text(manual(main))


if __name__ == "__main__":
    write()
