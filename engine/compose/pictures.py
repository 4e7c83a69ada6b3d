"""Pictures and clips of moments, as they stand in a page: data URIs."""

from __future__ import annotations

import tempfile
from pathlib import Path

from engine.assistant.evidence import EvidencePassage
from engine.common.markup import Html, element
from engine.compose.context import ComposeContext
from engine.compose.document import name_of
from engine.errors import InvalidQuery, MediaError
from engine.media.clip_types import CLIP_TYPES
from engine.report.pictures import data_uri
from engine.types import Kind

SIDE = 720
"""Pixels of the longest side of a picture in a page."""
_LONGEST = 12.0
"""Seconds of a clip in a page."""
_SHORTEST = 2.0
_ROOM = 3 * 2**20
"""Bytes of a clip in a page."""


def still(context: ComposeContext, passage: EvidencePassage, *, side: int = SIDE) -> Html:
    """Show a moment as a picture."""
    name = name_of(passage.path)
    try:
        jpeg = context.thumbnail(passage.moment_id, side)
    except (MediaError, KeyError):
        return element("div", "no picture", class_="missing")
    return element("img", alt=name, src=data_uri(jpeg), loading="lazy")


def clip(context: ComposeContext, passage: EvidencePassage, start: float, end: float) -> Html:
    """Show a part of a video or a sound with a player; a picture where it cannot be cut.

    Args:
        start, end: seconds; no more than 12 of them are cut.
    """
    picture = still(context, passage)
    content = _cut(context, passage, start, end)
    if content is None:
        return picture
    uri, kind = content
    if passage.kind is Kind.VIDEO:
        poster = _poster(context, passage)
        return element("video", controls="", preload="metadata", src=uri, poster=poster)
    return Html(picture + element("audio", controls="", preload="metadata", src=uri, type=kind))


def _poster(context: ComposeContext, passage: EvidencePassage) -> str | None:
    try:
        return data_uri(context.thumbnail(passage.moment_id, SIDE))
    except (MediaError, KeyError):
        return None


def _cut(
    context: ComposeContext, passage: EvidencePassage, start: float, end: float
) -> tuple[str, str] | None:
    last = min(max(end, start + _SHORTEST), start + _LONGEST)
    with tempfile.TemporaryDirectory(prefix="sensorium-clip-") as folder:
        try:
            made = context.browse.clip(passage.asset_id, start, last, folder, cancel=context.cancel)
        except (MediaError, InvalidQuery, KeyError):
            return None
        kind = CLIP_TYPES.get(made.suffix)
        if kind is None or Path(made).stat().st_size > _ROOM:
            return None
        return data_uri(made.read_bytes(), kind), kind
