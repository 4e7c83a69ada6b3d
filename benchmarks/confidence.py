"""Whether what a search says of its hits is true: confidence, and the line of what is likely.

    python -m benchmarks.confidence --data DIR [--prompts DIR]

Four kinds of spaces: CLIP's true vectors (100 photographs, 500 sentences about them and
1,000 words), everyday photographs by a human sentence and by what they are, sounds by their
names (from heads that were trained without them), and spoken prompts by their text, whole and
less every third word. Sounds, labels and prompts are also asked for what is not there. Each
moment gets its evidence and its probability from the engine's own code, against backgrounds
that are estimated as `index` does.

The model's coefficients were fitted on one half of the queries of each (by a toss, ``numpy``
seed 3); the figures are of the other half. Calibration error is that of the first ten hits of
each query in ten bins of equal width (Naeini et al. 2015). No coefficient belongs to a space.

CLIP's words are right where three of five people mention them and wrong where nobody does;
people do not mention all that they see, so what is right above the line is understated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from benchmarks.collection import unanswerable
from benchmarks.common import (
    Row,
    at_least,
    at_most,
    command,
    conclude,
    data_option,
    indexed,
    machine,
    need,
    pictures,
    rows,
    scratch,
)
from benchmarks.sounds import held_out_sounds
from benchmarks.speech import PROMPTS, less_a_third
from engine.config import Settings
from engine.encoders.compact.encoder import CompactEncoder
from engine.query.calibration.confidence import LIKELY, confidence
from engine.query.calibration.log_odds import estimate, expected, log_odds
from engine.query.calibration.phrases import phrases
from engine.types import Branch, BranchScores, Modality, QueryPart
from engine.types.arrays import Vectors

_TOP, _BINS, _SEED = 10, 10, 3
_BANK = 200
"""Words of CLIP's that stand for the bank of phrases, which is not there in its space."""

Values = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """Queries of one kind in one space, with what is right."""

    name: str
    space: str
    texts: Sequence[str]
    queries: Vectors
    moments: Vectors
    right: Mask
    """(queries, moments)."""
    bank: Vectors
    unclear: Mask | None = None
    """(queries, moments) that are neither right nor wrong."""


