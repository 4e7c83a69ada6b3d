"""Text and markup kept apart: what comes from files is escaped, once, where it is put in."""

from __future__ import annotations

import html
import re

_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""What HTML forbids, what turns the order of letters around, and bytes that are no UTF-8."""


class Html(str):
    """Markup that may stand in a page as it is; a plain ``str`` is text and is escaped."""

    __slots__ = ()


def markup(value: object) -> Html:
    """``Html`` as it is; of anything else its text, escaped, also for attributes."""
    if isinstance(value, Html):
        return value
    seen = _UNSEEN.sub(lambda one: f"\\u{ord(one.group()):04x}", str(value))
    return Html(html.escape(seen, quote=True))


def join(parts: list[Html] | tuple[Html, ...], between: str = "\n") -> Html:
    """Pieces of markup one after the other."""
    return Html(between.join(parts))


def element(name: str, *children: object, **attributes: object) -> Html:
    """``<name ...>children</name>``; attributes that are None are left out.

    An underscore at the end of a name is dropped (``class_``), others become hyphens.
    """
    told = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{markup(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Html(f"<{name}{told}>{''.join(map(markup, children))}</{name}>")
