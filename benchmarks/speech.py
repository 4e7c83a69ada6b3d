"""Quality on speech: are spoken prompts found by what they say?

    python -m benchmarks.speech --data DIR [--prompts DIR]

A prompt's score is its best moment's: log odds of the cosine under the
background of the transcripts, plus BM25, which is a sum of log odds itself.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import click
import numpy as np
from numpy.typing import NDArray

from benchmarks.common import data_option, machine, need, reached, rows, table
from engine.config import Settings
from engine.encoders.compact.encoder import CompactEncoder
from engine.encoders.speech import WhisperSpeech
from engine.query.calibrate import estimate, log_odds
from engine.types import Modality, Vectors, Waveform

_PROMPTS = Path("/usr/share/asterisk/sounds/en_US_f_Allison")


@dataclass(frozen=True, slots=True)
class Spoken:
    """Moments of speech: their texts and vectors, and the prompt that each is of."""

    texts: Sequence[str]
    vectors: Vectors
    prompts: NDArray[np.int64]


def _read(path: Path, rate: int) -> Waveform:
    with av.open(str(path)) as container:
        resampler = av.AudioResampler(format="fltp", layout="mono", rate=rate)
        frames = [*container.decode(audio=0), None]
        parts = [part.to_ndarray()[0] for frame in frames for part in resampler.resample(frame)]
    return np.concatenate(parts).astype(np.float32)


def _bm25(texts: Sequence[str], queries: Sequence[str]) -> NDArray[np.float64]:
    """FTS5's BM25 of any word of the query, higher is better, (queries, texts)."""
    scores = np.zeros((len(queries), len(texts)))
    database = sqlite3.connect(":memory:")
    database.execute("CREATE VIRTUAL TABLE t USING fts5(text, tokenize = 'porter unicode61')")
    database.executemany("INSERT INTO t (rowid, text) VALUES (?, ?)", enumerate(texts))
    for row, query in zip(scores, queries, strict=True):
        words = " OR ".join('"' + word.replace('"', "") + '"' for word in query.split())
        for place, score in database.execute(
            "SELECT rowid, bm25(t) FROM t WHERE t MATCH ?", [words]
        ):
            row[place] = -score
    database.close()
    return scores


def _first(scores: NDArray[np.float64], prompts: NDArray[np.int64]) -> float:
    """R@1 where query i asks for prompt i. A tie with another prompt is a miss."""
    best = np.full((len(scores), len(scores)), -np.inf)
    for place, prompt in enumerate(prompts):
        best[:, prompt] = np.maximum(best[:, prompt], scores[:, place])
    own = best.diagonal()[:, None]
    return float(((best >= own).sum(1) == 1).mean())


def _compare(encoder: CompactEncoder, spoken: Spoken, queries: Sequence[str]) -> tuple[float, ...]:
    """R@1 by cosine, by BM25, and by both."""
    cosines = encoder.embed_texts(queries) @ spoken.vectors.T
    key = (encoder.shared.name, "text", Modality.SPEECH)
    background = estimate(key, spoken.vectors, spoken.vectors)
    odds = np.array([[log_odds(float(c), background) for c in row] for row in cosines])
    words = _bm25(spoken.texts, queries)
    scores = (cosines.astype(np.float64), words, odds + words)
    return tuple(_first(score, spoken.prompts) for score in scores)


def _transcribe(
    files: Sequence[Path], speech: WhisperSpeech, encoder: CompactEncoder
) -> tuple[Spoken, float]:
    """All prompts as moments, and the seconds that it took for each."""
    waves = [_read(file, speech.rate) for file in files]
    speech.transcribe(waves[0])  # loads the model
    started = time.perf_counter()
    said = [(i, s.text) for i, wave in enumerate(waves) for s in speech.transcribe(wave)]
    seconds = (time.perf_counter() - started) / len(files)
    texts = [text for _, text in said]
    prompts = np.array([prompt for prompt, _ in said], np.int64)
    return Spoken(texts, encoder.embed_texts(texts), prompts), seconds


@click.command(help=__doc__.partition("\n")[0] if __doc__ else None)
@data_option
@click.option("--prompts", type=click.Path(path_type=Path), default=_PROMPTS, show_default=True)
def main(data: Path, prompts: Path) -> None:
    need(data / "prompts.csv", prompts)
    listed = rows(data / "prompts.csv")
    files = [prompts / row["file"] for row in listed]
    need(*files)
    settings = Settings.from_env()
    encoder = CompactEncoder(settings)
    spoken, seconds = _transcribe(files, WhisperSpeech(settings), encoder)
    texts = [row["text"] for row in listed]
    less = [" ".join(w for i, w in enumerate(t.split(), 1) if i % 3) for t in texts]
    body: list[tuple[object, ...]] = []
    for name, queries, target in (
        ("text", texts, 0.93),
        ("text less every third word", less, 0.87),
    ):
        dense, words, both = _compare(encoder, spoken, queries)
        body.append(
            (name, f"{dense:.3f}", f"{words:.3f}", f"{both:.3f}", target, reached(both, target))
        )
    table(
        f"Quality, {len(files)} spoken prompts, {len(spoken.texts)} moments, R@1;"
        f" {seconds:.2f} s each to transcribe; {machine()}.",
        ("query", "cosine", "BM25", "log odds of both", "must reach", "reached"),
        body,
    )


if __name__ == "__main__":
    main()
