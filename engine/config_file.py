"""The file of settings, in TOML: where it is, what it says, and in which line.

    library = "~/Pictures/photos.library"
    threads = 4

    [search]        # what options of `sensorium search` are when they are not given
    top = 20
    kind = ["image", "video"]

Keys at its top are the fields of ``Settings``; a table has the options of the command that it
is called after. Those the command line alone can check, and uses.
"""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from platformdirs import user_config_path

from engine.common.file_state import os_reason
from engine.config import Settings, check_value, expected_type
from engine.errors import UsageError

VARIABLE = "SENSORIUM_CONFIG"
"""The environment variable that names another file; /dev/null is none."""
_TYPES: Mapping[str, tuple[type, ...]] = {
    "bool": (bool,), "int": (int,), "float": (int, float), "str": (str,), "path": (),
}  # fmt: skip
"""Types of TOML that the value of a field may have, by the field's type."""
_AT = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


@dataclass(frozen=True)
class ConfigFile:
    """A file of settings as it was read; one that is not there is empty."""

    path: Path
    text: str = ""
    settings: Mapping[str, object] = field(default_factory=dict)
    """Values of fields of ``Settings``, each of its field's type and within its range."""
    tables: Mapping[str, Any] = field(default_factory=dict)
    """Tables by name: options of commands, not checked yet."""

    @cached_property
    def lines(self) -> dict[str, int]:
        """The line of each key, counted from 1; keys of tables have dots."""
        return {key: part.first for part in statements(self.text) for key in part.keys}

    def place(self, key: str) -> str:
        """Return where a key stands, for messages: the file and the line."""
        line = self.lines.get(key)
        return str(self.path) if line is None else f"{self.path}:{line}"


@dataclass(frozen=True, slots=True)
class Statement:
    """A line of TOML that sets something or opens a table; its value may go on in more lines."""

    table: str
    """The table that it is in, or opens; empty at the top."""
    keys: tuple[str, ...]
    """Keys that it sets, with the table's name before them; none where it opens a table."""
    first: int
    last: int


def config_path(environ: Mapping[str, str] | None = None) -> Path:
    """Return the file of settings, whether or not it is there."""
    named = (os.environ if environ is None else environ).get(VARIABLE)
    if not named:
        return user_config_path("sensorium") / "config.toml"
    try:
        return Path(named).expanduser()
    except RuntimeError:
        raise UsageError(f"{VARIABLE}={named}: there is no such home folder") from None


def read_config(environ: Mapping[str, str] | None = None) -> ConfigFile:
    """Read and check the file of settings.

    Raises:
        UsageError: it is no TOML, sets what there is not, or to a value that cannot be; or
            ``SENSORIUM_CONFIG`` names a file that is not there.
    """
    environ = os.environ if environ is None else environ
    path = config_path(environ)
    if not path.exists() and environ.get(VARIABLE):
        raise UsageError(
            f"{VARIABLE}={path}: there is no such file; make it with `sensorium config edit`,"
            f" or unset {VARIABLE}"
        )
    return parse_config(path, read_text(path))


