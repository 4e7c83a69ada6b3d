"""Counters and times of a server, in the format of Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily

from engine.server.load.admission import Admission
from engine.server.load.search_processes import SearchProcesses
from engine.server.shelf import Shelf

METHODS = ("GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH")
_SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)


class _Collected:
    """Metrics that are read where they are counted."""

    def __init__(self, collect: Callable[[], Iterable[CounterMetricFamily]]) -> None:
        self.collect = collect


class Metrics:
    """The metrics of one app; several apps in a process have one each."""

    def __init__(self, shelf: Shelf, admission: Admission, searches: SearchProcesses) -> None:
        self._registry = registry = CollectorRegistry()
        self._shelf, self._searches = shelf, searches
        self._requests = Counter(
            "sensorium_requests_total", "Requests that were answered.",
            ("route", "method", "status"), registry=registry,
        )  # fmt: skip
        self._times = Histogram(
            "sensorium_request_seconds", "Seconds from a request to its answer.", ("route",),
            buckets=_SECONDS, registry=registry,
        )  # fmt: skip
        self._stages = Histogram(
            "sensorium_stage_seconds", "Seconds of the stages of requests.", ("stage",),
            buckets=_SECONDS, registry=registry,
        )  # fmt: skip
        self._batches = Histogram(
            "sensorium_batch_items", "Items of the batches that encoders are given.",
            ("kind",), buckets=(1, 2, 4, 8, 16, 32, 64, 128), registry=registry,
        )  # fmt: skip
        registry.register(_Collected(self._cache_counts))
        ProcessCollector(registry=registry)  # memory, seconds of the processors, descriptors
        for name, about, value in (
            ("running", "Calls that a thread works on.", lambda: admission.running),
            ("queued", "Calls that wait for a thread.", lambda: admission.queued),
            ("wedged", "Threads that work on one call for far too long.", lambda: admission.wedged),
        ):
            self.gauge(f"sensorium_calls_{name}", about, value)
        self._moments = Gauge(
            "sensorium_library_moments", "Moments of a library.", ("library", "modality"),
            registry=registry,
        )  # fmt: skip
        self._files = Gauge(
            "sensorium_library_files", "Files of a library.", ("library", "kind"),
            registry=registry,
        )  # fmt: skip
        self._facts = Gauge(
            "sensorium_library_facts", "Bytes, segments, failures and the like of a library.",
            ("library", "fact"), registry=registry,
        )  # fmt: skip

    def _cache_counts(self) -> Iterator[CounterMetricFamily]:
        family = CounterMetricFamily(
            "sensorium_cache_lookups", "Texts that were looked up in the cache of embeddings.",
            labels=("library", "outcome"),
        )  # fmt: skip
        for name, library in self._shelf:
            counts = zip(library.text_lookups, self._searches.lookups(name), strict=True)
            for outcome, (here, there) in zip(("hit", "miss"), counts, strict=True):
                family.add_metric((name, outcome), here + there)
        yield family

    def gauge(self, name: str, about: str, value: Callable[[], float]) -> None:
        """Add a metric that is read where it is counted."""
        Gauge(name, about, registry=self._registry).set_function(value)

    def count(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count a request that was answered."""
        self._requests.labels(route, method, str(status)).inc()
        self._times.labels(route).observe(seconds)

    def stage(self, name: str, seconds: float, ended: float) -> None:  # noqa: ARG002
        """Note a stage of a request, such as waiting for a thread, encoding or searching."""
        self._stages.labels(name).observe(seconds)

    def batch(self, kind: str, items: int, seconds: float) -> None:
        """Note a batch that an encoder was given, whose first item waited for ``seconds``."""
        self._batches.labels(kind).observe(items)
        self._stages.labels("batch").observe(seconds)

    def page(self) -> bytes:
        """Return all metrics as text; counts what libraries hold, which blocks."""
        for name, library in self._shelf:
            stats = library.stats()
            for modality, moments in stats.moments.items():
                self._moments.labels(name, modality).set(moments)
            for kind, files in stats.assets.items():
                self._files.labels(name, kind).set(files)
            for fact in ("bytes", "segments", "failures", "pending", "missing"):
                self._facts.labels(name, fact).set(getattr(stats, fact))
        return generate_latest(self._registry)
