"""Files and properties of a blessing, as TFX's Evaluator writes them."""

import os

from tfx.components.evaluator import constants
from tfx.types import artifact_utils
from tfx.utils import io_utils


def bless(input_dict, output_dict, exec_properties, blessed: bool) -> None:
    """Writes the `blessing` of an evaluator's `model`, and which `baseline_model` it was compared with."""
    blessing = artifact_utils.get_single_instance(output_dict["blessing"])
    model = artifact_utils.get_single_instance(input_dict["model"])
    blessing.set_string_custom_property(constants.ARTIFACT_PROPERTY_CURRENT_MODEL_URI_KEY, model.uri)
    blessing.set_int_custom_property(constants.ARTIFACT_PROPERTY_CURRENT_MODEL_ID_KEY, model.id)
    if input_dict.get("baseline_model"):
        baseline = artifact_utils.get_single_instance(input_dict["baseline_model"])
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
