"""Pushes when both blessings allow it; otherwise writes down that it did not."""

from pathlib import Path

from tfx.components.util import model_utils
from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils
from tfx.utils import path_utils

from serving import versions
from serving.placement import content, placement


class Executor(base_executor.BaseExecutor):
    """Executes AtomicPusher."""

    def Do(self, input_dict, output_dict, exec_properties) -> None:
        """See AtomicPusher."""
        pushed = artifact_utils.get_single_instance(output_dict["pushed_model"])
        blessing = artifact_utils.get_single_instance(input_dict["model_blessing"])
        infra_blessing = artifact_utils.get_single_instance(input_dict["infra_blessing"])
        if not (model_utils.is_model_blessed(blessing) and model_utils.is_infra_validated(infra_blessing)):
            pushed.set_int_custom_property("pushed", 0)
            return
        model = artifact_utils.get_single_instance(input_dict["model"])
        source = Path(path_utils.serving_model_path(model.uri))
        serving_models, name = Path(exec_properties["serving_models"]), exec_properties["model_name"]
        place = placement(source, serving_models, name)
        if place.withdrawn and not place.in_front:  # somebody rolled it back: not ours to undo
            pushed.set_int_custom_property("pushed", 0)
            return
        version = place.version
        if not place.in_front:
            version = versions.push(source, serving_models, name, keep=exec_properties["keep"])
        pushed.set_int_custom_property("pushed", 1)
        pushed.set_string_custom_property("pushed_destination", str(serving_models / name / str(version)))
        pushed.set_string_custom_property("pushed_version", str(version))
        pushed.set_string_custom_property("content", content(source))
