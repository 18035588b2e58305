"""Copies the served version, or the judged model in it, or marks the artifact as empty."""

import os
import shutil
from pathlib import Path

from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils
from tfx.utils import io_utils, path_utils

from serving.versions.placement import front
from serving.versions.renames import recover
from serving.versions.version_sets import JUDGED, TRAINED
from serving.versions.versions import version_folder
from trainer.training.weights import trained_folder


class Executor(base_executor.BaseExecutor):
    """Executes ModelInFront."""

    def Do(self, input_dict, output_dict, exec_properties) -> None:
        """See ModelInFront."""
        model = artifact_utils.get_single_instance(output_dict["model"])
        models, name = Path(exec_properties["serving_models"]), exec_properties["name"]
        recover(models)  # what a push killed half way left
        version = front(models, name)
        if version is None:
            io_utils.write_string_file(os.path.join(model.uri, "NOTHING_IS_PUSHED"), "")
            return
        copy = Path(path_utils.serving_model_dir(model.uri))
        served = version_folder(models, name, version)
        inside = served / JUDGED
        wanted = inside if exec_properties.get("judged") and inside.is_dir() else served
        shutil.copytree(wanted, copy, dirs_exist_ok=True, ignore=shutil.ignore_patterns(JUDGED.name))
        if (copy / TRAINED).is_dir():
            (copy / TRAINED).rename(trained_folder(str(copy)))
        model.set_string_custom_property("pushed_version", str(version))
