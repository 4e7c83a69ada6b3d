"""`sensorium transcribe`: what is said in a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.commands.options import AnyPath, json_option, library_option, open_or_borrow, say
from engine.commands.output.json_output import print_json
from engine.commands.output.text import print_message

if TYPE_CHECKING:
    from engine.query.transcription import Transcription

_FORMATS = ("text", "srt", "vtt")


@click.command()
@click.argument("file", type=AnyPath())
@click.option(
    "--format", "form", type=click.Choice(_FORMATS), default="text", show_default=True,
    help="Sentences a line, or subtitles.",
)  # fmt: skip
@click.option("--srt", "form", flag_value="srt", help="Subtitles: short for --format srt.")
@click.option("--vtt", "form", flag_value="vtt", help="Subtitles: short for --format vtt.")
@click.option(
    "--transcriber", metavar="NAME",
    help="The model, such as whisper, hf:NAME or openai:MODEL; by default the library's own.",
)  # fmt: skip
@click.option(
    "--aligner", metavar="NAME",
    help="The model that times words, in the transcriber's place: hf:NAME of Qwen3-ForcedAligner.",
)  # fmt: skip
@click.option(
    "--diarizer", metavar="NAME",
    help="The model that tells who speaks: hf:NAME of Nemotron 3 Diarization.",
)  # fmt: skip
@click.option("--words", is_flag=True, help="Time each word; they are shown by --json.")
@library_option
@json_option
def transcribe(
    file: str,
    form: str,
    transcriber: str | None,
    aligner: str | None,
    diarizer: str | None,
    words: bool,
    library: Path | None,
    as_json: bool,
) -> None:
    """Write down what is said in FILE, a sound or a video.

    FILE is a path or a URL, and need not be in a library; where there is one, its model hears it.
    Subtitles have better times than sentences alone, and take longer.
    """
    with open_or_borrow(library) as opened:
        found = opened.transcribe(
            file,
            words=words or form != "text",
            transcriber=transcriber,
            aligner=aligner,
            diarizer=diarizer,
            progress=True,
        )
    if as_json:
        print_json(found.to_dict())
        return
    for line in _lines(found, form):
        print_message(line)
    if not found.sentences:
        say("nothing is said in it that was understood")
    if found.spent is not None:
        say(f"{transcriber}: {found.spent}")


def _lines(found: Transcription, form: str) -> Iterator[str]:
    if form != "text":
        written = found.to_srt() if form == "srt" else found.to_vtt()
        yield from written.splitlines()
        return
    for sentence in found.sentences:
        who = "" if sentence.speaker is None else f"{sentence.speaker}: "
        yield f"{who}{sentence.text}"
