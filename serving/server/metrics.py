"""Prometheus metrics, under TF Serving's names where it has them, so that its dashboards work."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from numpy.typing import NDArray
from prometheus_client import CollectorRegistry, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import Metric
from prometheus_client.metrics_core import GaugeMetricFamily

from serving.server.registry import Registry

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
REQUEST_COUNT = ":tensorflow:serving:request_count"
REQUEST_LATENCY = ":tensorflow:serving:request_latency"
MODEL_VERSION = ":marquee:serving:model_version"
NEWEST_VERSION = ":marquee:serving:newest_version"
EXPORTED = ":marquee:serving:model_exported_timestamp_seconds"
FAILED_LOADS = ":marquee:serving:failed_load_count"
PREDICTION_LOG = ":marquee:serving:prediction_log_count"
NOBODY = ""  # label of unknown models: clients could fill the memory with names that no model has


class Metrics:
    """Counts and times requests; `text()` is the page that Prometheus scrapes.

    Args:
        models: registry that knows which versions are served, and which could not be loaded.
        log_counts: returns how many requests were logged, were dropped and could not be written; None without
            a log.
    """

    def __init__(self, models: Registry, log_counts: Callable[[], dict[str, int]] | None = None):
        self._models = models
        self._log_counts = log_counts
        self._counts: Counter[tuple[str, str, str, str, str]] = Counter()
        self._lock = threading.Lock()
        self._registry = CollectorRegistry()
        self._latency = Histogram(
            REQUEST_LATENCY,
            "Time from a request's arrival to its answer, in microseconds.",
            ["model_name", "API", "entrypoint"],
            buckets=[100 * 2**power for power in range(16)],
            registry=self._registry,
        )
        self._registry.register(self)
        ProcessCollector(registry=self._registry)

    def observe(self, call: "Call", status: str) -> None:
        """Counts a finished request with the name of its canonical code ("OK", "NOT_FOUND", …)."""
        call.observed = True
        with self._lock:
            self._counts[call.model, call.signature, call.api, call.entrypoint, status] += 1
        if status == "OK":
            microseconds = (time.perf_counter() - call.started) * 1e6
            self._latency.labels(call.model, call.api, call.entrypoint).observe(microseconds)

    def text(self) -> bytes:
        """Returns the metrics in Prometheus's text format, version 0.0.4."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        # Untyped: prometheus-client would append "_total" to a counter's name, which TF Serving does not.
        requests = Metric(REQUEST_COUNT, "Requests answered.", "unknown")
        names = ("model_name", "signature_name", "API", "entrypoint", "status")
        with self._lock:
            counts = sorted(self._counts.items())
        for values, count in counts:
            requests.add_sample(REQUEST_COUNT, dict(zip(names, values, strict=True)), count)
        yield requests
        yield _by_model(MODEL_VERSION, "The version that answers.", self._models.loaded())
        yield _by_model(NEWEST_VERSION, "The highest version on disk.", self._models.newest())
        yield _by_model(
            EXPORTED,
            "When the version that answers was exported, in seconds since the epoch.",
            self._models.exported(),
        )
        failed = Metric(FAILED_LOADS, "Versions that could not be loaded.", "unknown")
        for name, count in self._models.failed_loads().items():
            failed.add_sample(FAILED_LOADS, {"model_name": name}, count)
        yield failed
        if self._log_counts:
            logged = Metric(PREDICTION_LOG, "Requests of the sample, by what became of them.", "unknown")
            for result, count in self._log_counts().items():
                logged.add_sample(PREDICTION_LOG, {"result": result}, count)
            yield logged


def _by_model(name: str, text: str, values: Mapping[str, float]) -> GaugeMetricFamily:
    gauge = GaugeMetricFamily(name, text, labels=["model_name"])
    for model, value in values.items():
        gauge.add_metric([model], value)
    return gauge


class Call:
    """State of a request while it is being answered; names are filled in once they are found.

    `exchange` is the entry for a prediction log: `inputs`, `outputs` and the version that answered.
    `given_up` says that nobody waits for the answer any more. `observed` says that it has been counted.
    """

    __slots__ = ("api", "entrypoint", "exchange", "given_up", "model", "observed", "signature", "started")

    def __init__(self, entrypoint: str, api: str):
        self.entrypoint = entrypoint
        self.api = api
        self.model = NOBODY
        self.signature = NOBODY
        self.given_up = False
        self.observed = False
        self.exchange: tuple[dict[str, NDArray[Any]], dict[str, NDArray[Any]], int] | None = None
        self.started = time.perf_counter()
