"""The generated pages of settings and of errors."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from engine import config, errors
from engine.config import Settings
from engine.errors import SensoriumError

_SETTINGS_HEAD = """\
# Settings

Made by `make docs` out of `engine/config.py`; a test fails when it drifts.

A setting is what an option says; if none is given, what its variable of the environment says; then
what the file of settings says; then its default. `sensorium config list` shows all of them as they
are, and where each comes from: `default`, a line of the file, `environment` or `option`.

```console
$ sensorium config set library ~/Pictures/photos.library
$ sensorium config set search.top 20          # what --top of `search` is when it is not given
$ sensorium config get search.top
$ sensorium config list search                # all that can be set of a command
$ sensorium config unset search.top
$ sensorium config edit                       # in your editor
$ sensorium config path
```

The file is TOML, `sensorium/config.toml` in your folder of settings (`~/.config` on Linux), or what
`SENSORIUM_CONFIG` names; `SENSORIUM_CONFIG=/dev/null` is none, for scripts that should not depend
on it. Comments in it stay when it is changed by a command. Settings are named as the variables
below, in small letters without `SENSORIUM_`; tables have the defaults of a command's options, as
`--help` calls them. A path that is not absolute is beside the file.

```toml
library = "~/Pictures/photos.library"
threads = 4

[search]
top = 20
kind = ["image", "video"]

[curate.duplicates]
threshold = 0.9
```

Every setting is an environment variable, such as `SENSORIUM_THREADS=4`, and so is every default
of an option: `SENSORIUM_SEARCH_TOP=20`, and where an option may be repeated, words as a shell has
them: `SENSORIUM_SEARCH_KIND="image video"`. 1 and `true` switch on, 0 and `false` off. A value
that cannot be read, or is out of its range, and a name that there is not, are errors of one line,
which names the line of the file and the nearest name.

In Python, settings are fields of `sensorium.Settings`, which `Library.open(..., settings=...)`
takes; without, it is `Settings.load()`, which reads the file and the environment as the command
line does. Defaults of commands' options are the command line's alone: a call in Python does what
it says.

## All of them

| variable | default | from | to | what it is |
|---|---|---|---|---|
"""
_ERRORS_HEAD = """\
# Errors

Made by `make docs` out of `engine/errors.py`; a test fails when it drifts.

Every error that Sensorium raises on purpose is a `sensorium.SensoriumError`. Its message is one
line that names the thing and the way out; the command line prints it to stderr and ends with
the exit code. Programs read `error.code`, which stays the same between versions, and
`error.retryable`, which says whether the same call may well succeed later. An error is caught
by its own name, or by that of any error which it is a kind of.

| error | is a | code | exit code | trying again helps | when |
|---|---|---|---|---|---|
"""
_BY_MACHINE = {
    "library": "`sensorium/library` in your data folder",
    "cache": "`sensorium` in your cache folder",
    "threads": "the cores that the process may use",
}
"""Defaults that differ between machines, in words."""
_RANGE_BY_MACHINE = {"threads": ("1", "8 a core, at least 64")}


def settings_page() -> str:
    """Return docs/settings.md."""
    return _SETTINGS_HEAD + "\n".join(_settings_rows()) + "\n"


def errors_page() -> str:
    """Return docs/errors.md."""
    return _ERRORS_HEAD + "\n".join(_error_rows(SensoriumError)) + "\n"


def _settings_rows() -> Iterator[str]:
    described = _field_docstrings()
    default = Settings()
    for spec in dataclasses.fields(Settings):
        shown = _BY_MACHINE.get(spec.name) or _value(getattr(default, spec.name))
        least, most = _range(spec.name)
        name = f"`SENSORIUM_{spec.name.upper()}`"
        yield f"| {name} | {shown} | {least} | {most} | {_line(described[spec.name])} |"


def _range(name: str) -> tuple[str, str]:
    if name in _RANGE_BY_MACHINE:
        return _RANGE_BY_MACHINE[name]
    least, most = config._RANGES.get(name, ("", ""))
    return _value(least), _value(most)


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, int):
        return f"{value:,}"
    return "" if value is None else str(value)


def _field_docstrings() -> dict[str, str]:
    """Return the docstring below each field of ``Settings``."""
    tree = ast.parse(Path(config.__file__).read_text())
    body = next(
        node.body
        for node in tree.body
        if isinstance(node, ast.ClassDef) and node.name == "Settings"
    )
    found = {}
    for before, after in pairwise(body):
        if isinstance(before, ast.AnnAssign) and isinstance(after, ast.Expr):
            assert isinstance(before.target, ast.Name) and isinstance(after.value, ast.Constant)
            found[before.target.id] = str(after.value.value)
    return found


def _error_rows(error: type[SensoriumError]) -> Iterator[str]:
    base = error.__base__.__name__ if error.__base__ else ""
    first = (error.__doc__ or "").partition("\n")[0].strip()
    again = "yes" if error.retryable else ""
    cells = (
        f"`{error.__name__}`", f"`{base}`", f"`{error.code}`", error.exit_code, again, _line(first)
    )  # fmt: skip
    yield "| " + " | ".join(map(str, cells)) + " |"
    for child in error.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from _error_rows(child)


def _line(text: str) -> str:
    """Return a docstring as one cell of a table."""
    return " ".join(text.split()).replace("``", "`").replace("|", "\\|")
