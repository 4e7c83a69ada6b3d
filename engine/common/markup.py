"""Markup as a type of its own, so that text from files is escaped once, where it is put in."""

from __future__ import annotations

import html
import re

_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Characters that HTML forbids, that reverse the order of letters, or that are no UTF-8."""


_VOID = frozenset({"br", "hr", "img", "input", "meta"})
"""Elements that have no end tag."""


class Html(str):
    """Markup that may stand in a page as it is; a plain ``str`` is text and is escaped."""

    __slots__ = ()


def markup(value: object) -> Html:
    """Return ``Html`` as it is, and the text of anything else escaped, also for attributes."""
    if isinstance(value, Html):
        return value
    seen = _UNSEEN.sub(lambda found: f"\\u{ord(found.group()):04x}", str(value))
    return Html(html.escape(seen, quote=True))


def join(parts: list[Html] | tuple[Html, ...], between: str = "\n") -> Html:
    """Join pieces of markup."""
    return Html(between.join(parts))


def element(name: str, /, *children: object, **attributes: object) -> Html:
    """Make ``<name ...>children</name>``; attributes that are None are left out.

    An underscore at the end of a name is dropped (``class_``), others become hyphens.
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{markup(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _VOID:
        return Html(f"<{name}{written}>")
    return Html(f"<{name}{written}>{''.join(map(markup, children))}</{name}>")
