"""`sensorium speak`: a text as sound."""

from __future__ import annotations

import click

from engine.commands.options import AnyPath, json_option, say, settings
from engine.commands.output.json_output import print_json


@click.command()
@click.argument("text")
@click.option("--out", type=AnyPath(), required=True, help="The WAV file to write.")
@click.option(
    "--speaker", metavar="NAME",
    help="The model that speaks, such as espeak or kokoro; `sensorium models list --role speaker`.",
)  # fmt: skip
@click.option("--voice", metavar="NAME", help="One of its voices, such as en-us or jf_alpha.")
@click.option("--speed", type=float, default=1.0, show_default=True, help="2 is twice as fast.")
@json_option
def speak(
    text: str, out: str, speaker: str | None, voice: str | None, speed: float, as_json: bool
) -> None:
    """Speak TEXT into a WAV file."""
    from engine.speaking import speak as spoken

    speech = spoken(text, out, speaker=speaker, voice=voice, speed=speed, settings=settings())
    if as_json:
        words = [{"start": round(word.start, 3), "text": word.text} for word in speech.words]
        cost = {} if speech.spent is None else {"spent": speech.spent.to_dict()}
        shown = {"path": out, "seconds": round(speech.seconds, 3), "words": words}
        print_json({**shown, **cost})
        return
    say(f"{out}: {speech.seconds:.1f} s")
    if speech.spent is not None:
        say(f"{speaker or settings().speaker}: {speech.spent}")
