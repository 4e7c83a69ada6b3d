"""The files of the page, and its document, which names all that a browser fetches at first.

A module is known to a browser once the one that imports it was read, so that a page of many
small ones waits for one after another. The document therefore names them all (``modulepreload``),
with the words of the page and its first answer. The style sheets of the rooms, which ``style.css``
imports, are sent as one for the same reason. Files have a version in their paths, by which a
browser keeps them: it asks again once any of them is another.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import PurePosixPath
from posixpath import join, normpath

_KINDS = {
    ".html": "text/html",
    ".svg": "image/svg+xml",
    ".css": "text/css",
    ".json": "application/json",
    ".js": "text/javascript",
}
"""Media types of the page's files by the ends of their names; nothing else there is served."""
_MAIN = "main.js"
_STYLE = "style.css"
_STYLE_IMPORT = re.compile(rb'^@import "\./([^"]+)";\n', re.MULTILINE)
_IMPORT = re.compile(r'^import (?:[^"]* from )?"(\.[^"]+)";', re.MULTILINE)
"""An import that is there before a module runs; one by ``import()`` waits until it is wanted."""
FIRST_FILES = "/api/assets?sort=date&skip=0&limit=100"
"""The question of a page that searches for nothing, as main.js writes it."""


@dataclass(frozen=True, slots=True)
class PageFile:
    """A file as it is sent."""

    content: bytes
    kind: str
    """The media type."""
    tag: str
    """The entity tag."""


@cache
def page_files() -> dict[str, PageFile]:
    """Return the files of the page by their paths in its folder."""
    found = dict(_files_below(files("engine.server").joinpath("page")))
    parts = {path: found.pop(path) for path in [*found] if path.endswith(".css")}
    style = _STYLE_IMPORT.sub(lambda part: parts[part[1].decode()].content, parts[_STYLE].content)
    return found | {_STYLE: _page_file(style, _KINDS[".css"])}


def _files_below(folder: Traversable, path: str = "") -> Iterator[tuple[str, PageFile]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _files_below(entry, f"{path}{entry.name}/")
        elif kind := _KINDS.get(PurePosixPath(entry.name).suffix):
            yield path + entry.name, _page_file(entry.read_bytes(), kind)


def _page_file(content: bytes, kind: str) -> PageFile:
    return PageFile(content, kind, f'"{hashlib.sha256(content).hexdigest()[:32]}"')


@cache
def version() -> str:
    """Return the version of the page, which is another whenever any of its files is."""
    whole = hashlib.sha256()
    for path, file in sorted(page_files().items()):
        whole.update(f"{path} {file.tag}\n".encode())
    return whole.hexdigest()[:12]


@cache
def first_modules() -> tuple[str, ...]:
    """Return the modules that run before the page is ready, each after those that import it."""
    found = [_MAIN]
    for path in found:
        text = page_files()[path].content.decode()
        for name in _IMPORT.findall(text):
            imported = normpath(join(str(PurePosixPath(path).parent), name))
            if imported not in found:
                found.append(imported)
    return tuple(found)


@cache
def document(language: str, searching: bool) -> PageFile:
    """Return the page's document.

    Args:
        language: of its words, which are fetched while its modules are.
        searching: whether its address asks for anything: else the newest files are fetched too.
    """
    text = page_files()["index.html"].content.decode()
    data = [f"/page/texts/{language}.json", *([] if searching else [FIRST_FILES])]
    early = [_link("preload", path, " as=fetch crossorigin") for path in data]
    early += [_link("modulepreload", f"/page/{path}") for path in first_modules()]
    text = text.replace("<link", "\n".join([*early, "<link"]), 1)
    return _page_file(text.replace('"/page/', f'"/page/{version()}/').encode(), "text/html")


def _link(relation: str, path: str, rest: str = "") -> str:
    return f'<link rel="{relation}" href="{escape(path)}"{rest}>'


def languages() -> frozenset[str]:
    """Return the languages that the page speaks, by their codes."""
    words = re.compile(r"texts/([a-z]{2})\.json")
    return frozenset(found[1] for path in page_files() if (found := words.fullmatch(path)))
