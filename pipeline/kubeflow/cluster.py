"""A cluster as the place of a pipeline: no resolvers, no disk that outlives a task, only what is pushed."""

from tfx.orchestration.data_types import RuntimeParameter
from tfx.types import BaseChannel

from components.committed_schema import CommittedSchema
from components.model_in_front import ModelInFront
from pipeline.kubeflow.config import KubeflowConfig
from pipeline.place import NOTHING, Found
from trainer.errors import ConfigError

#: Parameters of the compiled pipeline, which a submission may set.
DATA, SERVING_MODELS = "data", "serving_models"


class Cluster:
    """Kubeflow or Vertex. See `pipeline.place.Place`.

    Open-source Kubeflow has no resolvers ("resolver not implemented yet", says its compiler), and Vertex's
    look for the latest blessing of any model. So the last blessed model is the one that is pushed, and
    statistics are compared with the schema alone.
    """

    metadata = None  # the cluster has its own

    def __init__(self, config: KubeflowConfig):
        self.root = config.pipeline_root
        self.serving_models = RuntimeParameter(name=SERVING_MODELS, ptype=str)

    def schema(self, text: str) -> Found:
        schema = CommittedSchema(text=text).with_id("Schema")
        return Found([schema], schema.outputs["schema"])

    def previous_statistics(self, statistics: BaseChannel) -> Found:
        return NOTHING

    def base_model(self, task: str, trainer: str, examples: BaseChannel | None) -> Found:
        raise ConfigError(
            "warm_start: a compiled pipeline cannot start from the last models: what they learned is not "
            "pushed with them",
            "Compile with --set warm_start=false.",
        )

    def last_blessed(self, task: str, model: BaseChannel) -> Found:
        last = ModelInFront(serving_models=self.serving_models, name=task)
        last = last.with_id(f"LastBlessed{task.capitalize()}")
        return Found([last], last.outputs["model"])

    def resume_folder(self, key: str) -> None:
        return None

    def disturbed(self, pipeline: str) -> str:
        return ""
