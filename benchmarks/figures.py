"""Write docs/benchmarks.md, and the tables of docs/performance.md, from benchmarks/results.

    make figures

A section is a benchmark: what its docstring says, the command, and the tables that its
last saved runs left. Nothing in the page is written by hand.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from benchmarks.results import FOLDER, Result, load_all, table

_BENCHMARKS = Path(__file__).parent
_DOCS = _BENCHMARKS.parent / "docs"

GROUPS = {
    "Quality": (
        "everyday",
        "ask",
        "ask_served",
        "ask_chats",
        "ask_packing",
        "kinship",
        "lessons",
        "pictures",
        "languages",
        "sounds",
        "sound_words",
        "teach",
        "speech",
        "speak",
        "mixed",
        "confidence",
        "likeness",
        "names",
        "rerank",
        "rerank_llm",
        "rerank_verdict",
        "rerank_weight",
        "classify",
    ),
    "Speed": (
        "latency",
        "local_chat",
        "startup",
        "planning",
        "ingest",
        "reading",
        "pipeline",
        "growth",
        "unchanged",
        "video",
        "jpeg",
    ),
    "Encoders": ("encoders", "towers", "http_encoder", "gpu"),
    "Beside other tools": ("peers", "duplicates"),
    "Large libraries": ("index", "million", "near", "classify_speed", "select"),
    "Server": (
        "serve_latency",
        "serve_clients",
        "serve_embeddings",
        "serve_overload",
        "serve_poison",
        "page",
        "page_tasks",
    ),
    "Trust": (
        "crash",
        "server_killed",
        "readers",
        "containers",
        "dates",
        "mutated",
        "faults",
        "vanished",
        "exchange",
        "openapi_fuzz",
        "server_soak",
    ),
}
"""The benchmarks in the order of the page, by what they are about."""

_HEAD = """\
# Benchmarks

Made by `make figures` from [benchmarks/results](../benchmarks/results) and from what each
benchmark says of itself; a test fails when it drifts. To measure again, run a command with
`--save`, then `make figures`.

A row with a limit says what must be reached, and where it was missed; the command then ends
with exit code 1. Exit code 2 says that data or a device is missing. `DIR` is the folder of
the measuring data, which is not part of the project: 300 photographs of ImageNet classes
(`images/`), 363 labelled recordings (`sounds/`), the texts of spoken prompts
(`prompts.csv`) and 59,000 sentence vectors (`vectors/`). None of the tables needs a GPU,
except for `gpu`.

Constants were chosen while looking at the pictures, recordings and prompts that are measured
here, so figures on others would be a little lower: for pictures the fit's weights, for sounds
the head's regularisation, for speech how sentences are joined and how much silence Whisper is
given.
"""
_BLOCK = re.compile(r"<!-- figures: (\S+) -->\n.*?<!-- end -->", re.DOTALL)


def benchmarks_page(results: dict[str, list[Result]]) -> str:
    """Return docs/benchmarks.md."""
    parts = [_HEAD]
    for group, names in GROUPS.items():
        parts.append(f"## {group}\n")
        for name in names:
            parts.extend(_section(name, results.get(name, ())))
    return "\n".join(parts)


def with_tables(page: str, results: dict[str, list[Result]]) -> str:
    """Return a page with the tables between its marks as the results have them now."""

    def renewed(match: re.Match[str]) -> str:
        name = match[1]
        tables = "\n\n".join(_table(result) for result in results[name])
        return f"<!-- figures: {name} -->\n{tables}\n<!-- end -->"

    return _BLOCK.sub(renewed, page)


def pages(docs: Path = _DOCS, folder: Path = FOLDER) -> dict[str, str]:
    """Return all pages that hold figures, by their names in docs/."""
    results = load_all(folder)
    performance = (docs / "performance.md").read_text()
    return {
        "benchmarks.md": benchmarks_page(results),
        "performance.md": with_tables(performance, results),
    }


def _section(name: str, results: Sequence[Result]) -> Iterator[str]:
    yield f"### {name}\n"
    yield _docstring(name) + "\n"
    if not results:
        yield "No result is kept yet.\n"
    for result in results:
        yield f"`{result.command}`: {result.caption}\n"
        yield _table(result) + "\n"
        if notes := " ".join(filter(None, (result.notes, _origin(result)))):
            yield notes + "\n"


def _origin(result: Result) -> str:
    if result.printed:
        return f"(Printed {result.printed}.)"
    facts = result.machine
    return (
        f"({facts['processor']}, {facts['cores']} cores, {facts['memory_gib']} GiB,"
        f" {facts['system']}, Python {facts['python']}.)"
    )


def _table(result: Result) -> str:
    with_targets = any(row.target for row in result.rows)
    header = [*result.header, *(["must reach"] if with_targets else [])]
    rows = [
        [*row.cells, *([_limit(row.target, row.reached)] if with_targets else [])]
        for row in result.rows
    ]
    return table(header, rows)


def _limit(target: str, reached: bool | None) -> str:
    return f"{target}: **missed**" if reached is False else target


def _docstring(name: str) -> str:
    """Return what a benchmark says of itself, as Markdown."""
    path = _BENCHMARKS / f"{name}.py"
    if not path.exists():
        path = _BENCHMARKS / name / "__main__.py"
    text = ast.get_docstring(ast.parse(path.read_text())) or ""
    return text.replace("``", "`")


@click.command()
def main() -> None:
    """Write the pages."""
    for name, page in pages().items():
        (_DOCS / name).write_text(page)


if __name__ == "__main__":
    main()
