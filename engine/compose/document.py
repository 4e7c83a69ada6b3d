"""A page of HTML that holds all that it shows, opens without a network, and prints well."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from engine.assistant.evidence import EvidencePassage
from engine.common.markup import Html, element, join, markup
from engine.common.text import clock, time_span
from engine.types import Kind, Modality

_STYLE = "\n" + (Path(__file__).parent / "compose.css").read_text(encoding="utf-8")
_JUMP = """
addEventListener("click", event => {
  const link = event.target.closest("a[data-at]"), film = document.querySelector("#film");
  if (!link || !film || film.error) return;
  event.preventDefault();
  film.currentTime = Number(link.dataset.at);
  film.play().catch(() => {});
  film.scrollIntoView({block: "nearest"});
});
"""
"""The one script that a page may have, named in its policy by its hash: times move the film."""


def _policy(script: str, film: bool) -> str:
    """Return the policy by which nothing else is fetched or run, whatever a text smuggles in."""
    media = "media-src data: 'self' file:" if film else "media-src data:"
    run = f"; script-src '{_hash(script)}'" if script else ""
    return (
        f"default-src 'none'; img-src data:; {media}; style-src 'unsafe-inline'{run};"
        " base-uri 'none'; form-action 'none'"
    )


def _hash(script: str) -> str:
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    return f"sha256-{digest}"


def document(title: str, body: Sequence[Html], *, film: bool = False, styles: str = "") -> str:
    """Make a whole document.

    Args:
        film: whether there is a player, ``#film``, of a file beside the page.
        styles: further rules of style.
    """
    script = _JUMP if film else ""
    tail = f"<script>{script}</script>\n" if script else ""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_policy(script, film)}">\n'
        '<meta name="generator" content="Sensorium">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{markup(title)}</title>\n<style>{_STYLE}{styles}</style>\n</head>\n"
        f"<body>\n{join(tuple(body))}\n{tail}</body>\n</html>\n"
    )


def quote(text: str) -> Html:
    """Quote a text of a file, in the direction that its letters have."""
    return element("q", text, dir="auto")


def section(name: str, title: str, *children: object, note: str = "") -> Html:
    """Make a section with its heading; ``name`` is its place in the address of the page."""
    about = element("p", note, class_="note") if note else Html("")
    return element("section", element("h2", title), about, *children, id=name)


def contents(sections: Iterable[tuple[str, str]]) -> Html:
    """List the sections of a page, as links to them."""
    links = [element("a", title, href=f"#{name}") for name, title in sections]
    return element("nav", *links, aria_label="Contents") if len(links) > 1 else Html("")


def percent(confidence: float) -> str:
    """Return a likelihood, of which nothing is certain."""
    return f"{min(confidence, 0.99):.0%}"


def name_of(path: str) -> str:
    """Return the name of a file, whose bytes need not be UTF-8."""
    return PurePath(path).name.encode("utf-8", "replace").decode()


def when(passage: EvidencePassage) -> str:
    """Return the time of a moment, empty where it has none."""
    if passage.kind is Kind.IMAGE or passage.start is None:
        return ""
    return clock(passage.start)


@dataclass
class Citations:
    """The moments that a page cites, numbered in the order in which they are first cited."""

    passages: list[EvidencePassage] = field(default_factory=list)
    _numbers: dict[tuple[int, int], int] = field(default_factory=dict)

    def number(self, passage: EvidencePassage) -> int:
        """Return the number of a moment, from 1."""
        key = passage.asset_id, passage.moment_id
        if key not in self._numbers:
            self.passages.append(passage)
            self._numbers[key] = len(self.passages)
        return self._numbers[key]

    def cite(self, *passages: EvidencePassage) -> Html:
        """Return marks that lead to moments, such as [1][2]."""
        marks = []
        for number, passage in {self.number(each): each for each in passages}.items():
            place = f"{name_of(passage.path)} {when(passage)}".strip()
            marks.append(
                element(
                    "a", str(number), href=f"#moment-{number}", class_="cite", title=place,
                    data_asset=passage.asset_id, data_moment=passage.moment_id,
                )
            )  # fmt: skip
        return element("span", *marks, class_="cites")

    def claim(self, tag: str, *children: object, by: Sequence[EvidencePassage]) -> Html:
        """Make an element that claims something, with the marks of the moments that bear it."""
        if not by:
            raise ValueError("a claim without a moment")
        return element(tag, *children, " ", self.cite(*by), class_="claim")

    def listed(self, *, of_one_file: bool = False) -> Html:
        """List the moments by their numbers: file, time and folder.

        Args:
            of_one_file: whether all are of one file, which then goes without saying.
        """
        rows = [
            element(
                "li",
                *(_in_file(each) if of_one_file else _with_file(each)),
                id=f"moment-{number}",
                data_asset=each.asset_id,
                data_moment=each.moment_id,
            )
            for number, each in enumerate(self.passages, 1)
        ]
        return element("ol", *rows, class_="moments columns" if of_one_file else "moments")


_PERCEIVED = {
    Modality.IMAGE: "seen", Modality.KEYFRAME: "seen", Modality.SOUND: "heard",
    Modality.SPEECH: "said", Modality.SCREEN: "to be read",
}  # fmt: skip


def _in_file(passage: EvidencePassage) -> tuple[object, ...]:
    times = time_span(passage.start, passage.end).replace("-", "\u2013")
    return element("span", times, class_="t"), f" {_PERCEIVED[passage.modality]}"


def _with_file(passage: EvidencePassage) -> tuple[object, ...]:
    at = f" at {when(passage)}" if when(passage) else ""
    folder = str(PurePath(passage.path).parent).encode("utf-8", "replace").decode()
    name = element("b", name_of(passage.path), dir="auto")
    return name, at, element("span", folder, class_="path", dir="auto")
