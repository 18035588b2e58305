"""Monitoring: Prometheus's scrape configuration and alerts, and a Grafana dashboard."""

from typing import Any

from serving.deploy.config import DeployConfig
from serving.deploy.tf_serving import METRICS, REST

COUNT = ":tensorflow:serving:request_count"
LATENCY = ":tensorflow:serving:request_latency_bucket"  # microseconds
# Metrics of the embedded server only: with TF Serving, alerts and panels on them stay empty.
VERSION = ":marquee:serving:model_version"
NEWEST = ":marquee:serving:newest_version"
EXPORTED = ":marquee:serving:model_exported_timestamp_seconds"
LOGGED = ":marquee:serving:prediction_log_count"

ERRORS = f'sum by (model_name) (rate({COUNT}{{status!="OK"}}[5m])) / sum by (model_name) (rate({COUNT}[5m]))'


def prometheus(config: DeployConfig) -> dict[str, Any]:
    """Returns content by file name: prometheus.yml, rules.yml, and Grafana's provisioning."""
    scrape = {
        "job_name": "tf-serving",
        "metrics_path": METRICS,
        "static_configs": [{"targets": [f"serving:{REST}"]}],
    }
    return {
        "prometheus.yml": {
            "global": {"scrape_interval": "15s"},
            "rule_files": ["rules.yml"],
            "scrape_configs": [scrape],
        },
        "rules.yml": {"groups": [{"name": "marquee", "rules": _alerts(config)}]},
        "grafana/datasources/prometheus.yaml": {
            "apiVersion": 1,
            "datasources": [
                {
                    "name": "Prometheus",
                    "uid": "prometheus",
                    "type": "prometheus",
                    "url": "http://prometheus:9090",
                    "isDefault": True,
                }
            ],
        },
        "grafana/dashboards/dashboards.yaml": {
            "apiVersion": 1,
            "providers": [
                {
                    "name": "marquee",
                    "type": "file",
                    "options": {"path": "/etc/grafana/provisioning/dashboards"},
                }
            ],
        },
        "grafana/dashboards/serving.json": _dashboard(),
    }


_PAGES = ("ServingDown", "ServingNoVersion")  # alerts that page someone: no requests are answered


def _percentile(share: float) -> str:
    return f"histogram_quantile({share}, sum by (model_name, le) (rate({LATENCY}[5m]))) / 1e6"


def _alerts(config: DeployConfig) -> list[dict[str, Any]]:
    said = [
        (
            "ServingDown",
            'up{job="tf-serving"} == 0',
            "2m",
            "A server does not answer: {{ $labels.instance }}",
        ),
        (
            "ServingErrors",
            f"{ERRORS} > 0.01",
            "5m",
            "{{ $value | humanizePercentage }} of requests to {{ $labels.model_name }} fail",
        ),
        (
            "ServingSlow",
            f"{_percentile(0.99)} > 0.1",
            "10m",
            "{{ $labels.model_name }}: one answer in a hundred takes {{ $value | humanizeDuration }}",
        ),
        (
            "ServingNoVersion",
            f"{NEWEST} unless on (instance, model_name) {VERSION}",
            "2m",
            "{{ $labels.model_name }} on {{ $labels.instance }}: no version answers, {{ $value }} is on disk",
        ),
        (
            "ServingLoadFailed",
            f"{NEWEST} > on (instance, model_name) {VERSION}",
            "2m",
            "{{ $labels.model_name }} on {{ $labels.instance }}: version {{ $value }} is on disk,"
            " and an older one answers",
        ),
        (
            "ServingStale",
            f"time() - {EXPORTED} > {config.stale_hours * 3600:g}",
            "10m",
            "{{ $labels.model_name }} on {{ $labels.instance }} was exported"
            " {{ $value | humanizeDuration }} ago",
        ),
        (
            "PredictionLogFailing",
            f'increase({LOGGED}{{result=~"failed|dropped"}}[10m]) > 0',
            "5m",
            "{{ $labels.instance }}: {{ $value | humanize }} requests of the last ten minutes"
            " were not logged: {{ $labels.result }}",
        ),
    ]
    return [
        {
            "alert": name,
            "expr": expression,
            "for": wait,
            "labels": {"severity": "page" if name in _PAGES else "warning"},
            "annotations": {"summary": summary},
        }
        for name, expression, wait, summary in said
    ]


def _dashboard() -> dict[str, Any]:
    panels = [
        ("Requests a second", f"sum by (model_name) (rate({COUNT}[5m]))", "reqps"),
        ("Share that fails", ERRORS, "percentunit"),
        ("Latency, median", _percentile(0.5), "s"),
        ("Latency, 99th percentile", _percentile(0.99), "s"),
        ("Requests by API and signature", f"sum by (API, entrypoint) (rate({COUNT}[5m]))", "reqps"),
        ("Servers up", 'sum(up{job="tf-serving"})', "none"),
        ("Version that answers", f"max by (model_name) ({VERSION})", "none"),
        ("Age of the model", f"time() - min by (model_name) ({EXPORTED})", "s"),
    ]
    return {
        "uid": "marquee-serving",
        "title": "Marquee: serving",
        "schemaVersion": 39,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "panels": [
            {
                "id": place + 1,
                "type": "timeseries",
                "title": title,
                "datasource": {"type": "prometheus", "uid": "prometheus"},
                "gridPos": {"x": 12 * (place % 2), "y": 8 * (place // 2), "w": 12, "h": 8},
                "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
                "targets": [{"refId": "A", "expr": expression}],
            }
            for place, (title, expression, unit) in enumerate(panels)
        ],
    }
