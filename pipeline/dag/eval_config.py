"""TFMA's metrics and slices on `eval`, without thresholds (see `components.bars`)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

# tfx first: it gives tensorflow_model_analysis its EvalConfig.
import tfx.components  # noqa: F401  isort: skip
import tensorflow_model_analysis as tfma  # isort: skip
from tensorflow_model_analysis.proto import config_pb2  # isort: skip

from trainer.data.description import Description, Owner
from trainer.data.names import Names

ACTIVITY = "activity"


@dataclass(frozen=True)
class Slices:
    """What TFMA slices by.

    Attributes:
        raw: features of the examples.
        of_model: outputs of the model's own `slices` signature: bins of numbers, and `activity` (it knows how
            much each user rated in `train`).
    """

    raw: Sequence[str] = ()
    of_model: Sequence[str] = ()

    @classmethod
    def of(cls, description: Description, there: Collection[str] | None = None) -> "Slices":
        """Returns the slices of described data.

        The evaluator leaves out those of too many words (`components.ranking_evaluator`).

        Args:
            description: the description of the data.
            there: the features that the examples have; None: all.
        """

        def named(owner: Owner, *types: str) -> list[str]:
            keys = [key for each in types for key in description.sliced(owner, each)]
            examples = description.in_examples()
            return [
                key
                for key in keys
                if key in examples and (there is None or description.name_of(key) in there)
            ]

        words = [*named("user", "category"), *named("item", "categories", "category")]
        numbers = [*named("user", "number"), *named("item", "number")]
        return cls(
            tuple(description.name_of(key) for key in words),
            (*(description.slice_of(key) for key in numbers), ACTIVITY),
        )


def eval_config(slices: Slices, implicit: bool = False, names: Names | None = None) -> tfma.EvalConfig:
    """Returns the EvalConfig of the ranking model.

    Args:
        slices: what is sliced by.
        implicit: whether the model predicts chances of the labels 1 and 0, and not ratings.
        names: what the examples call users and ratings; None: as in MovieLens.
    """
    names = names or Names()
    model = {
        "signature_name": "serving_examples",
        "label_key": names.rating,
        "prediction_key": "",
        "preprocessing_function_names": ["slices"] if slices.of_model else [],
    }
    specs = [
        tfma.ModelSpec(name="candidate", **model),
        tfma.ModelSpec(name="baseline", is_baseline=True, **model),  # Evaluator drops it if there is none
    ]
    return tfma.EvalConfig(
        model_specs=specs,
        slicing_specs=[
            tfma.SlicingSpec(),
            *(tfma.SlicingSpec(feature_keys=[key]) for key in (*slices.raw, *slices.of_model)),
        ],
        metrics_specs=[
            tfma.MetricsSpec(
                metrics=[
                    *(OF_CHANCES if implicit else OF_RATINGS),
                    _metric("Calibration", '"name": "calibration"'),
                    _metric("ExampleCount", '"name": "example_count"'),
                ]
            ),
            tfma.MetricsSpec(
                query_key=names.user,
                metrics=[
                    _metric(
                        "NDCG",
                        f'"name": "rated_ndcg", "gain_key": "{names.rating}", "top_k_list": [10]',
                    )
                ],
            ),
        ],
        # No `min_slice_size`: with NDCG's query beside the plain metrics TFMA 0.52 fails on a small slice
        # ("keys {'__ERROR__'} appeared in the output of multiple evaluators").
        options=config_pb2.Options(include_default_metrics={"value": False}),
    )


def _metric(class_name: str, config: str) -> tfma.MetricConfig:
    return tfma.MetricConfig(class_name=class_name, config="{" + config + "}")


OF_RATINGS = (
    _metric("RootMeanSquaredError", '"name": "rmse"'),
    _metric("MeanAbsoluteError", '"name": "mae"'),
)
OF_CHANCES = (
    _metric("BinaryCrossEntropy", '"name": "log_loss"'),
    _metric("AUC", '"name": "auc", "num_thresholds": 10000'),
)
