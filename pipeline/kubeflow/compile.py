"""Compilation of the pipeline to a file that Kubeflow or Vertex runs (`marquee compile`)."""

import json
import os
import re
from pathlib import Path
from typing import Any, Literal

import yaml

from marquee.errors import ConfigError
from pipeline.config.schema import RunConfig
from pipeline.kubeflow.locations import local_path
from pipeline.kubeflow.spec import dress, platform

# Before TFX is imported: it would choose Keras 2.
os.environ["TF_USE_LEGACY_KERAS"] = "0"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")

Target = Literal["kubeflow", "vertex"]

#: What each container runs; its arguments are TFX's.
COMMAND = ["python", "-m", "pipeline.kubeflow.task"]

# An image as Docker names it: a registry with its port, a path in lower case, a tag, a digest.
_IMAGE = re.compile(
    r"([a-zA-Z0-9.-]+(:\d+)?/)?[a-z0-9]+([._/-]+[a-z0-9]+)*(:[A-Za-z0-9_][A-Za-z0-9._-]{0,127})?"
    r"(@sha256:[0-9a-f]{64})?"
)


def compile_pipeline(config: RunConfig, target: Target, image: str, out: Path) -> dict[str, Any]:
    """Writes the pipeline, and returns its PipelineSpec.

    Args:
        config: configuration of the run; its section `kubeflow` has the resources.
        target: `kubeflow`, YAML for open-source Kubeflow 2; `vertex`, JSON, a PipelineJob.
        image: image of the containers, with Marquee installed (see the Dockerfile).
        out: file to write.

    Raises:
        ConfigError: a setting is not supported by the target, or not usable in a container.
    """
    _check(config, target, image, out)
    job = _job(config, image)
    spec = job["pipelineSpec"]
    cluster = config.kubeflow
    serving_models = local_path(cluster.serving_models)
    dress(spec, cluster, {"data": config.data.path or "", "serving_models": serving_models})
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_name(f"{out.name}.part")
    if target == "vertex":
        part.write_text(json.dumps(job, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    else:
        spec["defaultPipelineRoot"] = cluster.pipeline_root
        documents = [spec, *platform(spec, cluster, serving_models)]
        part.write_text(yaml.safe_dump_all(documents, sort_keys=True), encoding="utf-8")
    part.replace(out)
    return spec


def _check(config: RunConfig, target: Target, image: str, out: Path) -> None:
    """Raises ConfigError for mistakes that would otherwise show up in the cluster, or never."""
    cluster = config.kubeflow
    if not _IMAGE.fullmatch(image):
        raise ConfigError(
            f"--image {image!r} is no name of a container image", "Such as registry.example.com/marquee:1.0"
        )
    if config.serving_skew.logs is not None:
        raise ConfigError(
            f"serving_skew.logs = {config.serving_skew.logs!r}: no task of a cluster reaches a server's logs",
            "Compile with --set serving_skew.logs=null.",
        )
    suffixes = {"kubeflow": (".yaml", ".yml"), "vertex": (".json",)}[target]
    if out.suffix not in suffixes:
        raise ConfigError(f"--out {out}: {target} reads {' or '.join(suffixes)}")
    if target == "vertex":
        for key in ("pipeline_root", "serving_models"):
            value = getattr(cluster, key)
            if not value.startswith(("gs://", "/gcs/")):
                raise ConfigError(
                    f"kubeflow.{key} = {value!r}: Vertex reaches Cloud Storage alone",
                    f"--set kubeflow.{key}=gs://my-bucket/{key}",
                )
        if any(task.node_selector for task in (cluster.every, *cluster.tasks.values())):
            raise ConfigError("node_selector: Vertex has no nodes to select", "Use kubeflow.….gpu_type.")
    elif not cluster.serving_models.startswith("/"):
        raise ConfigError(
            f"kubeflow.serving_models = {cluster.serving_models!r}: Kubeflow mounts no object store",
            "Name the folder where kubeflow.volume is mounted.",
        )


def _job(config: RunConfig, image: str) -> dict[str, Any]:
    """Returns the PipelineJob as TFX compiles it."""
    from tfx.orchestration.data_types import RuntimeParameter
    from tfx.orchestration.kubeflow.v2.kubeflow_v2_dag_runner import (
        KubeflowV2DagRunner,
        KubeflowV2DagRunnerConfig,
    )

    from pipeline.dag.data_source import DataSource
    from pipeline.dag.graph import build_pipeline
    from pipeline.kubeflow.cluster import DATA, Cluster

    legal = re.sub(r"[._]+", "-", config.name)  # Kubeflow's names are a host's
    source = DataSource(
        path=RuntimeParameter(name=DATA, ptype=str), origin=config.data.path or "", fingerprint=""
    )
    pipeline = build_pipeline(config.model_copy(update={"name": legal}), source, Cluster(config.kubeflow))
    runner = KubeflowV2DagRunner(
        KubeflowV2DagRunnerConfig(
            default_image=image,
            default_commands=COMMAND,
            use_pipeline_spec_2_1=True,
            display_name=legal,
        )
    )
    return runner.run(pipeline, write_out=False)
