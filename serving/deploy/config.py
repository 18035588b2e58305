"""The `deploy` section: how pushed models are served."""

from typing import get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

from serving.models import ModelName


class RequestLogging(BaseModel):
    """Request log of TF Serving, for a build that has a LogCollector."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    collector: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9_./-]+$",
        description="name of the LogCollector in your build of TF Serving; null: no log. A stock build has "
        "none and exits at once if one is named",
    )
    prefix: str = Field(
        "/logs/predictions",
        pattern=r"^/[^\"\\\n]*$",
        description="path prefix of log files; `/` and the model's name are appended",
    )
    sample: float = Field(0.1, gt=0, le=1, description="share of requests to log")


class DeployConfig(BaseModel):
    """Settings of the files that `marquee deploy` writes; `marquee run` ignores them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    models: tuple[ModelName, ...] = Field(get_args(ModelName), min_length=1, description="models to serve")
    models_dir: str = Field(
        "/workspace/serving_models",
        pattern="^/",
        description="folder of the models in a server, mounted read-only",
    )
    image: str = Field("tensorflow/serving:2.19.1", description="container image of TF Serving")
    batching: bool = Field(
        False,
        description="batch requests in TF Serving; only with models: [ranking], as it cannot batch the "
        "scalar `k` of the others",
    )
    logging: RequestLogging = RequestLogging()
    volume: str = Field("marquee-serving-models", description="PersistentVolumeClaim of the models")
    storage: int = Field(10, ge=1, description="size of the PersistentVolumeClaim in GiB")
    replicas: int = Field(2, ge=1, description="minimum number of servers")
    max_replicas: int = Field(6, ge=1, description="maximum number of servers")
    cpu: float = Field(1, gt=0, description="CPU cores requested per server")
    memory: float = Field(2, gt=0, description="memory per server in GiB, as request and limit")
    stale_hours: float = Field(
        48,
        gt=0,
        description="age of the served model in hours from which the alert `ServingStale` fires; raise it if "
        "runs are rarer than daily",
    )
    cpu_target: int = Field(
        70, ge=1, le=100, description="CPU utilization in percent above which a server is added"
    )

    @model_validator(mode="after")
    def _agree(self) -> "DeployConfig":
        if self.max_replicas < self.replicas:
            raise ValueError(f"max_replicas is less than replicas, {self.replicas}")
        if self.batching and self.models != ("ranking",):
            raise ValueError(
                "batching: only with models: [ranking]; TF Serving cannot batch requests to the others that"
                " send a scalar `k` beside rows"
            )
        return self
