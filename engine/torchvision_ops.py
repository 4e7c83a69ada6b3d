"""Make ``import torchvision`` work beside a CPU-only PyTorch.

torchvision's wheels on the package index are CUDA builds. Beside a CPU-only PyTorch their
C++ operators fail to load, and importing the package then fails with "operator
torchvision::nms does not exist", because it registers shape functions for
operators that nobody declared. timm and open_clip import torchvision for its
transforms and need none of those operators, so it is enough to declare them.

A build that fits a CPU-only PyTorch declares them itself, and two declarations would
be an error; so its library is tried first.
"""

from __future__ import annotations

from importlib.machinery import EXTENSION_SUFFIXES, ExtensionFileLoader, FileFinder
from importlib.util import find_spec
from pathlib import Path

from engine.common.optional_package import without_looking_for_garbage

_libraries: list[object] = []
"""A declaration lives as long as its Library object."""


def declare_missing_operators() -> None:
    """Declare torchvision's operator schemas, unless its own library can.

    Call it before anything imports torchvision; calling it twice is harmless.
    """
    with without_looking_for_garbage():
        import torch

    if _libraries or torch.version.cuda is not None or _own_library_loads():
        return
    library = torch.library.Library("torchvision", "DEF")  # type: ignore[no-untyped-call]
    for name in ("nms", "qnms"):
        schema = f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
        library.define(schema)  # type: ignore[no-untyped-call]
    _libraries.append(library)


def _own_library_loads() -> bool:
    """Load torchvision's compiled operators, and return whether that worked."""
    import torch

    package = find_spec("torchvision")
    if package is None or package.origin is None:
        return False
    finder = FileFinder(str(Path(package.origin).parent), (ExtensionFileLoader, EXTENSION_SUFFIXES))
    compiled = finder.find_spec("_C")
    if compiled is None or compiled.origin is None:
        return False
    try:
        torch.ops.load_library(compiled.origin)  # type: ignore[no-untyped-call]
    except (ImportError, OSError):
        return False
    return True
