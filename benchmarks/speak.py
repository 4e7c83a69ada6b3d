"""Round trip of speech: speak sentences, index them, search their words.

    python -m benchmarks.speak [--speaker NAME] [--data DIR]

Twenty sentences are spoken by this library's own voice and indexed through the facade under
meaningless names; the query is a sentence's text. The times of words are compared with the marks
that eSpeak NG sets as it speaks. With --data, the word error rate on recorded prompts is printed.
"""

from __future__ import annotations

import re
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path

import click

from benchmarks.common import at_least, at_most, command, conclude, indexed, machine, need, rows
from benchmarks.speech import PROMPTS
from engine.generate.speaker import Speech
from engine.library.facade import Library
from engine.speaking import speak

SENTENCES = (
    "The password that you have entered is not correct.",
    "Please leave a message after the tone, and we will call you back.",
    "Our train to the mountains leaves at seven in the morning.",
    "My grandmother baked an apple cake for the whole family.",
    "The children built a large castle out of wet sand.",
    "A small boat crossed the river in heavy rain.",
    "He forgot his umbrella in the kitchen of the restaurant.",
    "The doctor asked me to drink more water and to sleep longer.",
    "She plays the violin in an orchestra of forty people.",
    "We planted tomatoes and beans behind the garden wall.",
    "The museum is closed on Mondays and on public holidays.",
    "An old clock on the tower strikes every quarter of an hour.",
    "The teacher wrote three difficult words on the blackboard.",
    "Snow covered the roofs of the village for two weeks.",
    "The engineer repaired the broken elevator in ten minutes.",
    "A yellow bird sat on the fence and sang until sunset.",
    "They sold the red bicycle to a student from Norway.",
    "The market opens early, and the best fish is gone by nine.",
    "His brother studies the history of ancient bridges.",
    "The moon was bright enough to read a newspaper outside.",
)
_WORD = re.compile(r"[a-z']+")


def words_of(text: str) -> list[str]:
    """The words of a text, in small letters."""
    return _WORD.findall(text.lower())


def word_errors(said: Sequence[str], heard: Sequence[str]) -> int:
    """Words put in, left out or exchanged (Levenshtein 1966)."""
    row = list(range(len(heard) + 1))
    for place, word in enumerate(said, 1):
        last, row[0] = row[0], place
        for other, found in enumerate(heard, 1):
            last, row[other] = (
                row[other],
                min(row[other] + 1, row[other - 1] + 1, last + (word != found)),
            )
    return row[-1]


def offsets(library: Library, spoken: dict[Path, Speech]) -> list[float]:
    """Seconds between the beginnings of words that were heard and spoken, where they agree."""
    found = []
    for path, speech in spoken.items():
        transcription = library.transcribe(str(path), words=True)
        heard = [word for sentence in transcription.sentences for word in sentence.words]
        said = [words_of(word.text) for word in speech.words]
        if [words_of(word.text) for word in heard] == said:
            found += [abs(h.start - s.start) for h, s in zip(heard, speech.words, strict=True)]
    return found


def prompt_error_rate(library: Library, data: Path, prompts: Path) -> tuple[float, int]:
    """The word error rate on recorded prompts, and how many of them there are."""
    listed = rows(data / "prompts.csv")
    wrong = total = 0
    for row in listed:
        heard = words_of(library.transcribe(str(prompts / row["file"])).text)
        said = words_of(row["text"])
        wrong, total = wrong + word_errors(said, heard), total + len(said)
    return wrong / total, len(listed)


@command(__doc__)
@click.option("--speaker", default="espeak", show_default=True)
@click.option("--data", type=click.Path(path_type=Path))
@click.option("--prompts", type=click.Path(path_type=Path), default=PROMPTS, show_default=True)
def main(speaker: str, data: Path | None, prompts: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        spoken = {
            Path(folder) / f"{number:02}.wav": speak(text, speaker=speaker)
            for number, text in enumerate(SENTENCES)
        }
        for path, speech in spoken.items():
            speech.save(path)
        with indexed([*spoken]) as found:
            first = sum(found.found(text, 1) == [i] for i, text in enumerate(SENTENCES))
            off = offsets(found.library, spoken)
            body = [("words of a sentence", "rank 1 of 20", first, at_least(first, 20))]
            if off:
                median = statistics.median(off)
                body += [
                    (f"times of {len(off)} words", "median", f"{median:.3f} s",
                     at_most(median, 0.15)),
                    ("", "95 of 100 within", f"{_percentile(off):.3f} s", None),
                ]  # fmt: skip
            if data is not None:
                need(data / "prompts.csv", prompts)
                rate, count = prompt_error_rate(found.library, data, prompts)
                body += [(f"{count} recorded prompts", "word error rate", f"{rate:.3f}", None)]
    conclude(
        f"Speech of {speaker}, indexed and searched; {machine()}.",
        ("what", "measure", "figure"),
        body,
        variant="" if speaker == "espeak" else speaker.partition(":")[0],
    )


def _percentile(off: Sequence[float]) -> float:
    return sorted(off)[min(len(off) - 1, int(0.95 * len(off)))]


if __name__ == "__main__":
    main()
