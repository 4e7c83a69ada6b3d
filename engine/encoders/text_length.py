"""The begin of a long text that a tower looks at, so that its time and memory are bounded."""

from __future__ import annotations

MOST_CHARACTERS = 16_384
"""Characters that are cut into tokens: 256 tokens, of which none has more than some 16, end long
before. Cut as a whole, a text of 1 MB took 8 s and 1.6 GB, and anybody may send 64 MB."""
