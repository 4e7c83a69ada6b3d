"""Export EfficientNet-Lite2 to ONNX: from RGB bytes to features and probabilities.

The checkpoint names its tensors differently from timm's model, but holds the
same tensors in the same order.
"""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

from engine.torchvision_ops import declare_missing_operators

declare_missing_operators()

import timm  # noqa: E402
import torch  # noqa: E402
from timm.data.imagenet_info import ImageNetInfo  # noqa: E402
from timm.layers.conv2d_same import Conv2dSame  # noqa: E402
from timm.layers.padding import get_same_padding  # noqa: E402
from torch import Tensor, nn  # noqa: E402

from engine.encoders.runtime.onnx_session import export_module  # noqa: E402

SIDE = 260
MIDDLE = (3, 4, 6)
"""Stages of the tower whose maps are kept too: textures, parts and colours, of which the last
layer has left what tells classes apart."""


class _PictureTower(nn.Module):
    """RGB bytes (n, 260, 260, 3) to unit features, probabilities, and what is in the middle.

    They are (n, 1280), (n, 1000) and (n, 1120): the means and maxima of ``MIDDLE``'s channels.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        model: Any = self.model
        maps = model.bn1(model.conv_stem(pixels.permute(0, 3, 1, 2).float() / 127.5 - 1.0))
        middle = []
        for number, stage in enumerate(model.blocks):
            maps = stage(maps)
            if number in MIDDLE:
                middle += [maps.mean((2, 3)), maps.amax((2, 3))]
        maps = model.bn2(model.conv_head(maps))
        pooled = model.forward_head(maps, pre_logits=True)
        probabilities = model.classifier(pooled).softmax(-1)
        return nn.functional.normalize(pooled, dim=-1), probabilities, torch.cat(middle, 1)


def build_model(weights: Path) -> nn.Module:
    """timm's tf_efficientnet_lite2 with the checkpoint's tensors, for evaluation."""
    model = timm.create_model("tf_efficientnet_lite2", pretrained=False)
    tensors = torch.load(weights, map_location="cpu", weights_only=True).values()
    model.load_state_dict(dict(zip(model.state_dict(), tensors, strict=True)))
    return model.eval()


def with_fixed_padding(model: nn.Module) -> nn.Module:
    """Return the model for pictures of ``SIDE`` alone, the padding of convolutions written down.

    timm computes it of the size that comes. In a graph that is a node which stands between
    convolutions and has their tensors laid out anew, twice for each: a fifth of the time.
    ONNX Runtime makes padding that is constant a part of the convolution.
    """
    found: dict[str, tuple[int, int]] = {}
    hooks = [
        part.register_forward_pre_hook(partial(_note_size, found, name))
        for name, part in model.named_modules()
        if isinstance(part, Conv2dSame)
    ]
    with torch.inference_mode():
        model(torch.zeros(1, 3, SIDE, SIDE))
    for hook in hooks:
        hook.remove()
    for name, size in found.items():
        model.set_submodule(name, _padded(model.get_submodule(name), size))
    return model


def _note_size(
    found: dict[str, tuple[int, int]], name: str, _: nn.Module, inputs: tuple[Tensor]
) -> None:
    height, width = inputs[0].shape[-2:]
    found[name] = height, width


def _padded(convolution: nn.Module, size: tuple[int, int]) -> nn.Module:
    """Wrap a convolution of maps (height, width) so that it is padded with zeros explicitly."""
    assert isinstance(convolution, nn.Conv2d)
    steps = zip(
        size, convolution.kernel_size, convolution.stride, convolution.dilation, strict=True
    )
    bottom, right = (get_same_padding(*step) for step in steps)
    top, left = bottom // 2, right // 2
    plain = nn.Conv2d(
        convolution.in_channels, convolution.out_channels, convolution.kernel_size,  # type: ignore[arg-type]
        stride=convolution.stride, dilation=convolution.dilation,  # type: ignore[arg-type]
        groups=convolution.groups, bias=convolution.bias is not None,
    )  # fmt: skip
    plain.load_state_dict(convolution.state_dict())
    return nn.Sequential(nn.ZeroPad2d((left, right - left, top, bottom - top)), plain).eval()


def export(weights: Path, out: Path) -> None:
    """Write the tower at ``out``: ``pixels`` to ``features``, ``probabilities``, ``middle``."""
    export_module(
        _PictureTower(with_fixed_padding(build_model(weights))),
        (torch.zeros((2, SIDE, SIDE, 3), dtype=torch.uint8),),
        out,
        inputs={"pixels": {0: "n"}},
        outputs={name: {0: "n"} for name in ("features", "probabilities", "middle")},
    )


def class_names() -> list[str]:
    """Return the 1,000 ImageNet classes in the order of the logits, one common name each."""
    info = ImageNetInfo()
    return [info.index_to_description(i).split(",")[0].strip() for i in range(1000)]


def export_names(out: Path) -> None:
    """Write the class names at ``out`` as a JSON list."""
    out.write_text(json.dumps(class_names()))
