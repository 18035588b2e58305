"""Writes the schema's text to the artifact."""

import os

from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils
from tfx.utils import io_utils


class Executor(base_executor.BaseExecutor):
    """Executes CommittedSchema."""

    def Do(self, input_dict, output_dict, exec_properties) -> None:
        """See CommittedSchema."""
        folder = artifact_utils.get_single_uri(output_dict["schema"])
        io_utils.write_string_file(os.path.join(folder, "schema.pbtxt"), exec_properties["text"])
