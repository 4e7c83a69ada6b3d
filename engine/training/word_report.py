"""Measure a head of words by what was held out, and write the figures into its card."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.errors import UsageError
from engine.training.word_clips import NO_WORD, VOICE, Clips

Evidence: TypeAlias = "list[tuple[NDArray[np.str_], NDArray[np.float32], NDArray[np.float32]]]"
"""By fold: the kind of each sound, the gate's evidence, and the share of words of a voice."""
FitGate: TypeAlias = Callable[[Evidence, Evidence], NDArray[np.float32]]
BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"


@dataclass(frozen=True)
class Judged:
    """The outputs of networks for clips that they were not trained on."""

    words: tuple[str, ...]
    clips: Clips
    outputs: NDArray[np.float32]
    """Probabilities of the words, (n, words)."""
    evidence: NDArray[np.float32]
    """For the gate, (n, 4)."""
    fold_of: NDArray[np.int64]
    fewest_named: float
    """Share of a word's clips that must be named among three."""
    known: Evidence = field(default_factory=list)
    unknown: Evidence = field(default_factory=list)

    def kept(self, but: int | None = None) -> tuple[str, ...]:
        """Return the words that can be told, by all folds or by all but one."""
        named = self._ranks(self.words) < 3
        judges = self.fold_of != but if but is not None else np.ones(len(named), bool)
        return tuple(
            word
            for word in self.words
            if named[judges & (self.clips.words == word)].mean() >= self.fewest_named
        )

    def _ranks(self, words: Sequence[str]) -> NDArray[np.int64]:
        """Return the place of each clip's own word among these, from 0; of no word, the last."""
        columns = [self.words.index(word) for word in words]
        outputs = self.outputs[:, columns]
        places = {word: place for place, word in enumerate(words)}
        own = np.array([places.get(word, -1) for word in self.clips.words.tolist()])
        scores = outputs[np.arange(len(own)), own]
        ranks: NDArray[np.int64] = (outputs > scores[:, None]).sum(1)
        ranks[own < 0] = len(words)
        return ranks

    def probabilities(self, words: Sequence[str], gate: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return what a head of these words says of each clip, (n, words)."""
        named = self.outputs[:, [self.words.index(word) for word in words]]
        named = named / np.maximum(named.sum(1, keepdims=True), 1e-6)
        return np.asarray(_known(self.evidence, gate)[:, None] * named, np.float32)

    def accuracy(self) -> tuple[float, float, int]:
        """Return the share named first, among three, and the clips that are counted.

        The words of a fold are those that the other folds can tell.
        """
        first, three, count = 0, 0, 0
        for fold in np.unique(self.fold_of):
            words = self.kept(int(fold))
            mine = (self.fold_of == fold) & np.isin(self.clips.words, words)
            ranks = self._ranks(words)[mine]
            first, three = first + int((ranks < 1).sum()), three + int((ranks < 3).sum())
            count += len(ranks)
        return first / count, three / count, count

    def aurocs(self, fit_gate: FitGate) -> dict[str, float]:
        """Return how well each kind of unknown sound is told from known ones.

        The gate that judges a fold was fitted on the others. A voice counts by the words
        that are of no voice: "speech" is the right word for it.
        """
        right: list[NDArray[np.float32]] = []
        wrong: dict[str, list[NDArray[np.float32]]] = {}
        for fold in range(len(self.known)):
            others = [k for k in range(len(self.known)) if k != fold]
            gate = fit_gate([self.known[k] for k in others], [self.unknown[k] for k in others])
            right.append(_known(self.known[fold][1], gate))
            kinds, rows, voices = self.unknown[fold]
            odds = _known(rows, gate) * np.where(kinds == VOICE, 1 - voices, 1)
            for kind in np.unique(kinds):
                wrong.setdefault(str(kind), []).append(odds[kinds == kind])
        return {kind: _auroc(np.concatenate(right), np.concatenate(wrong[kind])) for kind in wrong}

    def summary(self, fit_gate: FitGate) -> str:
        """Describe the figures in lines."""
        first, three, count = self.accuracy()
        aurocs = self.aurocs(fit_gate)
        lines = [f"{len(self.kept())} words, held out by group: {first:.3f} first,"
                 f" {three:.3f} among three, of {count} clips"]  # fmt: skip
        lines += [f"none of these: {kind} {value:.3f}" for kind, value in aurocs.items()]
        return "\n".join([*lines, f"mean {np.mean(list(aurocs.values())):.3f}"])

    def table(self) -> str:
        """Return a row a word: its clips and groups, and how many are named, held out."""
        kept = self.kept()
        ranks = self._ranks(kept)
        rows = ["| word | clips | permissive | groups | first | among three |",
                "|---|---|---|---|---|---|"]  # fmt: skip
        for word in kept:
            of = self.clips.words == word
            groups = len(np.unique(self.clips.groups[of]))
            first, three = (float((ranks[of] < place).mean()) for place in (1, 3))
            counts = f"{int(of.sum())} | {int(self.clips.permissive[of].sum())} | {groups}"
            rows.append(f"| {word} | {counts} | {first:.2f} | {three:.2f} |")
        return "\n".join(rows)


def _known(rows: NDArray[np.float32], gate: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(1 / (1 + np.exp(-(rows @ gate))), np.float32)


def _auroc(right: NDArray[np.float32], wrong: NDArray[np.float32]) -> float:
    from sklearn.metrics import roc_auc_score

    truth = np.repeat([1, 0], [len(right), len(wrong)])
    return float(roc_auc_score(truth, np.concatenate([right, wrong])))


def write_card(card: Path, judged: Judged, fit_gate: FitGate) -> None:
    """Write the figures between the two marks of a card.

    Raises:
        UsageError: the card has no such marks.
    """
    text = card.read_text(encoding="utf-8")
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not (begin and end):
        raise UsageError(f"{card} has no place for figures: {BEGIN} and {END}")
    first, three, count = judged.accuracy()
    gates = judged.aurocs(fit_gate)
    dropped = sorted(set(judged.words) - set(judged.kept()))
    figures = [
        f"{len(judged.kept())} words, {int((judged.clips.words != NO_WORD).sum())} recordings."
        f" Left out, because fewer than {judged.fewest_named:.0%} of their recordings were named"
        f" among three: {', '.join(dropped) or 'none'}.",
        "",
        "| measure, held out | value |\n|---|---|\n"
        f"| named first, of {count} recordings | {first:.3f} |\n"
        f"| among the first three | {three:.3f} |\n"
        + "\n".join(
            f"| none of these, AUROC: {kind} | {value:.3f} |" for kind, value in gates.items()
        )
        + f"\n| none of these, AUROC: mean of these kinds | {np.mean(list(gates.values())):.3f} |",
        "",
        judged.table(),
    ]
    body = "\n".join(figures)
    card.write_text(f"{head}{BEGIN}\n\n{body}\n\n{END}{tail}", encoding="utf-8")
