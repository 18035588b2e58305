"""The `kubeflow` section: where the pipeline runs on a cluster, and with which resources."""

from pydantic import Field

from marquee.strict import Strict


class TaskConfig(Strict):
    """Resources of one task's container; a key that is null is taken from `every`."""

    cpu: float | None = Field(None, gt=0, description="CPU limit in cores")
    memory: float | None = Field(None, gt=0, description="memory limit in GiB")
    gpus: int | None = Field(None, ge=0, description="number of GPUs")
    gpu_type: str | None = Field(None, description="GPU type, as the cluster names it")
    retries: int | None = Field(None, ge=0, description="retries after a failure")
    cache: bool | None = Field(
        None, description="reuse the outputs of an earlier execution on the same inputs"
    )
    node_selector: dict[str, str] | None = Field(
        None, description="labels that the node must have; Kubeflow only"
    )

    def over(self, other: "TaskConfig") -> "TaskConfig":
        """These resources, with those of `other` where a key here is null."""
        return TaskConfig(**other.model_dump(exclude_none=True) | self.model_dump(exclude_none=True))


class EveryTask(TaskConfig):
    """Default resources of every task's container."""

    cpu: float = Field(2, gt=0, description="CPU limit of a task, in cores")
    memory: float = Field(8, gt=0, description="memory limit of a task, in GiB")
    gpus: int = Field(0, ge=0, description="number of GPUs of a task")
    gpu_type: str = Field(
        "nvidia.com/gpu",
        description="GPU type, as the cluster names it; on Vertex for example NVIDIA_TESLA_T4",
    )
    retries: int = Field(1, ge=0, description="retries of a task after a failure")
    cache: bool = Field(
        True, description="reuse the outputs of an earlier execution of a task on the same inputs"
    )
    node_selector: dict[str, str] = Field(
        {}, description="labels that a task's node must have; Kubeflow only"
    )


class KubeflowConfig(Strict):
    """Settings of the pipeline on Kubeflow or Vertex; `marquee run` ignores them."""

    pipeline_root: str = Field(
        "minio://mlpipeline/v2/artifacts",
        description="object store for artifacts: a minio://, s3:// or gs:// URI",
    )
    serving_models: str = Field(
        "/serving_models",
        description="folder that models are pushed to, mounted in the container; on Vertex also a gs:// URI",
    )
    volume: str | None = Field(
        "marquee-serving-models",
        description="PersistentVolumeClaim mounted at `serving_models`; null: none; Kubeflow only",
    )
    every: EveryTask = Field(EveryTask(), description="resources of every task")
    tasks: dict[str, TaskConfig] = Field(
        default={},
        description="resources of single tasks by name, over `every`: `{RankingTrainer: {gpus: 1}}`",
    )