@dataclass(frozen=True, slots=True, eq=False)
class Hits:
    """The first hits of the queries of a set."""

    sure: Values
    right: Mask
    query: NDArray[np.int64]
    answerable: Mask
    """(queries,): whether anything is right."""

    def of(self, half: int) -> Hits:
        """Those of one half of the queries."""
        count = len(self.answerable)
        order = np.random.default_rng(_SEED).permutation(count)
        kept = order[: count // 2] if half == 0 else order[count // 2 :]
        among = np.isin(self.query, kept)
        return Hits(self.sure[among], self.right[among], self.query[among], self.answerable)


def first_hits(asked: Asked) -> Hits:
    """Rank all moments by the engine's evidence, and keep the first of each query."""
    key = ("space", "text", Modality.IMAGE)
    known = estimate(key, asked.bank, asked.moments)
    mean = expected(known, asked.moments)
    sure, right, query = [], [], []
    for number, (text, vector) in enumerate(zip(asked.texts, asked.queries, strict=True)):
        raw = (asked.moments @ vector).astype(np.float64)
        odds = log_odds(raw, mean, known)
        branch = Branch("text", "space", Modality.IMAGE, (QueryPart(text),))
        ids = np.arange(len(raw))
        scored = [BranchScores(branch, ids, raw, odds, mean, known.std)]
        probable = confidence(odds, float(odds.max()), scored)
        best = np.argsort(-odds, kind="stable")[:_TOP]
        if asked.unclear is not None:
            best = best[~asked.unclear[number, best]]
        sure.append(probable[best])
        right.append(asked.right[number, best])
        query.append(np.full(len(best), number))
    return Hits(
        np.concatenate(sure), np.concatenate(right), np.concatenate(query), asked.right.any(axis=1)
    )


def calibration_error(sure: Values, right: Mask) -> float:
    """Return the expected calibration error in bins of equal width."""
    places = np.minimum((sure * _BINS).astype(int), _BINS - 1)
    bins = [places == place for place in np.unique(places)]
    return float(sum(abs(sure[b].mean() - right[b].mean()) * b.mean() for b in bins))


# --- the sets -----------------------------------------------------------------------


def _clip(data: Path) -> Iterator[Asked]:
    with np.load(data / "clip" / "openai-vit-b32.npz") as kept:
        moments, words, mentions = (kept[n] for n in ("image_vec", "word_vec", "word_mentions"))
        sentences, of = kept["caption_vec"], kept["caption_image"]
        texts, named = kept["caption"].tolist(), kept["word"].tolist()
    order = np.random.default_rng(1).permutation(len(words))
    bank, rest = words[order[:_BANK]], order[_BANK:]
    right = of[:, None] == np.arange(len(moments))
    yield Asked("sentences", "clip", texts, sentences, moments, right, bank)
    clear = rest[(mentions[rest] >= 3).any(axis=1) | (mentions[rest] == 0).all(axis=1)]
    asked = [f"a {named[place]}" for place in clear]
    counted = mentions[clear]
    unclear = (counted > 0) & (counted < 3)
    yield Asked("words", "clip", asked, words[clear], moments, counted >= 3, bank, unclear)


def _photos(data: Path, encoder: CompactEncoder, bank: Vectors) -> Iterator[Asked]:
    files = sorted((data / "photos" / "dev").iterdir())
    asked = [row for row in rows(data / "photos" / "dev.csv") if row["language"] == "en"]
    texts = [row["sentence"] for row in asked]
    found = _vectors(files, Modality.IMAGE)
    right = np.array([[Path(row["file"]).name == files[p].name for p in found.of] for row in asked])
    queries = encoder.embed_texts(texts)
    yield Asked("sentences", "photos", texts, queries, found.vectors, right, bank)
    files, labels = pictures(data)
    found = _vectors(files, Modality.IMAGE)
    texts = [row["label"] for row in labels]
    right = np.arange(len(texts))[:, None] == found.of
    yield _with_unanswerable("labels", "photos", texts, found.vectors, right, bank, encoder)


def _sounds(data: Path, encoder: CompactEncoder, bank: Vectors) -> Iterator[Asked]:
    with scratch() as folder:
        vectors, labels = held_out_sounds(data, encoder, Settings.from_env(), folder)
    words = sorted(set(labels.tolist()))
    right = np.array(words)[:, None] == labels
    yield _with_unanswerable("names", "sounds", words, vectors, right, bank, encoder)


def _speech(data: Path, prompts: Path, encoder: CompactEncoder, bank: Vectors) -> Iterator[Asked]:
    listed = rows(data / "prompts.csv")
    found = _vectors([prompts / row["file"] for row in listed], Modality.SPEECH)
    texts = [row["text"] for row in listed]
    right = np.arange(len(texts))[:, None] == found.of
    yield _with_unanswerable("prompts", "speech", texts, found.vectors, right, bank, encoder)
    less = [less_a_third(text) for text in texts]
    queries = encoder.embed_texts(less)
    yield Asked("less a third", "speech", less, queries, found.vectors, right, bank)


@dataclass(frozen=True, slots=True, eq=False)
class _Vectors:
    vectors: Vectors
    of: NDArray[np.int64]
    """(n,): the place of each moment's file."""


def _vectors(files: Sequence[Path], modality: Modality) -> _Vectors:
    """Index files, and read the vectors of a modality."""
    with indexed(files) as filled:
        library = filled.library
        library.search("anything")
        ids = library.store.moment_ids(modalities=(modality,))
        vectors = library.searcher.indexes["compact"].indexes[modality].vectors(ids)
        records = library.store.records(ids.tolist())
        places = [filled.places[records[int(i)].path] for i in ids]
    return _Vectors(np.asarray(vectors, np.float32), np.array(places, np.int64))


def _with_unanswerable(
    name: str,
    space: str,
    texts: Sequence[str],
    moments: Vectors,
    right: Mask,
    bank: Vectors,
    encoder: CompactEncoder,
) -> Asked:
    """Ask also for what none of these sets holds."""
    others = [query.text for query in unanswerable()]
    every = [*texts, *others]
    none = np.zeros((len(others), len(moments)), np.bool_)
    queries = encoder.embed_texts(every)
    return Asked(name, space, every, queries, moments, np.concatenate([right, none]), bank)


# --- rows ---------------------------------------------------------------------------


def _rows(sets: Mapping[str, Sequence[tuple[str, Hits]]]) -> Iterator[Row]:
    above: list[Mask] = []
    for space, parts in sets.items():
        held = [hits.of(1) for _, hits in parts]
        sure = np.concatenate([hits.sure for hits in held])
        right = np.concatenate([hits.right for hits in held])
        for (name, _), hits in zip(parts, held, strict=True):
            likely = hits.sure >= LIKELY
            above.append(hits.right[likely] if space != "clip" else np.zeros(0, np.bool_))
            yield (
                f"{space}, {name}", f"{calibration_error(hits.sure, hits.right):.3f}",
                _share(hits.right[likely]), _silent(hits, likely), None,
            )  # fmt: skip
        error = calibration_error(sure, right)
        yield (
            f"{space}, together", f"{error:.3f}", _share(right[sure >= LIKELY]), "",
            at_most(error, 0.06),
        )  # fmt: skip
    every = np.concatenate(above)
    yield "compact, together", "", _share(every), "", at_least(float(every.mean()), 0.8)


def _share(right: Mask) -> str:
    return f"{right.mean():.3f} of {len(right)}" if len(right) else "none"


def _silent(hits: Hits, likely: Mask) -> str:
    """Return the share of queries without an answer above whose hits the line lies."""
    asked = np.unique(hits.query)
    unanswered = asked[~hits.answerable[asked]]
    if not len(unanswered):
        return ""
    loud = np.unique(hits.query[likely])
    return f"{1 - np.isin(unanswered, loud).mean():.3f} of {len(unanswered)}"


@command(__doc__)
@data_option
@click.option("--prompts", type=click.Path(path_type=Path), default=PROMPTS, show_default=True)
def main(data: Path, prompts: Path) -> None:
    need(data / "clip" / "openai-vit-b32.npz", data / "photos" / "dev.csv", prompts)
    encoder = CompactEncoder(Settings.from_env())
    bank = encoder.embed_texts(phrases())
    asked = [
        *_clip(data), *_photos(data, encoder, bank), *_sounds(data, encoder, bank),
        *_speech(data, prompts, encoder, bank),
    ]  # fmt: skip
    sets: dict[str, list[tuple[str, Hits]]] = {}
    for one in asked:
        sets.setdefault(one.space, []).append((one.name, first_hits(one)))
    conclude(
        f"The first ten hits of {sum(len(one.texts) for one in asked)} queries, by vectors"
        f" alone; half of them were fitted to, and the figures are of the others; {machine()}.",
        ("queries", "calibration error", "right, of what is likely", "no answer, nothing likely"),
        list(_rows(sets)),
    )


if __name__ == "__main__":
    main()