def read_text(path: Path) -> str:
    """Return the text of the file; none where it is not there.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise UsageError(f"{path}:{line}: this is no UTF-8; write the file anew as text") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {os_reason(error)}") from error


def parse_config(path: Path, text: str) -> ConfigFile:
    """Return what the text of a file of settings says.

    Raises:
        UsageError: as ``read_config``.
    """
    if not text.strip():
        return ConfigFile(path)
    import tomllib  # a few milliseconds, which searches without a file need not spend

    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(_broken(path, text, str(error))) from None
    tables = {name: value for name, value in document.items() if isinstance(value, dict)}
    plain = {name: value for name, value in document.items() if name not in tables}
    read = ConfigFile(path, text, tables=tables)
    checked = {name.replace("-", "_"): _checked(read, name, value) for name, value in plain.items()}
    return dataclasses.replace(read, settings=checked)


def _broken(path: Path, text: str, message: str) -> str:
    at = _AT.search(message)
    line = int(at[1]) if at and at[1] else text.rstrip("\n").count("\n") + 1
    wrong = message[: at.start()] if at else message
    return (
        f"{path}:{line}: {wrong[:1].lower()}{wrong[1:]}; a line is such as threads = 4 or"
        ' library = "/photos.library"'
    )


def _checked(read: ConfigFile, name: str, value: object) -> object:
    """Return the value of a setting as the type of its field."""
    key, place = name.replace("-", "_"), read.place(name)
    default = Settings()
    if key not in field_names():
        raise UsageError(f"{place}: {unknown_key(name, field_names())}")
    kind = expected_type(getattr(default, key))
    shown = f"{place}: {name} = {value!r}"
    if kind == "path" and isinstance(value, str):
        return _path(read.path, value, place)
    if type(value) not in _TYPES[kind]:
        hint = " in quotes" if kind in ("str", "path") else ""
        raise UsageError(f"{shown} is not a valid {kind}{hint}, such as {_example(key)}")
    value = float(value) if kind == "float" and isinstance(value, int | float) else value
    check_value(key, value, shown)
    return value


def _path(file: Path, value: str, place: str) -> Path:
    """Return a path of the file; one that is not absolute is beside the file."""
    try:
        return file.absolute().parent / Path(value).expanduser()
    except RuntimeError:
        raise UsageError(f"{place}: {value}: there is no such home folder") from None


def _example(key: str) -> str:
    default = getattr(Settings(), key)
    shown = str(default).lower() if isinstance(default, bool | int | float) else f'"{default}"'
    return f"{key} = {shown}" if default is not None else f'{key} = "/a/path"'


def field_names() -> tuple[str, ...]:
    """Return the names of all settings."""
    return tuple(spec.name for spec in dataclasses.fields(Settings))


def unknown_key(key: str, known: tuple[str, ...]) -> str:
    """Return what to say of a key that there is not, with the nearest of those that are."""
    from difflib import get_close_matches

    near = get_close_matches(key.replace("-", "_"), known, n=1, cutoff=0.5)
    way = f"did you mean {near[0]}?" if near else "`sensorium config list` has all of them"
    return f"there is no setting {key!r}; {way}"


def statements(text: str) -> Iterator[Statement]:
    """Yield the statements of a document that can be parsed, in order.

    A statement ends where its lines can be parsed by themselves, which `tomllib` decides.
    """
    import tomllib

    table, block, first = "", "", 1
    for number, line in enumerate(text.split("\n"), 1):
        block += line + "\n"
        try:
            found = tomllib.loads(block)
        except tomllib.TOMLDecodeError:
            continue  # the value goes on in the next line
        if found and block.lstrip().startswith("["):
            table = ".".join(_table_name(found))
            yield Statement(table, (), first, number)
        elif found:
            keys = _leaves(found, f"{table}." if table else "")
            yield Statement(table, tuple(keys), first, number)
        block, first = "", number + 1


def _table_name(found: object) -> Iterator[str]:
    while found:
        if isinstance(found, list):  # [[name]], which no setting is
            found = found[0]
        elif isinstance(found, dict):
            name, found = next(iter(found.items()))
            yield name


def _leaves(found: Mapping[str, object], before: str) -> Iterator[str]:
    for name, value in found.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{before}{name}.")
        else:
            yield f"{before}{name}"


@dataclass(frozen=True, slots=True)
class SettingSource:
    """A setting as it stands, and where it comes from."""

    key: str
    value: object
    source: str
    """``default``, a file and a line of it, or ``environment SENSORIUM_...``."""


def setting_sources(read: ConfigFile, environ: Mapping[str, str]) -> Iterator[SettingSource]:
    """Yield every setting with its source.

    Raises:
        UsageError: a variable of the environment cannot be read.
    """
    settings = Settings.load(environ, read)
    for key in field_names():
        variable = f"SENSORIUM_{key.upper()}"
        source = "default"
        if environ.get(variable):
            source = f"environment {variable}"
        elif key in read.settings:
            source = read.place(key if key in read.lines else key.replace("_", "-"))
        yield SettingSource(key, getattr(settings, key), source)
