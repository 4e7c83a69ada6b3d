"""The commands by their names, each loaded when it is called, so that help comes at once."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import click
from click.formatting import HelpFormatter

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

COMMANDS: dict[str, tuple[str, str, str]] = {
    "index": (
        "index", "index",
        "Bring the library level with files and folders.",
    ),
    "search": (
        "search", "search",
        "Find moments by TEXT, by an example, or by both.",
    ),
    "ask": (
        "ask", "ask",
        "Answer QUESTION by sentences that cite moments of the library, offline.",
    ),
    "lesson": (
        "lesson", "lesson",
        "Make a lesson of what the library says, shows and sounds of TOPIC.",
    ),
    "story": (
        "story", "story",
        "Make a story of the pictures and videos of ALBUM, or of what QUERY finds.",
    ),
    "watch-report": (
        "watch_report", "watch_report",
        "Report what is seen, said and to be read in VIDEO, as one page that opens offline.",
    ),
    "chat": (
        "chat", "chat",
        "Talk about the library, or about ABOUT, files and folders of it, offline.",
    ),
    "similar": (
        "similar", "similar",
        "Find moments that look or sound like FILE, which need not be in the library.",
    ),
    "show": (
        "show", "show",
        "Show hits of the last search, by their numbers in its table; the first by default.",
    ),
    "open": (
        "open", "open_command",
        "Open hits of the last search, by their numbers in its table; the first by default.",
    ),
    "transcript": (
        "transcript", "transcript",
        "Print what is said in FILE, and what is to be read in it, with times.",
    ),
    "teach": (
        "teach", "teach",
        "Teach the library a NAME by 3 to 30 examples, for use in queries.",
    ),
    "concepts": (
        "teach", "concepts",
        "List the names that a library was taught, and change them.",
    ),
    "classify": (
        "classify", "classify",
        "Say which label each file is, by words alone, offline.",
    ),
    "evaluate": (
        "classify", "evaluate",
        "Measure RESULT, a file of `sensorium classify --out`, against the truth.",
    ),
    "curate": (
        "curate.every", "curate",
        "Find duplicates, leaks, faults and more in a library, choose from it, and act on that.",
    ),
    "undo": (
        "curate.undo", "undo",
        "Take back what a run of curation did, whether it ended or was cut off.",
    ),
    "tag": (
        "tag", "tag",
        "Give files tags, and take tags from them; without PATH, list the tags that there are.",
    ),
    "caption": (
        "caption", "caption",
        "Caption files of the library; with --apply their words are found from then on.",
    ),
    "rerank": (
        "rerank", "rerank",
        "Put DOCUMENTS, texts or files, in the order of how probably they answer QUERY.",
    ),
    "transcribe": (
        "transcribe", "transcribe",
        "Write down what is said in FILE, a sound or a video.",
    ),
    "describe": (
        "describe", "describe",
        "Answer QUESTION about FILE, a picture, a video or a sound, by the configured model.",
    ),
    "speak": (
        "speak", "speak",
        "Speak TEXT into a WAV file.",
    ),
    "export": (
        "exchange", "export_command",
        "Write files, what is known of them, and their vectors to OUT, a new folder.",
    ),
    "import": (
        "exchange", "import_command",
        "Take in SOURCE, a data set, with its captions.",
    ),
    "stats": (
        "stats", "stats",
        "Count what the library holds.",
    ),
    "failures": (
        "failures", "failures",
        "List the files that could not be indexed, and why.",
    ),
    "remove": (
        "remove", "remove",
        "Forget PATH, a file or a folder.",
    ),
    "models": (
        "models", "models",
        "List the encoders that a library can have, fetch one ahead, or test one.",
    ),
    "spaces": (
        "spaces", "spaces",
        "List the embedding spaces of a library, and choose the one that texts are asked in.",
    ),
    "evaluate-rerank": (
        "evaluate_rerank", "evaluate_rerank",
        "Measure whether RERANKER gains on JUDGEMENTS of this library, and keep the result.",
    ),
    "prepare-rerank": (
        "prepare_rerank", "prepare_rerank",
        "Embed all pictures ahead for RERANKER, a model of late interaction.",
    ),
    "align": (
        "align", "align",
        "Learn where sounds lie, from pairs, or what pictures show, from captions.",
    ),
    "bench": (
        "bench", "bench",
        "Measure indexing on a sample of the media at or below PATH.",
    ),
    "verify": (
        "verify", "verify",
        "Check the library against itself.",
    ),
    "rebuild": (
        "rebuild", "rebuild",
        "Make again what derives from catalog and vectors: full text, indexes, backgrounds.",
    ),
    "compact": (
        "compact", "compact",
        "Drop the vectors of what was deleted, and merge small files.",
    ),
    "doctor": (
        "doctor", "doctor",
        "Check what is installed, and whether the library can be used.",
    ),
    "mcp": (
        "mcp", "mcp",
        "Give assistants tools to search, look, listen and read, by the Model Context Protocol.",
    ),
    "jobs": (
        "jobs", "jobs",
        "List the jobs that servers run, and ran, for a library, the newest first.",
    ),
    "serve": (
        "serve", "serve",
        "Answer searches, and embed, over HTTP, for this machine alone unless told otherwise.",
    ),
    "config": (
        "config", "config",
        "Show and change settings, and defaults of commands.",
    ),
    "help": (
        "help", "help_",
        "Explain a TOPIC, such as query or filters, or a COMMAND; without, list the topics.",
    ),
    "man": (
        "man_page", "man",
        "Print the manual page: `sensorium man | man -l -`.",
    ),
    "completion": (
        "completion", "completion",
        "Print what a SHELL needs to complete commands, options, filters, tags and taught names.",
    ),
}  # fmt: skip
"""Module below ``engine.commands``, name in it, and first line of the help, by command.

Importing all of the modules takes 80 ms, and printing these lines none; a test compares them.
"""


class LazyGroup(click.Group):
    """A group that imports a command when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands, what people need first, first."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, imported when it is asked for first."""
        if cmd_name in COMMANDS and cmd_name not in self.commands:
            module, attribute, _ = COMMANDS[cmd_name]
            command = getattr(import_module(f"engine.commands.{module}"), attribute)
            self.add_command(command, cmd_name)
        return super().get_command(ctx, cmd_name)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete a command's name, and import none of them."""
        from click.shell_completion import CompletionItem

        names = [name for name in COMMANDS if name.startswith(incomplete)]
        items = [CompletionItem(name, help=COMMANDS[name][2]) for name in names]
        return [*items, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: HelpFormatter) -> None:
        """Write the names with the first lines of their help, and import none of them."""
        names = self.list_commands(ctx)
        room = formatter.width - 6 - max(map(len, names))
        shown = (click.Command(name, help=COMMANDS[name][2]) for name in names)
        with formatter.section("Commands"):
            formatter.write_dl([(str(each.name), each.get_short_help_str(room)) for each in shown])
