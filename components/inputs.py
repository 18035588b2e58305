"""Access to executors' inputs: the example files of a split, and the SavedModel of a model artifact."""

from collections.abc import Sequence

from tfx import types
from tfx.types import artifact_utils
from tfx.utils import io_utils, path_utils

from trainer.data import features


def split_files(examples: Sequence[types.Artifact], split: str) -> list[str]:
    """Returns glob patterns of the example files of one split."""
    return [io_utils.all_files_pattern(uri) for uri in artifact_utils.get_split_uris(examples, split)]


def files_by_split(examples: Sequence[types.Artifact]) -> dict[str, list[str]]:
    """Returns the patterns of all existing splits, in the order train, eval, test."""
    there = artifact_utils.decode_split_names(examples[0].split_names)
    return {split: split_files(examples, split) for split in features.SPLITS if split in there}


def saved_model(model: Sequence[types.Artifact]) -> str:
    """Returns the folder of the SavedModel in a model artifact."""
    return path_utils.serving_model_path(artifact_utils.get_single_uri(model))
