"""Configuration of the deployment of pushed models."""

from typing import get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

from serving.models import ModelName


class RequestLogging(BaseModel):
    """Configuration of TF Serving's own request log, for a build of it that has a LogCollector."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    collector: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9_./-]+$",
        description="the LogCollector in your build of TF Serving; null: none. A stock one has none, and ends"
        " at once when it is told of one",
    )
    prefix: str = Field(
        "/logs/predictions", pattern=r"^/[^\"\\\n]*$", description="of its files; `/` and the model are added"
    )
    sample: float = Field(0.1, gt=0, le=1, description="which share of the requests it gets")


class DeployConfig(BaseModel):
    """Configuration of `marquee deploy`; `marquee run` does not use it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    models: tuple[ModelName, ...] = Field(get_args(ModelName), min_length=1, description="which are served")
    models_dir: str = Field(
        "/workspace/serving_models", pattern="^/", description="where servers find them, mounted read-only"
    )
    image: str = Field("tensorflow/serving:2.19.1", description="of TF Serving")
    batching: bool = Field(
        False,
        description="TF Serving answers requests together; only with models: [ranking], as it cannot batch a"
        " scalar `k` sent beside rows",
    )
    logging: RequestLogging = RequestLogging()
    volume: str = Field("marquee-serving-models", description="the PersistentVolumeClaim of the models")
    storage: int = Field(10, ge=1, description="GiB of it")
    replicas: int = Field(2, ge=1, description="servers, at least")
    max_replicas: int = Field(6, ge=1, description="servers, at most")
    cpu: float = Field(1, gt=0, description="cores a server")
    memory: float = Field(2, gt=0, description="GiB a server")
    stale_hours: float = Field(
        48,
        gt=0,
        description="hours after which the alert `ServingStale` calls the served model old; raise it where"
        " runs are rarer than daily",
    )
    cpu_target: int = Field(70, ge=1, le=100, description="percent of its cores at which a server is added")

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
