"""Train the head of more than sixty words on features of labelled recordings.

    python -m engine.training.sound_words DATA --out HEAD --card CARD

DATA has ``sound-words/features.npz`` (features of the space ``sounds`` with label, group,
source and licence), ``sounds/`` with ``labels.csv`` (the recordings that the head of twenty
words was learned from). What has no word is learned from recordings of other things and
from noise, pure tones and clicks that are made here. Training needs torch and scikit-learn.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from engine.common.vectors import l2_normalize
from engine.config import Settings
from engine.encoders.compact.sounds import FEATURES, HEAD_60, CompactSounds
from engine.encoders.compact.word_network import WordNetwork
from engine.encoders.weight_files import AISFX
from engine.errors import SensoriumError
from engine.training import word_clips
from engine.training.word_clips import NO_WORD, Clips
from engine.training.word_report import Evidence, Judged, write_card
from engine.types.arrays import Vectors

_HIDDEN, _NETWORKS, _EPOCHS, _BATCH = 256, 2, 25, 128
_DECAY, _RATE = 0.03, 3e-3
_MIX = 0.3
"""Shape of the mixing of pairs of recordings (mixup, Zhang et al. 2018)."""
_FOLDS = 5
_FEWEST_NAMED = 0.5
"""Share of a word's held-out recordings that must be named among three, or it is no word."""


def fit(clips: Clips, words: tuple[str, ...], seed: int = 0) -> WordNetwork:
    """Fit the networks; the gate is left at nothing known."""
    rows = clips.roots
    mean, scale = rows.mean(0), np.maximum(rows.std(0), 1e-3)
    places = {word: place for place, word in enumerate(words)}
    targets = np.array([places.get(word, len(words)) for word in clips.words])
    trained = [
        _network((rows - mean) / scale, targets, len(words) + 1, seed + number)
        for number in range(_NETWORKS)
    ]
    first, first_bias, second, second_bias = map(np.stack, zip(*trained, strict=True))
    origin = rows.mean(0)
    directions = l2_normalize(rows - origin)
    centres = np.stack([directions[targets == place].mean(0) for place in range(len(words))])
    return WordNetwork(
        words, mean, scale, first, first_bias, second, second_bias, origin,
        l2_normalize(centres), np.zeros(4, np.float32),
    )  # fmt: skip


