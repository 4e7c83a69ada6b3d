"""Export the embedding network of aisfx to ONNX.

The network is the 9-layer CNN of Kong et al. 2018 (arXiv:1808.00773) as trained
on sound-effect libraries by Ma and Lerch 2022 (ISMIR, "Representation Learning
for the Automatic Indexing of Sound Effects Libraries").
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from engine.encoders.runtime import onnx_session

_WIDTHS = (1, 64, 128, 256, 512)
_TOWER = "embedding_net."


class SoundNet(nn.Module):
    """Blocks of log-mel frames (n, frames, bands) to features (n, 512), not normalised."""

    def __init__(self) -> None:
        super().__init__()
        for i, (narrow, wide) in enumerate(pairwise(_WIDTHS), start=1):
            setattr(self, f"conv_block{i}", _Convolutions(narrow, wide, pooled=i < 4))

    def forward(self, blocks: Tensor) -> Tensor:
        maps = blocks[:, None]
        for convolutions in self.children():
            maps = convolutions(maps)
        return maps.mean(3).amax(2)


class _Convolutions(nn.Module):
    """Two 3x3 convolutions with batch norm, then max pooling by 2 unless it is the last."""

    def __init__(self, narrow: int, wide: int, *, pooled: bool) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(narrow, wide, 3, padding=1, bias=False)
        self.conv2 = nn.Conv2d(wide, wide, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(wide)
        self.bn2 = nn.BatchNorm2d(wide)
        self.pool = nn.MaxPool2d(2) if pooled else nn.Identity()

    def forward(self, maps: Tensor) -> Tensor:
        maps = self.bn1(self.conv1(maps)).relu()
        maps = self.bn2(self.conv2(maps)).relu()
        pooled: Tensor = self.pool(maps)
        return pooled


def load(weights: Path) -> SoundNet:
    """Build the network with the weights of aisfx's checkpoint, in evaluation mode.

    The checkpoint also holds a numpy integer per training set. Only the types
    that it needs are let through, so nothing in it can run code.
    """
    allowed: list[Any] = [
        # What rebuilds a numpy scalar, under the name that numpy 1 pickled.
        (np.int64(0).__reduce__()[0], "numpy.core.multiarray.scalar"),
        np.dtype,
        np.dtypes.Int64DType,
    ]
    with torch.serialization.safe_globals(allowed):
        state, _ = torch.load(weights, weights_only=True, map_location="cpu")
    net = SoundNet()
    net.load_state_dict(
        {name.removeprefix(_TOWER): t for name, t in state.items() if name.startswith(_TOWER)}
    )
    return net.eval()


def export(weights: Path, out: Path) -> None:
    """Write the network of ``weights`` to ``out``: ``blocks`` -> ``features``."""
    onnx_session.export_module(
        load(weights),
        (torch.zeros(2, 100, 96),),
        out,
        inputs={"blocks": {0: "n", 1: "frames"}},
        outputs={"features": {0: "n"}},
    )
