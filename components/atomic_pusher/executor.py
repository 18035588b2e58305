"""Pushes when every blessing allows it; otherwise writes down that it did not."""

from pathlib import Path

from tfx.components.util import model_utils
from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils
from tfx.utils import path_utils

from serving.contract import MODELS
from serving.placement import placement, set_content
from serving.version_sets import push_set
from trainer.trained import trained_folder


class Executor(base_executor.BaseExecutor):
    """Executes AtomicPusher."""

    def Do(self, input_dict, output_dict, exec_properties) -> None:
        """See AtomicPusher."""
        pushed = artifact_utils.get_single_instance(output_dict["pushed_model"])
        pushed.set_int_custom_property("pushed", 0)
        if not _allowed(input_dict):
            return
        sources = {
            name: Path(path_utils.serving_model_path(artifact_utils.get_single_uri(input_dict[name])))
            for name in MODELS
        }
        serving_models = Path(exec_properties["serving_models"])
        place = placement(sources, serving_models)
        if place.withdrawn and not place.in_front:  # somebody rolled it back: not ours to undo
            return
        version = place.version
        if not place.in_front:
            trained = _trained(sources) if exec_properties.get("with_trained") else None
            keep, judged = exec_properties["keep"], _judged(input_dict)
            version = push_set(sources, serving_models, keep, trained, judged)["recommender"]
        pushed.set_int_custom_property("pushed", 1)
        pushed.set_string_custom_property("pushed_destination", str(serving_models))
        pushed.set_string_custom_property("pushed_version", str(version))
        pushed.set_string_custom_property("content", set_content(sources))


def _trained(sources: dict[str, Path]) -> dict[str, Path]:
    """By name, where the weights lie of those models that have any; a recommender has none of its own."""
    folders = {name: trained_folder(str(source)) for name, source in sources.items()}
    return {name: folder for name, folder in folders.items() if folder.is_dir()}


def _judged(input_dict) -> dict[str, Path]:
    """By name, the judged models that refit ones were made after, where they are to travel along."""
    given = {name: input_dict.get(f"judged_{name}") for name in MODELS}
    return {
        name: Path(path_utils.serving_model_path(artifact_utils.get_single_uri(model)))
        for name, model in given.items()
        if model
    }


def _allowed(input_dict) -> bool:
    blessings = (input_dict[f"{name}_blessing"] for name in MODELS)
    return all(
        model_utils.is_model_blessed(artifact_utils.get_single_instance(blessing)) for blessing in blessings
    ) and model_utils.is_infra_validated(artifact_utils.get_single_instance(input_dict["infra_blessing"]))
