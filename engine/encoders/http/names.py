"""Names of embedding servers: ``http:URL#MODEL``, ``http:URL#MODEL@256``, ``...@chat``."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from engine.errors import EncoderUnavailable

PREFIX = "http:"
URLS = ("http://", "https://")
DIALECTS = ("texts", "items", "chat", "strings", "cohere", "gemini")
_EXAMPLE = "http:http://localhost:8000/v1#MODEL"
_VENDORS = {
    "api.jina.ai": "items",
    "api.cohere.com": "cohere",
    "api.cohere.ai": "cohere",
    "generativelanguage.googleapis.com": "gemini",
    "api.openai.com": "texts",
}


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A model behind a server, and what of its vectors is wanted."""

    url: str
    model: str
    dim: int | None = None
    dialect: str | None = None
    """One of ``DIALECTS``; None where the server is to be asked."""

    @property
    def name(self) -> str:
        """The name that a library keeps. No key is ever part of it."""
        wanted = [str(self.dim)] if self.dim else []
        wanted += [self.dialect] if self.dialect and self.dialect != vendor(self.url) else []
        return f"{PREFIX}{self.url}#{self.model}" + (f"@{','.join(wanted)}" if wanted else "")

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc


def vendor(url: str) -> str | None:
    """Return the dialect of a vendor's own server; None of any other's."""
    return _VENDORS.get(urlsplit(url).hostname or "")


def is_one(name: str) -> bool:
    """Tell whether a name is of an embedding server."""
    return name.startswith((PREFIX, *URLS))


def parse(name: str) -> ServedModel:
    """Return the parts of a name.

    Raises:
        EncoderUnavailable: it has no URL or no model, or a URL that is not taken.
    """
    rest = name if name.startswith(URLS) else name.removeprefix(PREFIX)
    url, _, model = rest.partition("#")
    url = url.rstrip("/")
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if not url.startswith(URLS) or not host or not model:
        raise EncoderUnavailable(f"{_shown(name)} names no server and model, as {_EXAMPLE} does")
    if parts.query or "@" in parts.netloc:
        raise EncoderUnavailable(
            f"{_shown(name)}: the URL of an embedding server has no ? and no user in it, because"
            " a library keeps it; keys are read from the environment"
        )
    bare, _, wanted = model.rpartition("@")
    options = _options(wanted) if bare else None
    dim, dialect = options or (None, None)
    return ServedModel(url, bare if options else model, dim, dialect or vendor(url))


def _options(text: str) -> tuple[int | None, str | None] | None:
    """Return dimensions and dialect of what stands behind an ``@``; None of part of a name."""
    dim: int | None = None
    dialect: str | None = None
    for part in text.split(","):
        if part in DIALECTS:
            dialect = part
        elif part.isascii() and part.isdigit() and int(part) > 0:
            dim = int(part)
        else:
            return None
    return dim, dialect


def _shown(name: str) -> str:
    """Return a name without what may be a secret in it."""
    return (
        name.partition("?")[0].rpartition("@")[2]
        if "@" in name.partition("#")[0]
        else (name.partition("?")[0])
    )
