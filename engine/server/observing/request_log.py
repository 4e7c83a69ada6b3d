"""Logs of a server: a line for each request, as JSON or for people.

A line has the pattern of the route and never the path or the query, for these have what is
searched; and the begin of a token's hash in the place of the token.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TextIO

from engine.common.text import printable
from engine.server.options import LogFormat

_FACTS = "request"
"""The attribute of a log record that has the facts of a request."""
_requests = logging.getLogger("engine.server.requests")


def log_request(facts: Mapping[str, Any]) -> None:
    """Log a request that was answered."""
    if _requests.isEnabledFor(logging.INFO):
        _requests.info("request", extra={_FACTS: facts})


def configure_logs(form: LogFormat, stream: TextIO | None = None) -> None:
    """Write what the server logs to a stream, standard error by default."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_Json() if form == "json" else _Text())
    for name in ("engine.server", "uvicorn"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(logging.WARNING)
    _requests.setLevel(logging.WARNING if form == "none" else logging.INFO)


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {"time": _time(record), "level": record.levelname.lower()}
        facts = getattr(record, _FACTS, None)
        line |= facts or {"logger": record.name, "message": record.getMessage()}
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line)


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        facts = getattr(record, _FACTS, None)
        if facts is None:
            message = printable(record.getMessage())
            trace = f"\n{self.formatException(record.exc_info)}" if record.exc_info else ""
            return f"{_time(record)} {record.levelname.lower()} {message}{trace}"
        shown = (
            facts["method"], facts["route"], facts["status"], f"{facts['ms']:g} ms",
            ",".join(facts["libraries"]) or "-", facts["caller"] or "-", facts["id"],
        )  # fmt: skip
        return " ".join(map(str, (_time(record), *shown)))


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
