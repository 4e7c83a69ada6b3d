"""The generated page of the Python interface."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from importlib import import_module
from types import ModuleType

from engine.errors import SensoriumError

_HEAD = """\
# Python

Made by `make docs` out of `sensorium`; a test fails when it drifts. The site shows all arguments
and attributes.

`sensorium` is the public interface: what it exports keeps its meaning between minor versions.
`engine` and `indexers`, which it is made of, do not promise that.

```python
from sensorium import Library

with Library.open("photos.library", create=True) as library:
    library.index(["~/Pictures"], progress=True)
    for hit in library.search("a dog on a beach", kinds="image", top=20):
        print(hit.rank, hit.score, hit.path, hit.start, hit.why)
```

The [cookbook](cookbook.md) has more of it. [Settings](settings.md) and [errors](errors.md) have
pages of their own; an encoder of your own is in [encoders](encoders.md). Calls may come from many
threads. Results are plain values that pickle; those that show pictures ask the library for them.
"""
_GROUPS = {
    "The library": ("Library",),
    "What calls return": (
        "SearchResult", "Hit", "Why", "Span", "HitDetails", "Passage", "IndexReport", "Failure",
    ),
    "Asking": (
        "quoted", "Query", "QueryPart", "PartKind", "Kind", "Modality", "Fusion", "Group",
    ),
    "Long calls": ("Progress", "CancelToken"),
    "Settings": ("Settings",),
}  # fmt: skip
"""Public names in the order of the page; what is in no group and is no error comes last."""
_BESIDE = {
    "library.curate": ("engine.curate.service.Curation", "engine.curate.run.CurationRun"),
    "library.spaces": ("engine.library.spaces.LibrarySpaces",),
    "library.align": ("engine.align.service.Alignment",),
    "library.classify": ("engine.classify.classification.Classification",),
}
"""Values that are reached through a library and not imported."""


@dataclass(frozen=True)
class Entry:
    """One name of the page."""

    name: str
    path: str
    """The path by which the site finds its source."""
    value: object

    @property
    def first_line(self) -> str:
        """The first line of its docstring; of an alias of a type, the type."""
        documented = isinstance(self.value, type) or inspect.isfunction(self.value)
        text = inspect.getdoc(self.value) if documented else None
        return (text or f"`{self.value}`").partition("\n")[0].replace("``", "`")

    @property
    def options(self) -> str:
        """The members of an enum are shown without docstrings, too."""
        if isinstance(self.value, type) and issubclass(self.value, Enum):
            return "\n    options:\n      show_if_no_docstring: true"
        return ""


def api_page() -> str:
    """Return docs/api.md.

    The public package lies to the right of the command line: it is read here as what is
    documented, not used.
    """
    public, encoders = import_module("sensorium"), import_module("sensorium.encoders")
    return "\n".join((_HEAD, *_sections(public), *_encoder_section(encoders)))


def _sections(public: ModuleType) -> Iterator[str]:
    listed = {name for names in _GROUPS.values() for name in names}
    rest = tuple(
        name
        for name in public.__all__
        if not (name in listed or name.startswith("_") or _is_error(getattr(public, name)))
    )
    for title, names in {**_GROUPS, "And": rest}.items():
        entries = [Entry(name, f"sensorium.{name}", getattr(public, name)) for name in names]
        if title == "The library":
            entries += _beside()
        yield from _group(title, entries)


def _encoder_section(encoders: ModuleType) -> Iterator[str]:
    return _group(
        "sensorium.encoders",
        [
            Entry(name, f"sensorium.encoders.{name}", getattr(encoders, name))
            for name in encoders.__all__
        ],
    )


def _is_error(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, SensoriumError)


def _beside() -> list[Entry]:
    found = []
    for title, paths in _BESIDE.items():
        for path in paths:
            module, _, name = path.rpartition(".")
            value = getattr(import_module(module), name)
            found.append(Entry(f"{title}: {name}", path, value))
    return found


def _group(title: str, entries: Sequence[Entry]) -> Iterator[str]:
    """Yield a list of what there is, and a heading with the site's directive for each."""
    if not entries:
        return
    yield f"## {title}\n"
    yield "\n".join(f"- `{entry.name}`: {entry.first_line}" for entry in entries) + "\n"
    for entry in entries:
        yield f"### {entry.name}\n\n::: {entry.path}{entry.options}\n"
