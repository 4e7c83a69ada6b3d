"""Traces of requests by OpenTelemetry, where it is installed and a program configures it.

A request is a span, inside of that which its ``traceparent`` names, and its stages are spans
inside of it. No span has the words of a query, a path or a token.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opentelemetry.trace import Span, Tracer

_NAME = "sensorium"


class RequestSpan:
    """The span of a request."""

    def __init__(self, tracer: Tracer, span: Span) -> None:
        self._tracer, self._span = tracer, span

    def stage(self, name: str, seconds: float, ended: float) -> None:
        """Note a stage that took ``seconds``, and ended at a time of the epoch."""
        from opentelemetry.trace import set_span_in_context

        begun = int((ended - seconds) * 1e9)
        inside = set_span_in_context(self._span)
        stage = self._tracer.start_span(f"{_NAME}.{name}", context=inside, start_time=begun)
        stage.end(int(ended * 1e9))

    def describe(self, name: str, status: int, facts: Mapping[str, str]) -> None:
        """Set what is known at the end of a request."""
        from opentelemetry.trace import StatusCode

        self._span.update_name(name)
        self._span.set_attribute("http.response.status_code", status)
        self._span.set_attributes(dict(facts))
        if status >= 500:
            self._span.set_status(StatusCode.ERROR)


def prepare_tracing() -> None:
    """Import what tracing needs, which takes up to a second that no request should wait for."""
    with suppress(ImportError):
        import opentelemetry.propagate
        import opentelemetry.trace  # noqa: F401


@contextmanager
def request_span(headers: Mapping[str, str]) -> Iterator[RequestSpan | None]:
    """Trace the request that is answered inside of the ``with``; None without OpenTelemetry."""
    if find_spec("opentelemetry") is None:
        yield None
        return
    from opentelemetry.propagate import extract
    from opentelemetry.trace import SpanKind, get_tracer

    tracer = get_tracer(_NAME)
    with tracer.start_as_current_span(
        "request", context=extract(headers), kind=SpanKind.SERVER, record_exception=False
    ) as span:
        yield RequestSpan(tracer, span)
