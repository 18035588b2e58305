"""An evaluation without TFMA's pipeline: the rows are read once, and TFMA's files hold vectorised sums."""

from collections.abc import Mapping, Sequence

# tfx first: it gives tensorflow_model_analysis its EvalConfig.
import tfx.components  # noqa: F401  isort: skip
import tensorflow_model_analysis as tfma  # isort: skip
from google.protobuf import json_format  # isort: skip

from components.ranking_evaluator import tfma_files
from components.ranking_evaluator.eval_rows import EvalRows
from components.ranking_evaluator.slice_sums import known, slice_metrics
from trainer.data.description import RATINGS, Description


def summed(
    folder: str,
    eval_config: str,
    models: Mapping[str, str],
    patterns: Sequence[str],
    description: Description = RATINGS,
) -> EvalRows | None:
    """Evaluates models and writes TFMA's files.

    Args:
        folder: where to write.
        eval_config: JSON, as TFX's Evaluator takes it.
        models: the folders of the SavedModels: the `candidate`'s, and maybe the `baseline`'s.
        patterns: glob patterns of the files of tf.Examples.
        description: the description of the data.

    Returns:
        the rows, by the models' names as in `models`; None, and nothing written, where the EvalConfig asks
        for more than the sums know.
    """
    config = tfma.utils.update_eval_config_with_defaults(
        json_format.Parse(eval_config, tfma.EvalConfig()), has_baseline=len(models) > 1, rubber_stamp=True
    )
    tfma.utils.verify_eval_config(config)
    if not known(config, description.names):
        return None
    sliced = [key for spec in config.slicing_specs for key in spec.feature_keys]
    asked = any(spec.preprocessing_function_names for spec in config.model_specs)
    rows = EvalRows.read(models, patterns, sliced, asked, description)
    tfma_files.write(folder, config, slice_metrics(rows, config), models)
    return rows
