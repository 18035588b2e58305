"""Manifests for plain Kubernetes: autoscaled TF Serving behind a Service."""

from typing import Any

from serving.deploy.config import DeployConfig
from serving.deploy.tf_serving import GRPC, METRICS, REST, arguments, probe, tf_serving

NAME = "marquee-serving"
_LABELS = {"app.kubernetes.io/name": NAME, "app.kubernetes.io/part-of": "marquee"}
_CONFIG = "/etc/tf-serving"


def kubernetes(config: DeployConfig) -> dict[str, list[dict[str, Any]]]:
    """Returns manifests by file name, in the order in which `kubectl apply -f DIR` applies them."""
    return {
        "10-models.yaml": [_claim(config)],
        "20-config.yaml": [_config_map(config)],
        "30-serving.yaml": [_deployment(config), _service()],
        "40-scaling.yaml": [_autoscaler(config), _disruption_budget()],
    }


def _named(kind: str, version: str, name: str = NAME) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "labels": _LABELS}}


def _claim(config: DeployConfig) -> dict[str, Any]:
    """Returns the claim of a volume that the pipeline writes and servers on several nodes read."""
    size = {"requests": {"storage": f"{config.storage}Gi"}}
    return _named("PersistentVolumeClaim", "v1", config.volume) | {
        "spec": {"accessModes": ["ReadWriteMany"], "resources": size}
    }


def _config_map(config: DeployConfig) -> dict[str, Any]:
    return _named("ConfigMap", "v1") | {"data": tf_serving(config)}


def _deployment(config: DeployConfig) -> dict[str, Any]:
    metrics = {"scrape": "true", "path": METRICS, "port": str(REST)}
    return _named("Deployment", "apps/v1") | {
        "spec": {
            "replicas": config.replicas,
            "selector": {"matchLabels": _LABELS},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
            "template": {
                "metadata": {
                    "labels": _LABELS,
                    "annotations": {f"prometheus.io/{key}": value for key, value in metrics.items()},
                },
                "spec": {
                    "automountServiceAccountToken": False,
                    "securityContext": {
                        "runAsNonRoot": True,
                        "runAsUser": 1000,
                        "fsGroup": 1000,
                        "seccompProfile": {"type": "RuntimeDefault"},
                    },
                    # Servers on different nodes survive the loss of a node.
                    "topologySpreadConstraints": [
                        {
                            "maxSkew": 1,
                            "topologyKey": "kubernetes.io/hostname",
                            "whenUnsatisfiable": "ScheduleAnyway",
                            "labelSelector": {"matchLabels": _LABELS},
                        }
                    ],
                    "containers": [_container(config)],
                    "volumes": [
                        {
                            "name": "models",
                            "persistentVolumeClaim": {"claimName": config.volume, "readOnly": True},
                        },
                        {"name": "config", "configMap": {"name": NAME}},
                        {"name": "tmp", "emptyDir": {}},
                    ],
                },
            },
        }
    }


def _container(config: DeployConfig) -> dict[str, Any]:
    ready = {"exec": {"command": probe(config)}, "timeoutSeconds": 5}
    return {
        "name": "tf-serving",
        "image": config.image,
        "command": ["tensorflow_model_server"],
        "args": arguments(config, _CONFIG),
        "ports": [{"name": "rest", "containerPort": REST}, {"name": "grpc", "containerPort": GRPC}],
        "resources": {
            "requests": {"cpu": f"{config.cpu:g}", "memory": f"{config.memory:g}Gi"},
            "limits": {"memory": f"{config.memory:g}Gi"},  # no CPU limit: idle cores may be used
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "startupProbe": ready | {"periodSeconds": 5, "failureThreshold": 60},
        "readinessProbe": ready | {"periodSeconds": 10, "failureThreshold": 3},
        # A server is alive if it listens: a model that fails to load is no reason to restart the others.
        "livenessProbe": {"tcpSocket": {"port": "rest"}, "periodSeconds": 10, "failureThreshold": 6},
        # Requests under way are finished before the server is told to stop.
        "lifecycle": {"preStop": {"exec": {"command": ["sleep", "10"]}}},
        "volumeMounts": [
            {"name": "models", "mountPath": config.models_dir, "readOnly": True},
            {"name": "config", "mountPath": _CONFIG, "readOnly": True},
            {"name": "tmp", "mountPath": "/tmp"},
        ],
    }


def _service() -> dict[str, Any]:
    ports = [
        {"name": name, "port": port, "targetPort": name} for name, port in (("rest", REST), ("grpc", GRPC))
    ]
    return _named("Service", "v1") | {"spec": {"selector": _LABELS, "ports": ports}}


def _autoscaler(config: DeployConfig) -> dict[str, Any]:
    busy = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": config.cpu_target}}
    return _named("HorizontalPodAutoscaler", "autoscaling/v2") | {
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": NAME},
            "minReplicas": config.replicas,
            "maxReplicas": config.max_replicas,
            "metrics": [{"type": "Resource", "resource": busy}],
        }
    }


def _disruption_budget() -> dict[str, Any]:
    return _named("PodDisruptionBudget", "policy/v1") | {
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": _LABELS}}
    }
