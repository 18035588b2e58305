"""Transforms of features before the model: functions for `tf.data`'s map, and layers."""

from trainer.models.transforms.broadcast import broadcast_to_sequence
from trainer.models.transforms.hashed_crosses import HashedCrosses
from trainer.models.transforms.lists import as_dense, as_ragged, as_sparse
from trainer.models.transforms.sequence_masking import apply_mask, mask_last, mask_random
from trainer.models.transforms.sequence_targets import predict_last, predict_next, predict_random
from trainer.models.transforms.swap_noise import SwapNoise

__all__ = [
    "HashedCrosses",
    "SwapNoise",
    "apply_mask",
    "as_dense",
    "as_ragged",
    "as_sparse",
    "broadcast_to_sequence",
    "mask_last",
    "mask_random",
    "predict_last",
    "predict_next",
    "predict_random",
]
