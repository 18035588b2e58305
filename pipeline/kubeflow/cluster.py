"""Cluster as the place of a pipeline, without resolvers, and without a disk except for pushed models."""

from collections.abc import Mapping

from tfx.dsl.components.base.base_node import BaseNode
from tfx.orchestration.data_types import RuntimeParameter
from tfx.types import BaseChannel

from components.committed_schema import CommittedSchema
from components.kept_statistics import KeepStatistics, PreviousStatistics
from components.model_in_front import ModelInFront
from pipeline.config.kubeflow import KubeflowConfig
from pipeline.dag.place import Found, Gate

#: Parameters of the compiled pipeline, which a submission may set.
DATA, SERVING_MODELS = "data", "serving_models"


class Cluster:
    """Place on Kubeflow or Vertex. See `pipeline.dag.place.Place`.

    Open-source Kubeflow has no resolvers ("resolver not implemented yet", says its compiler), and Vertex's
    look for the latest blessing of any model. So the last blessed model is the one that is pushed, and what
    it learned is pushed with it; where a refit model is served, the judged one travels inside its version.
    The last statistics are those that were kept beside.
    """

    metadata = None  # the cluster has its own
    push_trained = True

    def __init__(self, config: KubeflowConfig):
        self.root = config.pipeline_root
        self.serving_models = RuntimeParameter(name=SERVING_MODELS, ptype=str)

    def schema(self, text: str) -> Found:
        schema = CommittedSchema(text=text).with_id("Schema")
        return Found([schema], schema.outputs["schema"])

    def previous_statistics(self, statistics: BaseChannel, validator: str) -> Found:
        previous = PreviousStatistics(serving_models=self.serving_models)
        return Found([previous], previous.outputs["statistics"])

    def keep_statistics(self, statistics: BaseChannel) -> list[BaseNode]:
        return [KeepStatistics(statistics=statistics, serving_models=self.serving_models)]

    def base_model(self, task: str, trainer: str, examples: BaseChannel | None, or_refit: str) -> Found:
        return self._in_front(task, f"Base{task.capitalize()}", judged=not or_refit)

    def refit_base(self, task: str, node: str, examples: BaseChannel | None) -> Found:
        return self._in_front(task, f"Base{task.capitalize()}Refit", judged=False)

    def gate(self, models: Mapping[str, BaseChannel], blessings: Mapping[str, BaseChannel]) -> Gate:
        return Gate([], models, blessings)

    def last_blessed(self, task: str, model: BaseChannel) -> Found:
        return self._in_front(task, f"LastBlessed{task.capitalize()}", judged=True)

    def _in_front(self, task: str, node: str, *, judged: bool) -> Found:
        model = ModelInFront(serving_models=self.serving_models, name=task, judged=judged).with_id(node)
        return Found([model], model.outputs["model"])

    def resume_folder(self, key: str) -> None:
        return None
