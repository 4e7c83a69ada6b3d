"""Training of a projection of sound features into the shared space."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.align.measure import HeldOutPairs, batches, measure, split
from engine.common.progress import NO_PROGRESS, Progress
from engine.encoders.projection import Projection, roots_of

_WIDTHS = (0, 256)
"""Units of the hidden layer that are tried; with 0 the map is linear."""
_SHARES = (1.0, 0.75, 0.5, 0.25)
"""Shares of the projection in a sound's vector that are tried; the rest is the words'."""
_EPOCHS, _PATIENCE = 100, 15
"""Greatest number of epochs, and epochs without a gain after which training stops."""
_BATCH = 512
"""Pairs of a batch, about."""
_RATE = 2e-3
"""The learning rate."""
_DECAY = 0.1
"""The weight decay of AdamW."""
_TEMPERATURE = 0.07
"""The temperature at the beginning, as in CLIP (Radford et al. 2021)."""
_SHARPEST = 100.0
"""Greatest inverse temperature."""
_LEAST_DEVIATION = 1e-3
"""Deviation below which a feature is not scaled to 1: it hardly ever moves."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A trained projection with the choices that were made."""

    projection: Projection
    width: int
    epochs: int
    mrr: float
    """The mean reciprocal rank on the pairs that it was chosen by."""


def learn(pairs: HeldOutPairs, seed: int, progress: Progress = NO_PROGRESS) -> Fitted:
    """Train the best projection of those that are tried on all of these pairs.

    Width, epochs and share are chosen on files that are held out of ``pairs`` at first;
    then it is trained on all of them for so long. One thread computes: so small a model
    gains nothing by a second, and the same pairs and seed give the same head.
    """
    with _one_thread():
        progress.start("learning", unit="epochs")
        return _learn(pairs, seed, progress)


def _learn(pairs: HeldOutPairs, seed: int, progress: Progress) -> Fitted:
    train, validation = split(pairs, seed + 1)
    tried = (_stopped(train, validation, width, seed, progress) for width in _WIDTHS)
    best = max(tried, key=_merit)
    share = max(_SHARES, key=lambda share: _score(best.projection.with_share(share), validation))
    trained = _epochs(pairs, best.width, seed)
    for _ in range(best.epochs):
        projection = next(trained)
        progress.advance()
    chosen = projection.with_share(share)
    score = _score(best.projection.with_share(share), validation)
    return Fitted(chosen, best.width, best.epochs, score)


@contextmanager
def _one_thread() -> Iterator[None]:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _merit(fitted: Fitted) -> tuple[float, int]:
    """Return what ranks projections: of two that are as good, the smaller is the better."""
    return fitted.mrr, -fitted.width


def _stopped(
    train: HeldOutPairs, validation: HeldOutPairs, width: int, seed: int, progress: Progress
) -> Fitted:
    """Train until the validation gets no better."""
    best: Fitted | None = None
    for epoch, projection in zip(range(1, _EPOCHS + 1), _epochs(train, width, seed), strict=False):
        score = _score(projection, validation)
        progress.advance()
        if best is None or score > best.mrr:
            best = Fitted(projection, width, epoch, score)
        if best.mrr == 1 or epoch - best.epochs >= _PATIENCE:
            break
    assert best is not None
    return best


def _score(projection: Projection, pairs: HeldOutPairs) -> float:
    return measure(projection.place(pairs.features, pairs.words), pairs).mrr


