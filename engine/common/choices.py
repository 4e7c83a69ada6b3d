"""Names that options and settings choose from, without importing what they name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

DEVICES = ("auto", "cpu", "cuda")
"""Values of ``Settings.device``."""
BACKENDS = ("auto", "torch", "torch-bf16", "onnx", "onnx-int8")
"""Values of ``Settings.backend``."""
Vanished: TypeAlias = Literal["refuse", "keep", "forget"]
"""Ways to treat a folder most of whose files vanished: refuse, keep them as missing, or forget
all that is not there."""
OnFile: TypeAlias = Callable[[str, str], None]
"""A function that is called with the path of a file and what became of it: ``added``, ``moved
from /photos/a.jpg``, ``skipped: pdf``."""
RERANKERS = ("cross", "lm", "llm")
"""Names of the rerankers that a query may ask for."""
