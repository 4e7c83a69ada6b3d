"""A query's text as an expression of the full text index."""

from __future__ import annotations

from engine.store import match_any

_STOP_WORDS = frozenset(
    """a an and are as at be by for from has have in is it its of on or that the their this to
    was were will with""".split()  # noqa: SIM905
)


def word_match(text: str) -> str | None:
    """The expression for a text, less the words that carry no meaning.

    A text of nothing but such words is searched for as it is; None, where there is
    no word at all.
    """
    kept = [w for w in text.split() if w.lower().strip(".,;:!?") not in _STOP_WORDS]
    return match_any(" ".join(kept) or text)
