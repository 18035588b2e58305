"""Verification that an exported model, loaded as by TF Serving, answers like the trained one."""

from collections.abc import Sequence

import numpy as np

from marquee.errors import TrainingError
from trainer.export.answers import Answer
from trainer.export.saved_model import SavedModel

TOLERANCE = 1e-5


def verify_export(path: str, answers: Sequence[Answer]) -> float:
    """Sends every request to the SavedModel in a v1 session and compares the answers.

    Args:
        path: the SavedModel.
        answers: the trained model's answers.

    Returns:
        The largest difference of any number.

    Raises:
        TrainingError: a signature is missing, has other inputs or outputs, or differs by more than 1e-5.
    """
    worst = 0.0
    with SavedModel(path) as model:
        for answer in answers:
            got = model.ask(answer.signature, **answer.inputs)
            if set(got) != set(answer.outputs):
                raise TrainingError(
                    f"Signature {answer.signature} of the model at {path} gives {', '.join(sorted(got))}."
                )
            for name, wanted in answer.outputs.items():
                difference = _difference(got[name], wanted)
                if not difference <= TOLERANCE:  # NaN too
                    raise TrainingError(
                        f"The exported model at {path} differs from the trained one by {difference:.2g}: "
                        f"{answer.signature}, {name}."
                    )
                worst = max(worst, difference)
    return worst


def _difference(got: np.ndarray, wanted: np.ndarray) -> float:
    if got.shape != wanted.shape:
        return float("inf")
    if wanted.dtype == object:
        return 0.0 if np.array_equal(got, wanted) else float("inf")
    return float(np.max(np.abs(got - wanted), initial=0.0))
