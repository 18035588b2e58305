"""What an evaluator leaves: JSON files, and a blessing as TFX's own Evaluator writes it."""

import json
import os
from typing import Any

from tfx.components.evaluator import constants
from tfx.dsl.io import fileio
from tfx.types import artifact_utils
from tfx.utils import io_utils

from components.baseline import BASELINE


def bless(input_dict, output_dict, exec_properties, blessed: bool) -> None:
    """Writes the file and the properties of TFX's Evaluator to the output `blessing`.

    Args:
        input_dict, output_dict, exec_properties: the executor's; `model`, and maybe a baseline, are inputs.
        blessed: whether the model may be pushed.
    """
    blessing = artifact_utils.get_single_instance(output_dict["blessing"])
    model = artifact_utils.get_single_instance(input_dict["model"])
    blessing.set_string_custom_property(constants.ARTIFACT_PROPERTY_CURRENT_MODEL_URI_KEY, model.uri)
    blessing.set_int_custom_property(constants.ARTIFACT_PROPERTY_CURRENT_MODEL_ID_KEY, model.id)
    if input_dict.get(BASELINE):
        baseline = artifact_utils.get_single_instance(input_dict[BASELINE])
        blessing.set_string_custom_property(constants.ARTIFACT_PROPERTY_BASELINE_MODEL_URI_KEY, baseline.uri)
        blessing.set_int_custom_property(constants.ARTIFACT_PROPERTY_BASELINE_MODEL_ID_KEY, baseline.id)
    if "current_component_id" in exec_properties:
        blessing.set_string_custom_property("component_id", exec_properties["current_component_id"])
    file = constants.BLESSED_FILE_NAME if blessed else constants.NOT_BLESSED_FILE_NAME
    io_utils.write_string_file(os.path.join(blessing.uri, file), "")
    blessing.set_int_custom_property(
        constants.ARTIFACT_PROPERTY_BLESSED_KEY,
        constants.BLESSED_VALUE if blessed else constants.NOT_BLESSED_VALUE,
    )


def write_json(path: str, content: dict[str, Any]) -> None:
    """Writes a file as a whole or not at all.

    Raises:
        ValueError: a number is NaN or infinite, which is no JSON.
    """
    part = f"{path}.part"
    io_utils.write_string_file(part, json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False))
    fileio.rename(part, path, overwrite=True)