def _network(
    rows: Vectors, targets: NDArray[np.int64], outputs: int, seed: int
) -> tuple[NDArray[np.float32], ...]:
    """Train one network by mixup, with dropout and weight decay; rare words weigh more."""
    import torch
    from torch import nn

    generator = torch.manual_seed(seed)
    counts = np.bincount(targets, minlength=outputs)
    # A word weighs as the root of its count: between every clip alike and every word alike.
    weights = torch.tensor(1 / np.sqrt(counts[targets]), dtype=torch.float32)
    weights /= weights.mean()
    inputs, truth = torch.from_numpy(rows), torch.eye(outputs)[targets]
    hidden, out = nn.Linear(rows.shape[1], _HIDDEN), nn.Linear(_HIDDEN, outputs)
    model = nn.Sequential(nn.Dropout(0.3), hidden, nn.ReLU(), nn.Dropout(0.5), out)
    steps = _EPOCHS * -(-len(rows) // _BATCH)
    optimizer = torch.optim.AdamW(model.parameters(), lr=_RATE, weight_decay=_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, total_steps=steps)
    beta = torch.distributions.Beta(_MIX, _MIX)
    for _ in range(_EPOCHS):
        for rows_of_batch in torch.split(torch.randperm(len(rows), generator=generator), _BATCH):
            other = rows_of_batch[torch.randperm(len(rows_of_batch), generator=generator)]
            share = beta.sample((len(rows_of_batch), 1))
            mixed = share * inputs[rows_of_batch] + (1 - share) * inputs[other]
            asked = share * truth[rows_of_batch] + (1 - share) * truth[other]
            losses = -(asked * torch.log_softmax(model(mixed), 1)).sum(1)
            optimizer.zero_grad()
            torch.autograd.backward((weights[rows_of_batch] * losses).mean())
            optimizer.step()
            schedule.step()
    tensors = (hidden.weight.T, hidden.bias, out.weight.T, out.bias)
    return tuple(tensor.detach().numpy().copy() for tensor in tensors)


def held_out_groups(clips: Clips, seed: int) -> Iterator[NDArray[np.bool_]]:
    """Yield stratified folds of groups, as masks of clips."""
    from sklearn.model_selection import StratifiedGroupKFold

    split = StratifiedGroupKFold(_FOLDS, shuffle=True, random_state=seed)
    for _, test in split.split(clips.words, clips.words, clips.groups):
        yield np.isin(np.arange(len(clips.words)), test)


def judge(clips: Clips, unknown: Clips, words: tuple[str, ...], seed: int) -> Judged:
    """Measure the naming of held-out groups, and the gate with held-out words beside them.

    A word that another four fifths say cannot be told is no word of the fold either, so that
    the fold that judges has no say in which words there are.
    """
    folds = list(held_out_groups(clips, seed))
    outputs = np.zeros((len(clips.words), len(words) + 1), np.float32)
    evidence = np.zeros((len(clips.words), 4), np.float32)
    for test in folds:
        model = fit(clips.subset(~test), words, seed)
        outputs[test] = model.outputs(clips.roots[test])
        evidence[test] = model.evidence(clips.roots[test], outputs[test])
    fold_of = np.stack(folds).argmax(0)
    judged = Judged(words, clips, outputs[:, :-1], evidence, fold_of, _FEWEST_NAMED)
    known, other = _with_held_out_words(clips, unknown, words, folds, seed)
    return replace(judged, known=known, unknown=other)


def _with_held_out_words(
    clips: Clips,
    unknown: Clips,
    words: tuple[str, ...],
    folds: list[NDArray[np.bool_]],
    seed: int,
) -> tuple[Evidence, Evidence]:
    """Return evidence of known clips and of others, by networks that have seen neither.

    A fifth of the words is left out with each fold of groups (the leave-class-out protocol
    of open set recognition; Scheirer et al. 2013).
    """
    shuffled = np.random.default_rng(seed).permutation(words)
    known, other = [], []
    for test, left in zip(folds, np.array_split(shuffled, _FOLDS), strict=True):
        out = np.isin(clips.words, left)
        kept = tuple(word for word in words if word not in set(left))
        model = fit(clips.subset(~test & ~out), kept, seed)
        named = clips.subset(test & ~out & (clips.words != NO_WORD))
        strange = clips.subset(out).called("a word left out") + unknown
        known.append(_evidence(model, named))
        other.append(_evidence(model, strange))
    return known, other


def _evidence(
    model: WordNetwork, clips: Clips
) -> tuple[NDArray[np.str_], NDArray[np.float32], NDArray[np.float32]]:
    outputs = model.outputs(clips.roots)
    allowed = [word in ("speech", "singing") for word in model.words]
    named = outputs[:, :-1] / np.maximum(outputs[:, :-1].sum(1, keepdims=True), 1e-6)
    voices = named[:, allowed].sum(1)
    return clips.words, model.evidence(clips.roots, outputs), voices


def fit_gate(known: Evidence, unknown: Evidence) -> NDArray[np.float32]:
    """Fit the log odds of having a word; kinds of unknown sounds weigh alike."""
    from sklearn.linear_model import LogisticRegression

    kinds = np.concatenate([kind for kind, _, _ in unknown])
    # A voice has a word, which the networks give it: it is no example of what has none.
    used = kinds != word_clips.VOICE
    rows = np.concatenate([rows for _, rows, _ in unknown])[used]
    names, of, counts = np.unique(kinds[used], return_inverse=True, return_counts=True)
    right = np.concatenate([rows for _, rows, _ in known])
    # Words left out are half of what is unknown: they are the common case, and the hard one.
    share = np.where(names == "a word left out", 0.5, 0.5 / max(len(names) - 1, 1))
    weights = np.concatenate([np.full(len(right), 1 / len(right)), (share / counts)[of]])
    is_known = np.repeat([1, 0], [len(right), len(rows)])
    model = LogisticRegression(C=1e3, fit_intercept=False, max_iter=2000)
    model.fit(np.concatenate([right, rows]), is_known, sample_weight=weights * len(weights) / 2)
    gate: NDArray[np.float32] = model.coef_[0].astype(np.float32)
    return gate


@click.command(help=__doc__)
@click.argument("data", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--out", default=HEAD_60, type=click.Path(path_type=Path), help="The head to write.")
@click.option("--card", default=None, type=click.Path(path_type=Path), help="Its model card.")
@click.option("--seed", default=1, show_default=True, help="Of the folds and the networks.")
def main(data: Path, out: Path, card: Path | None, seed: int) -> None:
    settings = Settings.from_env()
    try:
        clips, unknown = word_clips.read(data, CompactSounds(settings), settings)
    except SensoriumError as error:
        raise click.ClickException(str(error)) from error
    words = tuple(sorted(set(clips.words.tolist()) - {NO_WORD}))
    judged = judge(clips, unknown, words, seed)
    kept = judged.kept()
    gate = fit_gate(judged.known, judged.unknown)
    final = clips.renamed({word: NO_WORD for word in words if word not in kept})
    others = unknown.subset(unknown.words != word_clips.VOICE)
    head = replace(fit(final + others.called(NO_WORD), kept, seed), gate=gate)
    head.save(out, AISFX.sha256, FEATURES)
    click.echo(judged.summary(fit_gate))
    click.echo(f"wrote {out}: {len(kept)} words, {out.stat().st_size / 2**20:.1f} MiB")
    if card:
        write_card(card, judged, fit_gate)


if __name__ == "__main__":
    main()
