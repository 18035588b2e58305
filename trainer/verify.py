"""Whether an exported model answers as the trained one does, loaded as TF Serving loads it."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from trainer.answers import Answer
from trainer.errors import TrainingError

TOLERANCE = 1e-5


def verify_export(path: str, answers: Sequence[Answer]) -> float:
    """Puts every question to the SavedModel in a v1 session.

    Args:
        path: the SavedModel.
        answers: the trained model's.

    Returns:
        The largest difference of any number.

    Raises:
        TrainingError: a signature is not there, has other outputs, or differs by more than 1e-5.
    """
    worst = 0.0
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        signatures = tf.compat.v1.saved_model.loader.load(session, ["serve"], path).signature_def
        for answer in answers:
            if answer.signature not in signatures:
                raise TrainingError(f"The exported model at {path} has no signature {answer.signature}.")
            signature = signatures[answer.signature]
            if set(signature.outputs) != set(answer.outputs):
                outputs = ", ".join(sorted(signature.outputs))
                raise TrainingError(f"Signature {answer.signature} of the model at {path} gives {outputs}.")
            feed = {signature.inputs[name].name: values for name, values in answer.inputs.items()}
            got = session.run({name: info.name for name, info in signature.outputs.items()}, feed)
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
