"""Output layers: each maps the last hidden vector to a prediction and defines the loss.

Each has `call(hidden)`, the prediction, and `loss(hidden, labels, sample_weight)`, a scalar that weighs rows
by `sample_weight`, [B] or None, and updates the output's metrics.
"""

from trainer.models.outputs.categorical import CategoricalOutput
from trainer.models.outputs.contrastive import ContrastiveOutput
from trainer.models.outputs.single import BinaryOutput, RegressionOutput

__all__ = ["BinaryOutput", "CategoricalOutput", "ContrastiveOutput", "RegressionOutput"]