def _epochs(pairs: HeldOutPairs, width: int, seed: int) -> Iterator[Projection]:
    """Yield the projection after each epoch, without end.

    The loss is InfoNCE in both directions with a learned temperature, as in CLIP. What is
    of the same file or has the same target is no negative of a pair.
    """
    import torch

    rng = np.random.default_rng(seed)
    roots = roots_of(pairs.features)
    mean, scale = roots.mean(0), np.maximum(roots.std(0), _LEAST_DEVIATION)
    inputs = torch.from_numpy((roots - mean) / scale)
    targets = torch.from_numpy(np.ascontiguousarray(pairs.targets, np.float32))
    layers = _layers(inputs.shape[1], width, targets.shape[1], rng)
    sharpness = torch.tensor(np.log(1 / _TEMPERATURE), dtype=torch.float32, requires_grad=True)
    step = _adamw(
        ([weights for weights, _ in layers], _DECAY),
        ([*(bias for _, bias in layers), sharpness], 0.0),
    )
    while True:
        for rows in batches(len(pairs), _BATCH, rng):
            unlike = torch.from_numpy(pairs[_mask(rows, len(pairs))].unlike())
            at = torch.from_numpy(np.sort(rows))
            _loss(_forward(layers, inputs[at]), targets[at], unlike, sharpness).backward()
            step()
        yield Projection(_folded(layers, mean, scale))


def _adamw(*groups: tuple[list[Any], float]) -> Callable[[], None]:
    """Return what moves parameters along their gradients, which it forgets, by AdamW.

    By the function of PyTorch: its class imports the compiler, which takes longer than this does.

    Args:
        groups: parameters, with the weight decay of each group.
    """
    import torch
    from torch.optim.adamw import adamw

    states = [
        ([torch.zeros_like(p) for p in parameters], [torch.zeros_like(p) for p in parameters],
         [torch.tensor(0.0) for _ in parameters])
        for parameters, _ in groups
    ]  # fmt: skip

    def step() -> None:
        for (parameters, decay), (means, squares, steps) in zip(groups, states, strict=True):
            with torch.no_grad():
                adamw(
                    parameters, [p.grad for p in parameters], means, squares, [], steps,
                    amsgrad=False, beta1=0.9, beta2=0.999, lr=_RATE, weight_decay=decay, eps=1e-8,
                    maximize=False,
                )  # fmt: skip
            for parameter in parameters:
                parameter.grad = None

    return step


def _mask(rows: NDArray[np.int64], count: int) -> NDArray[np.bool_]:
    mask = np.zeros(count, np.bool_)
    mask[rows] = True
    return mask


def _layers(inputs: int, width: int, outputs: int, rng: np.random.Generator) -> list[Any]:
    """Draw weights (inputs, outputs) and biases as He et al. (2015) do."""
    import torch

    sizes = [inputs, *([width] if width else []), outputs]
    drawn = [
        (rng.standard_normal((a, b)) * np.sqrt(2 / a)).astype(np.float32)
        for a, b in pairwise(sizes)
    ]
    return [
        (torch.from_numpy(w).requires_grad_(), torch.zeros(w.shape[1], requires_grad=True))
        for w in drawn
    ]


def _forward(layers: list[Any], rows: Any) -> Any:
    for weights, bias in layers[:-1]:
        rows = (rows @ weights + bias).relu()
    weights, bias = layers[-1]
    return rows @ weights + bias


def _loss(outputs: Any, targets: Any, unlike: Any, sharpness: Any) -> Any:
    import torch
    from torch.nn.functional import cross_entropy, normalize

    scale = sharpness.exp().clamp(max=_SHARPEST)
    logits = scale * normalize(outputs, dim=1) @ targets.T
    own = torch.eye(len(targets), dtype=torch.bool)
    logits = logits.masked_fill(~(unlike | own), -torch.inf)
    right = torch.arange(len(targets))
    return (cross_entropy(logits, right) + cross_entropy(logits.T, right)) / 2


def _folded(
    layers: list[Any], mean: NDArray[np.float32], scale: NDArray[np.float32]
) -> tuple[tuple[NDArray[np.float32], NDArray[np.float32]], ...]:
    """Return the layers as they apply to roots that have not been standardised."""
    arrays = [(w.detach().numpy().copy(), b.detach().numpy().copy()) for w, b in layers]
    weights, bias = arrays[0]
    first = weights / scale[:, None]
    return ((first, bias - mean @ first), *arrays[1:])
