"""Speed of zero-shot classification: stored vectors times labels, against the bare product.

    python -m benchmarks.classify_speed --data DIR [--assets 1000000] [--labels 1000]

A library of so many pictures is written by the store's own commits, with vectors that are
grown out of real ones (`grow`). The bare product reads the same float16 vectors from the
same file, makes float32 of them and multiplies them with the labels, a block at a time on
all cores, and throws the scores away. Both are timed in turns; the least of three counts.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import islice
from pathlib import Path

import click
import numpy as np

from benchmarks.common import Row, at_most, command, conclude, data_option, machine, need, scratch
from benchmarks.grow import Real, grown
from engine.classify.classifier import Classifier, ClassifyOptions
from engine.classify.labels import Label
from engine.classify.pooling import CLASSIFIED
from engine.classify.results import writing
from engine.classify.scores import Scorer, in_turn
from engine.common.blas_threads import one_thread_a_product
from engine.config import Settings
from engine.encoders import registry
from engine.encoders.compact.encoder import CompactEncoder
from engine.index.vector_stream import AssetStream, read_vectors
from engine.library.facade import Library
from engine.store import Store
from engine.types import Asset, Embedding, IndexedAsset, Kind, MediaType, Modality, Moment

_PER_COMMIT = 10_000
_BLOCK = 8_192
_TURNS = 3


def _assets(vectors: Iterator[np.ndarray], space: str) -> Iterator[IndexedAsset]:
    for number, vector in enumerate(vectors):
        asset = Asset(
            f"/media/{number // 1000:04}/{number:07}.jpg", f"{number:064x}",
            MediaType(Kind.IMAGE, "jpeg"), 1, 1,
        )  # fmt: skip
        yield IndexedAsset(asset, (Embedding(Moment(Modality.IMAGE), {space: vector}),))


def _made(folder: Path, data: Path, count: int, settings: Settings) -> None:
    """Write the library, and its index on disk."""
    towers = registry.towers(registry.COMPACT, settings)
    base = Real.load(data, towers.shared.dim).base
    vectors = (row.astype(np.float32) for batch in grown(base, count) for row in batch)
    assets = _assets(islice(vectors, count), towers.shared.name)
    with Store.create(folder, towers.encoder.name) as store, store.writer() as writer:
        writer.ensure_space(towers.shared)
        while batch := list(islice(assets, _PER_COMMIT)):
            writer.commit(batch)
    with Library.open(folder, settings=settings) as library:
        library.refresh(always=True)


def _labels(settings: Settings, count: int) -> list[Label]:
    """Names of ImageNet's classes, and again with a number where more are asked for."""
    encoder = registry.towers(registry.COMPACT, settings).encoder
    assert isinstance(encoder, CompactEncoder)
    names = encoder._pictures.names
    made = [f"{names[i % len(names)]} {i // len(names) or ''}".strip() for i in range(2 * count)]
    return [Label(name, (name,)) for name in list(dict.fromkeys(made))[:count]]


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _bare(moments: AssetStream, directions: np.ndarray) -> None:
    """The product alone, on as many threads as the library of linear algebra likes."""
    snapshot = moments.indexes[Modality.IMAGE].snapshot
    assert snapshot is not None, "the index has been made"
    stored = snapshot.stored()
    columns = directions.T
    for first in range(0, len(stored), _BLOCK):
        stored[first : first + _BLOCK].astype(np.float32) @ columns


def _scored(moments: AssetStream, scorer: Scorer, threads: int) -> None:
    """Labels with probabilities and evidence for every vector."""
    index = moments.indexes[Modality.IMAGE]
    ids = index.ids()

    def work(first: int) -> object:
        return scorer.one_of(read_vectors(index, ids[first : first + _BLOCK]), 5)

    with one_thread_a_product(), ThreadPoolExecutor(threads) as pool:
        for _ in in_turn(pool, work, range(0, len(ids), _BLOCK), threads + 1):
            pass


def _whole(library: Library, task: ClassifyOptions, out: Path) -> None:
    made = Classifier(library.store, library.towers, library.settings, task)
    with writing(out, made.about) as take:
        for results in made.results():
            take(results)


@command(__doc__)
@data_option
@click.option("--assets", default=1_000_000, show_default=True, type=click.IntRange(1000))
@click.option("--labels", default=1_000, show_default=True, type=click.IntRange(2))
def main(data: Path, assets: int, labels: int) -> None:
    need(data / "vectors" / "texts-60k.f16.npy")
    settings = replace(Settings.from_env(), recall=1.0)  # an exact index is made at once
    with scratch() as place:
        _made(place / "library", data, assets, settings)
        with Library.open(place / "library", settings=settings) as library:
            body = list(_rows(library, _labels(settings, labels), place / "result.parquet"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    conclude(
        f"{assets:,} stored vectors x {labels:,} labels; {machine()}.",
        ("what", "figure"),
        [*body, ("peak memory, mapped files included", f"{peak:.1f} GiB", None)],
    )


def _rows(library: Library, labels: list[Label], out: Path) -> Iterator[Row]:
    classifier = Classifier(
        library.store, library.towers, library.settings, ClassifyOptions(labels)
    )
    prompts = _seconds(lambda: classifier.scorers)
    scorer = classifier.scorers[Modality.IMAGE]
    moments = AssetStream(library.store, library.towers.shared, CLASSIFIED)
    bare, ours = [], []
    for _ in range(_TURNS):
        bare.append(_seconds(lambda: _bare(moments, scorer.directions)))
        ours.append(_seconds(lambda: _scored(moments, scorer, library.settings.threads)))
    ratio = min(ours) / min(bare)
    shown = f"{min(ours):.1f} s against {min(bare):.1f} s, {ratio:.2f}x"
    yield "labels of all vectors, against the bare product", shown, at_most(ratio, 1.3, "<= 1.3x")
    whole = _seconds(lambda: _whole(library, ClassifyOptions(labels), out))
    yield "`classify --all --out result.parquet`, prompts included", f"{whole:.1f} s", None
    yield "of which prompts", f"{prompts:.1f} s", None


if __name__ == "__main__":
    main()
