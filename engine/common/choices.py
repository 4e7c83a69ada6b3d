"""Names that options and settings choose from, without importing what they name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal, TypeAlias

DEVICES = ("auto", "cpu", "cuda")
"""Values of ``Settings.device``."""
BACKENDS = ("auto", "torch", "torch-bf16", "onnx", "onnx-int8")
"""Values of ``Settings.backend``."""
Vanished: TypeAlias = Literal["refuse", "keep", "forget"]
"""Ways to treat a folder most of whose files vanished: refuse, keep them as missing, or forget
all that is not there."""
OnFile: TypeAlias = Callable[[str, str], None]
"""A function that is called with the path of a file and what became of it: ``added``, ``moved
from /photos/a.jpg``, ``skipped: pdf``."""
KIND_WORDS = {
    "photo": "image", "photos": "image", "picture": "image", "pictures": "image", "pic": "image",
    "img": "image", "jpg": "image", "images": "image", "movie": "video", "film": "video",
    "clip": "video", "mp4": "video", "videos": "video", "sound": "audio", "music": "audio",
    "song": "audio", "mp3": "audio", "sounds": "audio",
}  # fmt: skip
"""Words that people have for kinds of files."""
RERANKERS = ("cross", "lm", "llm")
"""Names of the rerankers that a query may ask for, beside those that see."""
SEEING_RERANKER = "vl:"
"""The beginning of a name of a reranker that sees: ``vl:NAME``, a model's repository or folder."""
LATE_RERANKER = "late:"
"""The beginning of a name of a model of late interaction: ``late:NAME``, likewise."""
MEASURED_RERANKERS = (SEEING_RERANKER, LATE_RERANKER)
"""The beginnings of names of rerankers that a library measures before it uses them."""
_LONGEST = 40
"""Characters of a misspelt value that are compared."""


def closest_choice(text: str, known: Iterable[str]) -> str | None:
    """Return the known name that a misspelt or related one was probably meant to be."""
    import difflib  # which takes longer to import than the help of a command

    names = list(map(str, known))
    typed = text[:_LONGEST].strip().lower()
    meant = _RELATED.get(typed)
    if meant in names:
        return meant
    plural = typed.removesuffix("s")
    if plural in names:
        return plural
    return next(iter(difflib.get_close_matches(typed, names, n=1)), None)


def no_choice(what: str, value: object, known: Iterable[str]) -> str:
    """Return the line about a value that there is none of, with the one that may be meant."""
    names = list(map(str, known))
    near = closest_choice(value, names) if isinstance(value, str) else None
    meant = f"did you mean {near!r}? There" if near else "there"
    return f"there is no {what} called {value!r}; {meant} are {', '.join(names)}"


_RELATED = {
    **dict.fromkeys(("photo", "photos", "picture", "pictures", "pic", "images", "img"), "image"),
    **dict.fromkeys(("movie", "movies", "film", "clip", "clips", "videos", "vid"), "video"),
    **dict.fromkeys(("sound", "sounds", "music", "song", "songs", "recording"), "audio"),
    **dict.fromkeys(("file", "files"), "asset"),
    **dict.fromkeys(("time", "newest", "oldest", "recent", "newest first"), "date"),
    **dict.fromkeys(("relevance", "score", "best", "confidence"), "likely"),
    **dict.fromkeys(("name", "folder", "filename", "alphabetical"), "path"),
    **dict.fromkeys(("largest", "biggest", "smallest", "bytes"), "size"),
    **dict.fromkeys(("limit", "k", "n", "count", "top_k", "topk"), "top"),
    **dict.fromkeys(("filter", "filters", "query"), "where"),
    **dict.fromkeys(("negative", "without"), "exclude"),
    **dict.fromkeys(("type", "types", "kind"), "kinds"),
}
"""Words that people have for a value, beside its own name."""
