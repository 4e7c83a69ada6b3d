"""Thumbnails inside of the page, as data: URIs."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from engine.common.markup import Html, element, markup


@dataclass(frozen=True, slots=True)
class ReportImage:
    """A thumbnail with what is said of it."""

    jpeg: bytes | None
    """None where the file cannot be shown."""
    title: str
    caption: str = ""
    kept: bool = False
    """Whether it stands out, as the one of its group that stays."""


def data_uri(content: bytes, media: str = "image/jpeg") -> str:
    """The bytes of a picture as an address that holds them."""
    return f"data:{media};base64,{base64.b64encode(content).decode('ascii')}"


def picture(one: ReportImage) -> Html:
    """A figure of one picture."""
    shown = (
        element("div", "no picture", class_="missing")
        if one.jpeg is None
        else Html(f'<img alt="{markup(one.title)}" src="{data_uri(one.jpeg)}">')
    )
    said = (element("b", one.title), Html("<br>") if one.caption else Html(""), one.caption)
    caption = element("figcaption", *said)
    return element("figure", shown, caption, class_="kept" if one.kept else None)


def gallery(pictures: Sequence[ReportImage]) -> Html:
    """Pictures side by side, as many in a line as there is room for."""
    return element("div", *map(picture, pictures), class_="pictures")


def group(title: str, pictures: Sequence[ReportImage]) -> Html:
    """Pictures that belong together, framed, with their title."""
    return element("div", element("h3", title), gallery(pictures), class_="group")
