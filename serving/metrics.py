"""Prometheus metrics, under TF Serving's names where TF Serving has them, so that its dashboards work."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator

import numpy as np
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import Metric
from prometheus_client.metrics_core import GaugeMetricFamily

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
REQUEST_COUNT = ":tensorflow:serving:request_count"
REQUEST_LATENCY = ":tensorflow:serving:request_latency"
MODEL_VERSION = ":marquee:serving:model_version"
PREDICTION_LOG = ":marquee:serving:prediction_log_count"
NOBODY = ""  # a name that no model has is not written down: anyone could fill the memory with such names


class Metrics:
    """Counts and times requests; `text()` is what Prometheus reads.

    Args:
        loaded: gives the version in front of each model.
        log_counts: gives how many requests were logged, dropped and failed to be; None without a log.
    """

    def __init__(
        self, loaded: Callable[[], dict[str, int]], log_counts: Callable[[], dict[str, int]] | None = None
    ):
        self._loaded = loaded
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

    def observe(self, call: "Call", status: str) -> None:
        """Counts a finished request with the name of its canonical code ("OK", "NOT_FOUND", …)."""
        with self._lock:
            self._counts[call.model, call.signature, call.api, call.entrypoint, status] += 1
        if status == "OK":
            microseconds = (time.perf_counter() - call.started) * 1e6
            self._latency.labels(call.model, call.api, call.entrypoint).observe(microseconds)

    def text(self) -> bytes:
        """Prometheus's text format, version 0.0.4."""
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
        versions = GaugeMetricFamily(MODEL_VERSION, "The version that answers.", labels=["model_name"])
        for name, version in self._loaded().items():
            versions.add_metric([name], version)
        yield versions
        if self._log_counts:
            logged = Metric(PREDICTION_LOG, "Requests of the sample, by what became of them.", "unknown")
            for result, count in self._log_counts().items():
                logged.add_sample(PREDICTION_LOG, {"result": result}, count)
            yield logged


class Call:
    """What is known about a request while it is being answered; names are filled in once they are found.

    `exchange` is what a prediction log would write down: `inputs`, `outputs` and the version that answered.
    """

    __slots__ = ("api", "entrypoint", "exchange", "model", "signature", "started")

    def __init__(self, entrypoint: str, api: str):
        self.entrypoint = entrypoint
        self.api = api
        self.model = NOBODY
        self.signature = NOBODY
        self.exchange: tuple[dict[str, np.ndarray], dict[str, np.ndarray], int] | None = None
        self.started = time.perf_counter()
