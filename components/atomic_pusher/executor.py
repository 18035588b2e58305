"""Pushes if every blessing allows it and the models were not withdrawn; otherwise records the reason."""

import logging
from pathlib import Path

from tfx.components.util import model_utils
from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils
from tfx.utils import path_utils

from components.atomic_pusher.decision import decide
from serving.contract import MODELS
from serving.versions.placement import set_content
from serving.versions.renames import recover
from serving.versions.version_sets import push_set
from trainer.training.weights import trained_folder

log = logging.getLogger(__name__)


class Executor(base_executor.BaseExecutor):
    """Executes AtomicPusher."""

    def Do(self, input_dict, output_dict, exec_properties) -> None:
        """See AtomicPusher."""
        pushed = artifact_utils.get_single_instance(output_dict["pushed_model"])
        sources = {
            name: Path(path_utils.serving_model_path(artifact_utils.get_single_uri(input_dict[name])))
            for name in MODELS
        }
        serving_models = Path(exec_properties["serving_models"])
        recover(serving_models)  # what a push killed half way left
        decision = decide(_blessings(input_dict), sources, serving_models)
        pushed.set_string_custom_property("outcome", decision.outcome)
        pushed.set_int_custom_property("pushed", int(decision.outcome in ("pushed", "served")))
        version = decision.version
        if decision.outcome == "withdrawn":
            pushed.set_string_custom_property("withdrawn_version", str(version))
            log.warning(  # the one place to read it on a cluster
                "not pushed: somebody withdrew these models, version %s; serve them again with: "
                "marquee restore recommender %s --models %s",
                *(version, version, serving_models),
            )
        if not pushed.get_int_custom_property("pushed"):
            return
        if decision.outcome == "pushed":
            trained = _trained(sources) if exec_properties.get("with_trained") else None
            keep, judged = exec_properties["keep"], _judged(input_dict)
            pushed_set = push_set(sources, serving_models, keep, trained, judged, decision.version)
            version = pushed_set["recommender"]
        pushed.set_string_custom_property("pushed_destination", str(serving_models))
        pushed.set_string_custom_property("pushed_version", str(version))
        pushed.set_string_custom_property("content", set_content(sources))


def _trained(sources: dict[str, Path]) -> dict[str, Path]:
    """Returns the folders of the models' weights and training records, by name."""
    folders = {name: trained_folder(str(source)) for name, source in sources.items()}
    return {name: folder for name, folder in folders.items() if folder.is_dir()}


def _judged(input_dict) -> dict[str, Path]:
    """Returns, by name, the judged models of refit ones that are to be pushed along."""
    given = {name: input_dict.get(f"judged_{name}") for name in MODELS}
    return {
        name: Path(path_utils.serving_model_path(artifact_utils.get_single_uri(model)))
        for name, model in given.items()
        if model
    }


def _blessings(input_dict) -> list[bool]:
    models = (key for key in input_dict if key.endswith("_blessing") and key != "infra_blessing")
    served = artifact_utils.get_single_instance(input_dict["infra_blessing"])
    return [
        *(
            model_utils.is_model_blessed(artifact_utils.get_single_instance(input_dict[key]))
            for key in models
        ),
        model_utils.is_infra_validated(served),
    ]
