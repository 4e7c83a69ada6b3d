"""Names that options and settings choose from, without importing what they name."""

from __future__ import annotations

DEVICES = ("auto", "cpu", "cuda")
"""Values of ``Settings.device``."""
BACKENDS = ("auto", "torch", "torch-bf16", "onnx", "onnx-int8")
"""Values of ``Settings.backend``."""
RERANKERS = ("lm", "llm")
"""Names of the rerankers that a query may ask for."""
