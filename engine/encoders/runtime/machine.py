"""Properties of this machine that decide which backend is the fastest, and which is right."""

from __future__ import annotations

import hashlib
import platform
import re
from importlib.metadata import version
from pathlib import Path

_CPUINFO = Path("/proc/cpuinfo")
_EXACT = {"avx512_vnni", "avx_vnni", "amx_int8"}
"""Instructions that add up products of 8-bit integers in 32 bits."""
_BF16 = {"amx_bf16", "avx512_bf16"}
"""Instructions that multiply bfloat16 and add up in float32."""


def name(threads: int) -> str:
    """Return a short name of processor, threads and the versions of what runs on them."""
    parts = (
        platform.machine(),
        _line("model name") or platform.processor(),
        _line("flags"),
        threads,
        version("torch"),
        version("onnxruntime"),
    )
    return hashlib.blake2b(repr(parts).encode(), digest_size=6).hexdigest()


def exact_products() -> bool:
    """Tell whether sums of 8-bit products are exact.

    Older x86 processors add pairs of them in 16 bits, which overflows unless weights keep to 7;
    others, as ARM, do not.
    """
    if platform.machine().lower() not in {"x86_64", "amd64"}:
        return True
    return bool(_EXACT & set(_line("flags").split()))


def bf16_products() -> bool:
    """Tell whether the processor multiplies bfloat16 itself; all others only imitate it."""
    return bool(_BF16 & set(_line("flags").split()))


def _line(key: str) -> str:
    """Return a value from the kernel's page on the processor; empty where there is none."""
    try:
        found = re.search(rf"^{key}\s*:\s*(.*)$", _CPUINFO.read_text(), re.MULTILINE)
    except OSError:
        return ""
    return found[1] if found else ""
