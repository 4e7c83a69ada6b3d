"""Every command of the click tree, each with arguments that are enough for it to run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from engine.commands.main import main

_ENOUGH: dict[tuple[str, ...], list[str]] = {
    ("index",): ["{media}"],
    ("search",): ["red"],
    ("ask",): ["which picture shows red?"],
    ("lesson",): ["red", "--out", "{place}/lesson.html"],
    ("story",): ["red", "--out", "{place}/story.html"],
    ("watch-report",): ["{media}/deep.wav", "--out", "{place}/report.html"],
    ("chat",): [],
    ("similar",): ["{media}/0.png"],
    ("rerank",): ["red", "a red thing", "{media}/0.png"],
    ("transcribe",): ["{media}/0.png"],
    ("caption",): ["--all"],
    ("describe",): ["{media}/0.png", "what is it?"],
    ("speak",): ["hello", "--out", "{place}/hello.wav"],
    ("bench",): ["{media}", "--encoder", "fake", "--sample", "2"],
    ("align",): ["--show"],
    ("evaluate-rerank",): ["{place}/judgements.csv", "vl:none"],
    ("prepare-rerank",): ["late:none"],
    ("classify",): ["--all", "--labels", "red,blue"],
    ("evaluate",): ["{results}", "--truth", "{truth}"],
    ("spaces", "default"): ["fake"],
    ("spaces", "drop"): ["other", "--yes"],
    ("export",): ["{place}/out", "--format", "jsonl"],
    ("import",): ["{media}", "--format", "imagefolder"],
    ("completion",): ["bash"],
    ("config", "get"): ["threads"],
    ("config", "set"): ["threads", "1"],
    ("config", "unset"): ["threads"],
    ("concepts", "export"): ["Rex", "{place}/rex.concept"],
    ("curate", "select"): ["-n", "2", "--modality", "image"],
    ("curate", "apply"): ["1", "--apply", "tag"],
    ("curate", "leaks"): ["{media}"],
    ("models", "fetch"): ["compact"],
    ("models", "test"): ["template"],
    ("remove",): ["{media}/0.png"],
    ("serve",): ["--host", "0.0.0.0"],  # which ends at once: it asks for a token
}


def commands() -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield every command that does something, by its names."""
    waiting: list[tuple[tuple[str, ...], click.Command]] = [((), main)]
    while waiting:
        names, command = waiting.pop()
        if isinstance(command, click.Group):
            context = click.Context(command)
            listed = (
                (name, command.get_command(context, name))
                for name in command.list_commands(context)
            )
            waiting += [((*names, name), each) for name, each in listed if each is not None]
        else:
            yield names, command


def takes_library(command: click.Command) -> bool:
    return any("--library" in option.opts for option in command.params)


def arguments(names: tuple[str, ...], **places: Path) -> list[str]:
    """Return the arguments that are enough for a command, with these places filled in."""
    filled = [argument.format_map(places) for argument in _ENOUGH.get(names, [])]
    return [*names, *filled]
