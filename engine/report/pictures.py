"""Thumbnails inside of the page, as data: URIs."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from engine.common.markup import Html, element, markup


@dataclass(frozen=True, slots=True)
class ReportImage:
    """A thumbnail with its title and caption."""

    jpeg: bytes | None
    """None where the file cannot be shown."""
    title: str
    caption: str = ""
    kept: bool = False
    """True if it stands out, as the file of a group that stays."""


def data_uri(content: bytes, media: str = "image/jpeg") -> str:
    """Return a data: URI that holds the bytes of a picture."""
    return f"data:{media};base64,{base64.b64encode(content).decode('ascii')}"


def picture(image: ReportImage) -> Html:
    """Make a figure of a picture."""
    shown = (
        element("div", "no picture", class_="missing")
        if image.jpeg is None
        else Html(f'<img alt="{markup(image.title)}" src="{data_uri(image.jpeg)}">')
    )
    text = (element("b", image.title), Html("<br>") if image.caption else Html(""), image.caption)
    caption = element("figcaption", *text)
    return element("figure", shown, caption, class_="kept" if image.kept else None)


def gallery(pictures: Sequence[ReportImage]) -> Html:
    """Put pictures side by side, as many in a line as there is room for."""
    return element("div", *map(picture, pictures), class_="pictures")


def group(title: str, pictures: Sequence[ReportImage]) -> Html:
    """Frame pictures that belong together, with their title."""
    return element("div", element("h3", title), gallery(pictures), class_="group")
