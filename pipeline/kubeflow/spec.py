"""Settings that TFX's compiler lacks: resources, retries, caching, defaults, node selectors, a volume."""

from typing import Any

from marquee.errors import ConfigError
from pipeline.config.kubeflow import KubeflowConfig, TaskConfig

GIB, GB = 2**30, 10**9

#: Tasks that read or change the pushed models, which the cache does not cover.
_NEVER_CACHED = (
    "PreviousStatistics",
    "KeepStatistics",
    "BaseRanking",
    "BaseRetrieval",
    "BaseRankingRefit",
    "BaseRetrievalRefit",
    "LastBlessedRanking",
    "LastBlessedRetrieval",
    "LastBlessedRecommender",
    "AtomicPusher",
)

#: Tasks that need the same machine as another one.
_REPEATS = {
    "RankingRefit": "RankingTrainer",
    "RetrievalRefit": "RetrievalTrainer",
    "TemporalCheck": "RankingTrainer",
}


def dress(spec: dict[str, Any], config: KubeflowConfig, parameters: dict[str, str]) -> None:
    """Adds resources, retries and caching to each task, and the defaults of the pipeline's parameters.

    Args:
        spec: PipelineSpec, which is changed in place.
        config: resources of the tasks.
        parameters: defaults by name.

    Raises:
        ConfigError: `tasks` names one that the pipeline does not have.
    """
    tasks = spec["root"]["dag"]["tasks"]
    if unknown := sorted(set(config.tasks) - set(tasks)):
        raise ConfigError(
            f"kubeflow.tasks: there is no task {', '.join(unknown)}", f"Tasks: {', '.join(sorted(tasks))}."
        )
    for name, value in parameters.items():
        spec["root"]["inputDefinitions"]["parameters"][name]["defaultValue"] = value
    for name, task in tasks.items():
        wanted = wishes(config, name)
        task["retryPolicy"] = {"maxRetryCount": wanted.retries or 0, "backoffDuration": "30s"}
        reads_files = name == "MovieLensExampleGen" and parameters["data"]
        cached = bool(wanted.cache) and name not in _NEVER_CACHED and not reads_files
        task["cachingOptions"] = {"enableCache": cached}
        _container(spec, name)["resources"] = _resources(wanted)


def platform(spec: dict[str, Any], config: KubeflowConfig, serving_models: str) -> list[dict[str, Any]]:
    """Returns the second document of a Kubeflow pipeline: node selectors, and the volume of served models.

    It has the form of kubernetes_executor_config.proto of Kubeflow Pipelines 2. The list is empty if there
    are no such settings.
    """
    executors = {}
    for name, task in spec["root"]["dag"]["tasks"].items():
        said: dict[str, Any] = {}
        if selector := wishes(config, name).node_selector:
            said["nodeSelector"] = {"labels": selector}
        if config.volume and "serving_models" in task.get("inputs", {}).get("parameters", {}):
            claim = {"runtimeValue": {"constant": config.volume}}
            # `constant` for Kubeflow before 2.5, which knows no other.
            said["pvcMount"] = [
                {"mountPath": serving_models, "constant": config.volume, "pvcNameParameter": claim}
            ]
        if said:
            executors[spec["components"][task["componentRef"]["name"]]["executorLabel"]] = said
    return [{"platforms": {"kubernetes": {"deploymentSpec": {"executors": executors}}}}] if executors else []


def wishes(config: KubeflowConfig, task: str) -> TaskConfig:
    """Returns the settings of a task: its own override those for every task.

    A refit without settings of its own gets those of the training that it repeats.
    """
    said = config.tasks.get(task, TaskConfig())
    if task in _REPEATS:
        said = said.over(config.tasks.get(_REPEATS[task], TaskConfig()))
    return said.over(config.every)


def _container(spec: dict[str, Any], task: str) -> dict[str, Any]:
    component = spec["components"][spec["root"]["dag"]["tasks"][task]["componentRef"]["name"]]
    return spec["deploymentSpec"]["executors"][component["executorLabel"]]["container"]


def _resources(wanted: TaskConfig) -> dict[str, Any]:
    """Returns resources in both forms of Kubeflow's compiler: numbers (Vertex, old versions) and texts."""
    said: dict[str, Any] = {}
    if wanted.cpu:
        said |= {"cpuLimit": float(wanted.cpu), "resourceCpuLimit": f"{wanted.cpu:g}"}
    if wanted.memory:
        said |= {
            "memoryLimit": round(wanted.memory * GIB / GB, 3),
            "resourceMemoryLimit": f"{wanted.memory:g}Gi",
        }
    if wanted.gpus:
        kind, count = wanted.gpu_type, str(wanted.gpus)
        said["accelerator"] = {"type": kind, "count": count, "resourceType": kind, "resourceCount": count}
    return said
