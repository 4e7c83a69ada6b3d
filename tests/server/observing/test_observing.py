"""What a server tells those who run it: logs, traces and metrics, and what these never have."""

from __future__ import annotations

import io
import json
import logging

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from engine.server.access.tokens import BearerToken
from engine.server.observing import tracing
from engine.server.observing.request_log import configure_logs

TOKEN = "s3cret-" + "a" * 32


@pytest.fixture
def logged():
    """Write logs into memory in a form, and put logging back at the end."""
    names = ("engine.server", "uvicorn", "engine.server.requests")
    before = [(n, logging.getLogger(n).handlers, logging.getLogger(n).level) for n in names]
    propagated = {name: logging.getLogger(name).propagate for name in names}

    def begin(form: str) -> io.StringIO:
        stream = io.StringIO()
        configure_logs(form, stream)
        return stream

    yield begin
    for name, handlers, level in before:
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = handlers, propagated[name]
        logger.setLevel(level)


def ask(served, text: str, **headers: str):
    given = {"Authorization": f"Bearer {TOKEN}"} | headers
    return served.http.post("/api/search", json={"text": text}, headers=given)


def lines_of(stream: io.StringIO, count: int) -> list[str]:
    """Return the lines, the last of which may be written after its answer was read."""
    while len(lines := stream.getvalue().splitlines()) < count:
        pass
    return lines


def test_each_request_is_a_line_of_json_without_its_words_and_token(start, logged):
    served, stream = start(tokens=(BearerToken.make(TOKEN),)), logged("json")
    assert ask(served, "purple wombat", **{"X-Request-Id": "mine-7"}).status_code == 200
    assert served.http.get("/api/media/987654?library=photos").status_code == 401
    assert served.http.get("/wombat?wombat=1", headers={"Host": "wombat"}).status_code == 421
    given = {"Authorization": f"Bearer {TOKEN}"}
    assert served.http.post("/mcp", content="{}", headers=given).status_code == 400
    found, refused, strange, tools = map(json.loads, lines_of(stream, 4))
    assert tools["route"] == "/mcp"
    assert found["id"] == "mine-7" and found["status"] == 200 and found["ms"] > 0
    assert (found["method"], found["route"]) == ("POST", "/api/search")
    assert found["libraries"] == ["photos"] and len(found["caller"]) == 8
    assert (refused["status"], refused["caller"]) == (401, None)
    assert (strange["status"], strange["route"]) == (421, "(none)")
    whole = stream.getvalue()
    assert not any(word in whole for word in ("wombat", "987654", "s3cret", "aaaa"))


def test_requests_are_lines_for_people_or_not_logged(start, logged):
    served = start(tokens=(BearerToken.make(TOKEN),))
    stream = logged("text")
    ask(served, "red")
    (line,) = lines_of(stream, 1)
    assert " POST /api/search 200 " in line and " photos " in line
    silent = logged("none")
    ask(served, "red")
    logging.getLogger("engine.server.problems").warning("a fault\nof two lines")
    assert silent.getvalue().count("\n") == 1 and "a fault" in silent.getvalue()


def test_faults_are_lines_of_json_with_their_traces(logged):
    stream = logged("json")
    try:
        raise KeyError("x")
    except KeyError:
        logging.getLogger("engine.server.problems").exception("a fault")
    line = json.loads(stream.getvalue())
    assert line["level"] == "error" and line["message"] == "a fault" and "KeyError" in line["trace"]


@pytest.fixture
def spans(monkeypatch):
    """Collect the spans of the server, as a program that configures OpenTelemetry does."""
    kept = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    monkeypatch.setattr(trace, "get_tracer", provider.get_tracer)
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    return kept


def test_a_request_and_its_stages_are_spans_of_the_callers_trace(served, spans):
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    asked = {"traceparent": parent, "X-Request-Id": "mine-8"}
    served.http.post("/api/search", json={"text": "purple wombat"}, headers=asked)
    while not (found := [s for s in spans.get_finished_spans() if s.name == "POST /api/search"]):
        pass
    (request,) = found
    assert f"{request.context.trace_id:032x}" == parent[3:35]
    assert f"{request.parent.span_id:016x}" == parent[36:52]
    assert request.attributes["http.response.status_code"] == 200
    assert request.attributes["sensorium.request_id"] == "mine-8"
    stages = [s for s in spans.get_finished_spans() if s.name.startswith("sensorium.")]
    inside = {s.name for s in stages if s.parent.span_id == request.context.span_id}
    assert {"sensorium.wait", "sensorium.encode", "sensorium.search"} <= inside
    assert all(request.start_time <= s.start_time <= s.end_time for s in stages)
    assert "wombat" not in "".join(span.to_json() for span in spans.get_finished_spans())


def test_a_request_is_one_span_without_the_words_of_its_address(served, spans):
    served.http.get("/api/search", params={"text": "purple wombat"})
    while not any(s.name == "GET /api/search" for s in spans.get_finished_spans()):
        pass
    found = spans.get_finished_spans()
    assert sum(s.name == "GET /api/search" for s in found) == 1
    assert {s.instrumentation_scope.name for s in found} == {"sensorium"}
    assert "wombat" not in "".join(span.to_json() for span in found)


def test_without_opentelemetry_nothing_is_traced(served, monkeypatch):
    monkeypatch.setattr(tracing, "find_spec", lambda name: None)
    with tracing.request_span({}) as span:
        assert span is None
    assert served.http.get("/api/spaces").status_code == 200


def test_stages_batches_sizes_and_refusals_are_measured(start):
    served = start(tokens=(BearerToken.make(TOKEN),))
    headers = {"Authorization": f"Bearer {TOKEN}"}
    ask(served, "red")
    ask(served, "red")
    served.http.post("/v1/embeddings", json={"input": ["a", "b"]}, headers=headers)
    served.http.get("/api/spaces")
    page = served.http.get("/metrics", headers=headers).text
    for line in (
        'sensorium_stage_seconds_count{stage="wait"}',
        'sensorium_stage_seconds_count{stage="encode"}',
        'sensorium_stage_seconds_count{stage="search"}',
        'sensorium_batch_items_sum{kind="text"} 2.0',
        'sensorium_library_files{kind="image",library="photos"} 3.0',
        'sensorium_library_facts{fact="bytes",library="photos"}',
        'sensorium_requests_total{method="GET",route="(none)",status="401"} 1.0',
        'sensorium_cache_lookups_total{library="photos",outcome="miss"} ',  # and the server's own
        'sensorium_cache_lookups_total{library="photos",outcome="hit"} 1.0',
        "process_open_fds",
    ):
        assert line in page, line
