"""What training a blend found: the weights of its parts, and how long each was trained."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True)
class Blended:
    """What a later training of the same blend on other data repeats.

    Attributes:
        weights: what each part counts, by its name.
        scale: the standard deviation of the blend's scores, were those of its parts equal.
        epochs: the number of the best epoch of each part, from 1.
        scores: the value of the monitored metric on eval, of each part alone; empty if there was no eval.
    """

    weights: Mapping[str, float]
    scale: float
    epochs: Mapping[str, int]
    scores: Mapping[str, float]

    @classmethod
    def of_report(cls, training: Mapping[str, Any]) -> Self | None:
        """Returns what a `training.json` says; None if the model is no blend."""
        said = training.get("blend")
        return cls(**said) if said else None


def repeated(training: Mapping[str, Any], from_nothing: bool) -> dict[str, Any]:
    """Returns the options of a training on other data that repeats the one of this `training.json`.

    Args:
        training: the facts of the training to repeat.
        from_nothing: whether all epochs are trained, since that training began from an earlier model's
            weights and this one does not.
    """
    epochs = training["settings"]["train"]["epochs"] if from_nothing else training["best_epoch"]
    blend = Blended.of_report(training)
    if blend is None:
        return {"passes": epochs}
    if from_nothing:
        blend = Blended(blend.weights, blend.scale, {}, blend.scores)
    return {"passes": epochs, "blend": blend}
