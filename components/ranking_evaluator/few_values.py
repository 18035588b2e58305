"""Slices of a feature with many values are left out: there would be one evaluation for each brand."""

from pathlib import Path

# tfx first: it gives tensorflow_model_analysis its EvalConfig.
import tfx.components  # noqa: F401  isort: skip
import tensorflow_model_analysis as tfma  # isort: skip
from google.protobuf import json_format  # isort: skip

from trainer.data.description import MOST_SLICES
from trainer.export.described import Described
from trainer.training.weights import trained_folder


def with_few_values(eval_config: str, saved_model: str) -> str:
    """Returns the EvalConfig, JSON, without slices by features of more than MOST_SLICES values.

    How many values train has is known once a model was trained: it is in a file beside the weights. A model
    without that file is evaluated as configured.

    Args:
        eval_config: JSON.
        saved_model: the path of the candidate.
    """
    described = Described.read(trained_folder(str(Path(saved_model))))
    if described is None:
        return eval_config
    many = {
        described.description.name_of(key) for key, count in described.values.items() if count > MOST_SLICES
    }
    config = json_format.Parse(eval_config, tfma.EvalConfig())
    kept = [spec for spec in config.slicing_specs if not many.intersection(spec.feature_keys)]
    del config.slicing_specs[:]
    config.slicing_specs.extend(kept)
    return json_format.MessageToJson(config, sort_keys=True, preserving_proto_field_name=True, indent=0)
