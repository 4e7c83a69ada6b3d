"""Read keys of servers from the environment, or from files that it names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from engine.common.user_path import expanded
from engine.errors import UsageError

_MOST_BYTES = 16_384


def secret(environ: Mapping[str, str], name: str) -> str:
    """Return the key that a variable holds, or the file that ``NAME_FILE`` names; empty for none.

    A file, as systems of containers and managers of passwords hand keys over, is seen by no list
    of processes. What stands in it is never repeated.

    Raises:
        UsageError: the file cannot be read, or is no text of one key.
    """
    if key := environ.get(name, "").strip():
        return key
    of = f"{name}_FILE"
    if not (path := environ.get(of, "").strip()):
        return ""
    try:
        with Path(expanded(path)).open("rb") as file:
            text = file.read(_MOST_BYTES + 1).decode()
    except OSError as error:
        raise UsageError(f"{of}: {path} cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        text = ""
    lines = text.split()
    if len(lines) != 1 or len(text) > _MOST_BYTES:
        raise UsageError(f"{of}: {path} is no file of one key")
    return lines[0]
