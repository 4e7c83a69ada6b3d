"""One page of HTML that holds all that it shows, and opens without a network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from engine.common.markup import Html, element, join, markup
from engine.report.style import STYLE

_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
"""Policy by which nothing is fetched or run, whatever a file's name tries to smuggle in."""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page, with its place in the list of contents."""

    title: str
    body: Html
    note: str = ""
    """A line under the title."""


def page(title: str, sections: Sequence[Section], note: str = "") -> str:
    """Make a whole document; ``note`` is a line under its title."""
    contents = [
        element("a", section.title, href=f"#part-{number}")
        for number, section in enumerate(sections)
    ]
    body = join(
        [
            element("header", element("h1", title), element("p", note) if note else Html("")),
            element("nav", join(contents, " ")) if len(contents) > 1 else Html(""),
            element("main", *(_section(number, each) for number, each in enumerate(sections))),
        ]
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        f"<title>{markup(title)}</title>\n<style>{STYLE}</style>\n</head>\n"
        f"<body>\n{body}\n</body>\n</html>\n"
    )


def _section(number: int, section: Section) -> Html:
    note = element("p", section.note, class_="note") if section.note else Html("")
    return element("section", element("h2", section.title), note, section.body, id=f"part-{number}")


def paragraph(text: object) -> Html:
    """Make a paragraph of text."""
    return element("p", text)


def facts(known: Mapping[str, object]) -> Html:
    """Make a list of large figures, each with its name."""
    pairs = [
        element("div", element("dt", name), element("dd", value)) for name, value in known.items()
    ]
    return element("dl", *pairs)


def table(header: Sequence[object], rows: Iterable[Sequence[object]]) -> Html:
    """Make a table; numbers stand at the right, floats with three decimals."""
    head = element("tr", *(element("th", cell, scope="col") for cell in header))
    body = [element("tr", *map(_cell, row)) for row in rows]
    whole = element("table", element("thead", head), element("tbody", *body))
    return element("div", whole, class_="wide")


def _cell(value: object) -> Html:
    if isinstance(value, float):
        return element("td", f"{value:.3f}", class_="number")
    return element("td", value, class_="number" if isinstance(value, int) else None)


def folded(summary: str, body: Html) -> Html:
    """Make a part that is folded until a reader opens it."""
    return element("details", element("summary", summary), body)
