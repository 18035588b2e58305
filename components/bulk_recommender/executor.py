"""Requests recommendations for all users of the model and writes both forms to one artifact."""

from pathlib import Path

from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils
from tfx.utils import path_utils

from marquee.progress import report
from serving.bulk.bulk import BulkRequest, bulk


class Executor(base_executor.BaseExecutor):
    """Executes BulkRecommender."""

    def Do(self, input_dict, output_dict, exec_properties) -> None:
        """See BulkRecommender."""
        pushed = artifact_utils.get_single_instance(input_dict["pushed_model"])
        if not pushed.get_int_custom_property("pushed"):
            return
        bulk(
            Path(path_utils.serving_model_path(artifact_utils.get_single_uri(input_dict["model"]))),
            Path(artifact_utils.get_single_uri(output_dict["inference_result"])),
            BulkRequest(
                k=exec_properties["k"], exclude_seen=bool(exec_properties["exclude_seen"]), format="both"
            ),
            on_progress=lambda done, of: report(f"{done:,} of {of:,} users", done / of),
        )
