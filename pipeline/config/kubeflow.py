"""What a cluster is told of the pipeline."""

from pydantic import Field

from marquee.strict import Strict


class TaskConfig(Strict):
    """What a task's container gets; what is not said is as for `every`."""

    cpu: float | None = Field(None, gt=0, description="cores, at most")
    memory: float | None = Field(None, gt=0, description="GiB, at most")
    gpus: int | None = Field(None, ge=0, description="how many")
    gpu_type: str | None = Field(None, description="as the cluster calls it")
    retries: int | None = Field(None, ge=0, description="how often it is tried again")
    cache: bool | None = Field(None, description="take the outputs of the same task on the same inputs")
    node_selector: dict[str, str] | None = Field(None, description="labels of the node; Kubeflow only")

    def over(self, other: "TaskConfig") -> "TaskConfig":
        """This, and of `other` what this does not say."""
        return TaskConfig(**other.model_dump(exclude_none=True) | self.model_dump(exclude_none=True))


class EveryTask(TaskConfig):
    """What a task gets of which nothing else is said."""

    cpu: float = Field(2, gt=0, description="cores, at most")
    memory: float = Field(8, gt=0, description="GiB, at most")
    gpus: int = Field(0, ge=0, description="how many")
    gpu_type: str = Field(
        "nvidia.com/gpu", description="as it is on Kubeflow; NVIDIA_TESLA_T4 and the like on Vertex"
    )
    retries: int = Field(1, ge=0, description="how often it is tried again")
    cache: bool = Field(True, description="take the outputs of the same task on the same inputs")
    node_selector: dict[str, str] = Field({}, description="labels of the node; Kubeflow only")


class KubeflowConfig(Strict):
    """The pipeline on Kubeflow or Vertex; `marquee run` reads none of it."""

    pipeline_root: str = Field(
        "minio://mlpipeline/v2/artifacts",
        description="the object store of artifacts: minio://, s3:// or gs://",
    )
    serving_models: str = Field(
        "/serving_models", description="where models are pushed: a mounted folder; on Vertex also gs://"
    )
    volume: str | None = Field(
        "marquee-serving-models",
        description="the PersistentVolumeClaim that is mounted there; Kubeflow only",
    )
    every: EveryTask = Field(EveryTask(), description="what every task gets")
    tasks: dict[str, TaskConfig] = Field(
        default={}, description="and single ones, by name: RankingTrainer: {gpus: 1}"
    )
