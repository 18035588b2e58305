"""Entry point of a container of a compiled pipeline: TFX's executor on local paths, not object store URIs.

TFX's own entry point hands executors the URIs of an object store, which only TensorFlow's file system
reads, and only some of them. But whatever a task reads lies in the container already, staged by Kubeflow's
launcher or mounted by Vertex, and what it writes there is taken away. So the URIs are exchanged for those
folders before the executor runs, and back in what it reports.

    python -m pipeline.kubeflow.task --executor_class_path … --json_serialized_invocation_args … [Beam's]
"""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

os.environ["TF_USE_LEGACY_KERAS"] = "0"  # before TensorFlow: Keras 3, here and in child processes

from marquee.errors import MarqueeError
from pipeline.kubeflow.locations import local_path


def main(arguments: list[str] | None = None) -> None:
    """Runs one task; a user's mistake is a message on standard error and exit status 1.

    Args:
        arguments: arguments compiled by `KubeflowV2DagRunner`; unknown ones go to Beam.
    """
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--executor_class_path", required=True)
    parser.add_argument("--json_serialized_invocation_args", required=True)
    parser.add_argument("--json_serialized_inputs_spec_args")
    task, beam_args = parser.parse_known_args(arguments)
    request = json.loads(task.json_serialized_invocation_args)
    names = stage(request, json.loads(task.json_serialized_inputs_spec_args or "{}"))
    task.json_serialized_invocation_args = json.dumps(request)

    from tfx.orchestration.kubeflow.v2.container import kubeflow_v2_run_executor

    try:
        kubeflow_v2_run_executor.main((task, beam_args))
    except MarqueeError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    report = Path(request["outputs"]["outputFile"])
    report.write_text(json.dumps(unstage(json.loads(report.read_text()), names)))


def stage(request: dict[str, Any], inputs_spec: dict[str, Any]) -> dict[str, str]:
    """Exchanges URIs for local paths in an ExecutorInput, and fills in what TFX cannot do without.

    Args:
        request: ExecutorInput as JSON, which is changed in place.
        inputs_spec: types of the component's inputs, for those that the launcher leaves out.

    Returns:
        The URIs by local path.
    """
    names = {}
    types = {name: spec["artifactType"] for name, spec in inputs_spec.get("artifacts", {}).items()}
    for side in ("inputs", "outputs"):
        for key, found in request.get(side, {}).get("artifacts", {}).items():
            for artifact in found.get("artifacts", []):
                uri = artifact["uri"]
                artifact["uri"] = local_path(uri)
                names[artifact["uri"]] = uri
                artifact.setdefault("name", uri)  # TFX makes an id of it
                if side == "inputs":
                    artifact.setdefault("type", types.get(key))
                else:
                    os.makedirs(artifact["uri"], exist_ok=True)
    outputs = request.setdefault("outputs", {})
    outputs["outputFile"] = local_path(outputs["outputFile"])
    return names


def unstage(report: Any, names: dict[str, str]) -> Any:
    """Returns `report` with every local path of an artifact replaced by its URI."""
    if isinstance(report, dict):
        return {key: unstage(value, names) for key, value in report.items()}
    if isinstance(report, list):
        return [unstage(value, names) for value in report]
    return names.get(report, report) if isinstance(report, str) else report


if __name__ == "__main__":
    main()
