"""The page of every route of `sensorium serve`, out of what the server says of itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_HEAD = """\
# Routes of the server

Made by `make docs` out of the description that the server has at /api/openapi.json, where the
bodies and the answers are, too; a test fails when it drifts. [The server](server.md) has examples.

Any route may also answer {common}, as one JSON object that says what is wrong.
"""
_ALWAYS = frozenset({"200", "201", "202"})


def routes_page() -> str:
    """Return docs/routes.md."""
    from engine.server.app import api_description
    from engine.server.routes.documented import COMMON

    found: dict[str, list[str]] = {}
    common = {str(status) for status in COMMON}
    for path, methods in api_description()["paths"].items():
        for method, route in methods.items():
            # A HEAD is described by its GET.
            if method != "head":
                group = (route.get("tags") or ["other"])[0]
                found.setdefault(group, []).append(_row(method, path, route, common))
    parts = [_HEAD.format(common=", ".join(sorted(common)))]
    for group, rows in found.items():
        parts += [f"## {group.capitalize()}\n", "| route | what it does | also answers |"]
        parts += ["|---|---|---|", *rows, ""]
    return "\n".join(parts)


def _row(method: str, path: str, route: Mapping[str, Any], common: set[str]) -> str:
    lines = str(route.get("description") or route.get("summary", "")).splitlines()
    says = lines[0].replace("``", "`") if lines else ""
    own = ", ".join(_own(route, common))
    return f"| `{method.upper()} {path}` | {says} | {own} |"


def _own(route: Mapping[str, Any], common: set[str]) -> Iterator[str]:
    return (status for status in sorted(route["responses"]) if status not in common | _ALWAYS)
