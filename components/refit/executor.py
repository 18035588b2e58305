"""Refits if every blessing was given; otherwise marks the artifact as not refit."""

from pathlib import Path

from tfx.components.util import model_utils
from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils
from tfx.utils import path_utils

from components.inputs import files_by_split, saved_model
from components.not_refit import WHY, say_not_refit
from marquee.progress import report


class Executor(base_executor.BaseExecutor):
    """Executes Refit."""

    def Do(self, input_dict, output_dict, exec_properties) -> None:
        """See Refit."""
        model = artifact_utils.get_single_instance(output_dict["model"])
        run = Path(artifact_utils.get_single_uri(output_dict["model_run"]))
        model.set_int_custom_property("refit", 0)
        if not _blessed(input_dict):
            say_not_refit(model)
            report(WHY, 1.0)
            return
        from trainer.data.description import Description
        from trainer.refit import Refit, refit  # TensorFlow, which a refused model can do without

        base = input_dict.get("base_model")  # where it holds nothing, training starts cold, and says so
        base = path_utils.serving_model_dir(artifact_utils.get_single_uri(base)) if base else None
        refit(
            Refit(
                task=exec_properties["task"],
                mode=exec_properties["mode"],
                files=files_by_split(input_dict["examples"]),
                judged_run=Path(artifact_utils.get_single_uri(input_dict["judged_run"])),
                judged_model=saved_model(input_dict["judged_model"]),
                transform=artifact_utils.get_single_uri(input_dict["transform_graph"]),
                base_model=base,
                backup_dir=exec_properties["backup_dir"] or None,
                code=exec_properties["code_fingerprint"],
                description=Description.model_validate_json(exec_properties.get("description") or "{}"),
            ),
            path_utils.serving_model_dir(model.uri),
            run,
        )
        model.set_int_custom_property("refit", 1)


def _blessed(input_dict) -> bool:
    blessings = [artifacts for name, artifacts in input_dict.items() if name.endswith("_blessing")]
    return bool(input_dict.get("judged_model")) and all(
        artifacts and model_utils.is_model_blessed(artifact_utils.get_single_instance(artifacts))
        for artifacts in blessings
    )
