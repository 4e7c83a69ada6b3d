"""Make ``import torchvision`` work beside a CPU-only PyTorch.

torchvision's wheels are CUDA builds. Beside a CPU-only PyTorch their C++
operators fail to load, and importing the package then fails with "operator
torchvision::nms does not exist", because it registers shape functions for
operators that nobody declared. timm and open_clip import torchvision for its
transforms and need none of those operators, so it is enough to declare them.
"""

from __future__ import annotations

_libraries: list[object] = []
"""A declaration lives as long as its Library object."""


def declare_missing_operators() -> None:
    """Declare torchvision's operator schemas, unless its own library can.

    Call it before anything imports torchvision; calling it twice is harmless.
    """
    import torch

    if _libraries or torch.version.cuda is not None:
        return
    library = torch.library.Library("torchvision", "DEF")  # type: ignore[no-untyped-call]
    for name in ("nms", "qnms"):
        schema = f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
        library.define(schema)  # type: ignore[no-untyped-call]
    _libraries.append(library)
