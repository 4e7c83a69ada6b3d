"""How many examples a test of drawn inputs takes."""

from __future__ import annotations

import hypothesis

_AGAIN = 5


def examples(most: int) -> int:
    """Return a fifth of them where the same are drawn in each run, which find nothing new after
    the first: `make explore` draws others, and all."""
    return max(most // _AGAIN, 1) if hypothesis.settings.default.derandomize else most
