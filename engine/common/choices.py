"""Names that options and settings choose from, without importing what they name."""

from __future__ import annotations

from typing import Literal, TypeAlias

DEVICES = ("auto", "cpu", "cuda")
"""Values of ``Settings.device``."""
BACKENDS = ("auto", "torch", "torch-bf16", "onnx", "onnx-int8")
"""Values of ``Settings.backend``."""
Vanished: TypeAlias = Literal["refuse", "keep", "forget"]
"""Ways to treat a folder most of whose files vanished: refuse, keep them as missing, or forget
all that is not there."""
RERANKERS = ("cross", "lm", "llm")
"""Names of the rerankers that a query may ask for."""
