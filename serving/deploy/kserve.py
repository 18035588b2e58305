"""Manifests for KServe: one InferenceService per model, on the same volume."""

from typing import Any

from serving.deploy.config import DeployConfig


def kserve(config: DeployConfig) -> dict[str, list[dict[str, Any]]]:
    """Returns manifests (`serving.kserve.io/v1beta1`) by file name."""
    return {"inference-services.yaml": [_service(config, name) for name in config.models]}


def _service(config: DeployConfig, name: str) -> dict[str, Any]:
    size = {"cpu": f"{config.cpu:g}", "memory": f"{config.memory:g}Gi"}
    return {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": f"marquee-{name}", "labels": {"app.kubernetes.io/part-of": "marquee"}},
        "spec": {
            "predictor": {
                "minReplicas": config.replicas,
                "maxReplicas": config.max_replicas,
                "scaleMetric": "cpu",
                "scaleTarget": config.cpu_target,
                "model": {
                    "modelFormat": {"name": "tensorflow"},
                    "runtimeVersion": config.image.rpartition(":")[2],
                    # The folder of versions, of which TF Serving serves the newest.
                    "storageUri": f"pvc://{config.volume}/{name}",
                    "resources": {"requests": size, "limits": size},
                },
            }
        },
    }
