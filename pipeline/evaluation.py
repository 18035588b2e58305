"""What TFMA measures on `eval`, by which slices, and the bars a model must clear."""

# tfx first: it gives tensorflow_model_analysis its EvalConfig.
import tfx.components  # noqa: F401  isort: skip
import tensorflow_model_analysis as tfma  # isort: skip
from tensorflow_model_analysis.proto import config_pb2  # isort: skip

from components.bars import ROUNDING
from pipeline.config import Bar, BlessConfig
from pipeline.ranking_metrics import RATED_NDCG
from trainer import features

#: Slices: gender and genres stand in the examples, age group and activity come from the model's own
#: `slices` signature (it knows how much each user rated in `train`).
RAW_SLICES = (features.USER_GENDER, features.MOVIE_GENRES)
MODEL_SLICES = ("age_group", "activity")


def eval_config(bless: BlessConfig, slices: list[str]) -> tfma.EvalConfig:
    """The EvalConfig of the ranking model.

    Args:
        bless: the bars.
        slices: which of RAW_SLICES and MODEL_SLICES this data has.
    """
    bars = bless.bars
    model = {
        "signature_name": "serving_examples",
        "label_key": features.USER_RATING,
        "prediction_key": "",
        "preprocessing_function_names": ["slices"] if set(slices) & set(MODEL_SLICES) else [],
    }
    specs = [
        tfma.ModelSpec(name="candidate", **model),
        tfma.ModelSpec(name="baseline", is_baseline=True, **model),  # Evaluator drops it where there is none
    ]
    return tfma.EvalConfig(
        model_specs=specs,
        slicing_specs=[tfma.SlicingSpec(), *(tfma.SlicingSpec(feature_keys=[key]) for key in slices)],
        metrics_specs=[
            tfma.MetricsSpec(
                metrics=[
                    _metric("RootMeanSquaredError", '"name": "rmse"', bars.get("rmse")),
                    _metric("MeanAbsoluteError", '"name": "mae"', bars.get("mae")),
                    _metric("Calibration", '"name": "calibration"', bars.get("calibration")),
                    _metric("ExampleCount", '"name": "example_count"', None),
                ]
            ),
            tfma.MetricsSpec(
                query_key=features.USER_ID,
                metrics=[
                    _metric(
                        "NDCG",
                        f'"name": "rated_ndcg", "gain_key": "{features.USER_RATING}", "top_k_list": [10]',
                        bars.get(RATED_NDCG),
                    )
                ],
            ),
        ],
        # No `min_slice_size`: with NDCG's query beside the plain metrics TFMA 0.52 fails on a small slice
        # ("keys {'__ERROR__'} appeared in the output of multiple evaluators").
        options=config_pb2.Options(include_default_metrics={"value": False}),
    )


def _metric(class_name: str, config: str, bar: Bar | None) -> tfma.MetricConfig:
    metric = tfma.MetricConfig(class_name=class_name, config="{" + config + "}")
    if bar is None:
        return metric
    threshold = tfma.MetricThreshold()
    if bar.min is not None:
        threshold.value_threshold.lower_bound.value = bar.min
    if bar.max is not None:
        threshold.value_threshold.upper_bound.value = bar.max
    if bar.max_increase is not None:
        threshold.change_threshold.direction = tfma.MetricDirection.LOWER_IS_BETTER
        threshold.change_threshold.absolute.value = bar.max_increase + ROUNDING
    if bar.max_decrease is not None:
        threshold.change_threshold.direction = tfma.MetricDirection.HIGHER_IS_BETTER
        threshold.change_threshold.absolute.value = -bar.max_decrease - ROUNDING
    # A plain `threshold` TFMA 0.52 holds against every slice, and among thirty one is always a little worse.
    metric.per_slice_thresholds.add(slicing_specs=[tfma.SlicingSpec()], threshold=threshold)
    return metric
