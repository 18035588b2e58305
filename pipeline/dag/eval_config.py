"""TFMA's metrics and slices on `eval`, without thresholds (see `components.bars`)."""

# tfx first: it gives tensorflow_model_analysis its EvalConfig.
import tfx.components  # noqa: F401  isort: skip
import tensorflow_model_analysis as tfma  # isort: skip
from tensorflow_model_analysis.proto import config_pb2  # isort: skip

from trainer.data import features

#: Slices: gender and genres are features of the examples; age group and activity come from the model's own
#: `slices` signature (it knows how much each user rated in `train`).
RAW_SLICES = (features.USER_GENDER, features.MOVIE_GENRES)
MODEL_SLICES = ("age_group", "activity")


def eval_config(slices: list[str], implicit: bool = False) -> tfma.EvalConfig:
    """Returns the EvalConfig of the ranking model.

    Args:
        implicit: whether the model predicts chances of the labels 1 and 0, and not ratings.
        slices: those of RAW_SLICES and MODEL_SLICES that this data has.
    """
    model = {
        "signature_name": "serving_examples",
        "label_key": features.USER_RATING,
        "prediction_key": "",
        "preprocessing_function_names": ["slices"] if set(slices) & set(MODEL_SLICES) else [],
    }
    specs = [
        tfma.ModelSpec(name="candidate", **model),
        tfma.ModelSpec(name="baseline", is_baseline=True, **model),  # Evaluator drops it if there is none
    ]
    return tfma.EvalConfig(
        model_specs=specs,
        slicing_specs=[tfma.SlicingSpec(), *(tfma.SlicingSpec(feature_keys=[key]) for key in slices)],
        metrics_specs=[
            tfma.MetricsSpec(
                metrics=[
                    *(OF_CHANCES if implicit else OF_RATINGS),
                    _metric("Calibration", '"name": "calibration"'),
                    _metric("ExampleCount", '"name": "example_count"'),
                ]
            ),
            tfma.MetricsSpec(
                query_key=features.USER_ID,
                metrics=[
                    _metric(
                        "NDCG",
                        f'"name": "rated_ndcg", "gain_key": "{features.USER_RATING}", "top_k_list": [10]',
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
