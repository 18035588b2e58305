"""The sums by hand, and against TFMA's own combiners where they have rules of their own."""

import math

import numpy as np
import pytest

# tfx first: it gives tensorflow_model_analysis its EvalConfig.
import tfx.components  # noqa: F401  isort: skip
import tensorflow_model_analysis as tfma  # isort: skip
from tensorflow_model_analysis.metrics.metric_types import MetricComputation, StandardMetricInputs  # isort: skip

from components.ranking_evaluator.eval_rows import EvalRows, Groups
from components.ranking_evaluator.measures import MEASURES, ndcg_of_users
from components.ranking_evaluator.slice_sums import known, slice_metrics
from pipeline.dag.eval_config import Slices, eval_config


def groups(*members: list[int]) -> Groups:
    pairs = [(row, group) for group, rows in enumerate(members) for row in rows]
    row, group = np.array(pairs, np.int32).T
    return Groups(list("abcdef"[: len(members)]), row, group)


def measured(name: str, labels, predicted, *members, **options) -> list[float]:
    columns = (np.array(column, np.float32) for column in (labels, predicted))
    return MEASURES[name](groups(*members), *columns, **options).tolist()


def test_errors_by_hand():
    labels, predicted = [1, 2, 4, 5], [2, 2, 1, 3]  # errors 1, 0, 3, 2
    of = [0, 1], [1, 2, 3], [3]

    assert measured("RootMeanSquaredError", labels, predicted, *of) == pytest.approx(
        [math.sqrt(1 / 2), math.sqrt(13 / 3), 2]
    )
    assert measured("MeanAbsoluteError", labels, predicted, *of) == pytest.approx([0.5, 5 / 3, 2])
    assert measured("Calibration", labels, predicted, *of) == pytest.approx([4 / 3, 6 / 11, 3 / 5])
    assert measured("ExampleCount", labels, predicted, *of) == [2, 3, 1]


def test_nan_and_labels_of_nothing():
    labels, predicted = [1, 2, 0], [math.nan, 3, 1]
    of = [0, 1], [0], [2]

    assert measured("MeanAbsoluteError", labels, predicted, *of) == pytest.approx(
        [1, math.nan, 1], nan_ok=True
    )
    for name in ("RootMeanSquaredError", "Calibration"):
        assert all(map(math.isnan, measured(name, labels, predicted, *of)[:2]))
    assert math.isnan(measured("Calibration", labels, predicted, *of)[2])


def test_log_loss_by_hand_and_without_a_smallest_chance():
    found = measured("BinaryCrossEntropy", [1, 0, 1, 0], [0.8, 0.1, 0, 0], [0, 1], [2], [3])

    assert found[0] == pytest.approx(-(math.log(0.8) + math.log(0.9)) / 2)
    assert found[1] == math.inf
    assert math.isnan(found[2])  # 0 log 0, as TFMA has it


def test_auc_by_hand():
    # Of the 2 x 2 pairs one is in the wrong order, and one is a tie.
    assert measured("AUC", [1, 1, 0, 0], [0.9, 0.4, 0.6, 0.4], [0, 1, 2, 3]) == pytest.approx([2.5 / 4])
    assert measured("AUC", [1, 1, 0, 0], [0.9, 0.8, 0.2, 0.1], [0, 1, 2, 3], [0, 1]) == [1.0, 0.0]
    assert math.isnan(measured("AUC", [1, 0], [math.nan, 0.5], [0, 1])[0])


@pytest.mark.parametrize("thresholds", [10_000, 200, 3])
def test_auc_is_that_of_tfmas_histogram(thresholds):
    random = np.random.default_rng(0)
    # On the borders of buckets and thresholds, outside of [0, 1], and anywhere.
    chances = np.concatenate(
        [
            random.random(500),
            random.integers(0, 10_001, 500) / 10_000,
            random.integers(0, thresholds, 500) / (thresholds - 1),
            [0, 1, -0.5, 1.5, -1e-8, 1 + 1e-8, 1e-5],
        ]
    ).astype(np.float32)
    labels = (random.random(len(chances)) < 0.3 + 0.4 * chances).astype(np.float32)

    found = measured("AUC", labels, chances, range(len(labels)), num_thresholds=thresholds)

    metrics = by_tfma(tfma.metrics.AUC(num_thresholds=thresholds, name="auc"), labels, chances)
    assert found == pytest.approx([metrics["auc"]], abs=1e-12)


@pytest.mark.parametrize(
    ("name", "metric"),
    [
        ("MeanAbsoluteError", tfma.metrics.MeanAbsoluteError(name="m")),
        ("Calibration", tfma.metrics.Calibration(name="m")),
        ("BinaryCrossEntropy", tfma.metrics.BinaryCrossEntropy(name="m")),
        ("ExampleCount", tfma.metrics.ExampleCount(name="m")),
    ],
)
def test_other_metrics_are_those_of_tfmas_combiners(name, metric):
    random = np.random.default_rng(1)
    labels, predicted = random.integers(0, 2, 300), random.random(300)

    found = measured(name, labels, predicted, range(300))

    assert found == pytest.approx([by_tfma(metric, labels, predicted)["m"]], rel=1e-7)


def by_tfma(metric: tfma.metrics.Metric, labels, predicted) -> dict[str, float]:
    """The metrics of TFMA's own combiners, in one bundle of rows."""
    found = {}
    for computation in metric.computations(model_names=[""]):
        if isinstance(computation, MetricComputation):
            combiner = computation.combiner
            rows = combiner.create_accumulator()
            for label, value in zip(labels, predicted, strict=True):
                extracts = {
                    "labels": np.array([label], np.float32),
                    "predictions": np.array([value], np.float32),
                }
                rows = combiner.add_input(rows, StandardMetricInputs(extracts))
            found |= combiner.extract_output(rows)
        else:
            found |= computation.result(found)
    return {key.name: value for key, value in found.items()}


def test_tfma_counts_the_first_of_several_bundles_twice_and_the_sums_do_not():
    """Why `mae` and `log_loss` of TFMA are not compared where Beam makes several bundles: TFMA 0.52."""
    [computation] = tfma.metrics.MeanAbsoluteError(name="mae").computations(model_names=[""])
    combiner = computation.combiner
    bundles = []
    for error in (4.0, 1.0):
        extracts = {"labels": np.zeros(1, np.float32), "predictions": np.array([error], np.float32)}
        bundles.append(combiner.add_input(combiner.create_accumulator(), StandardMetricInputs(extracts)))

    [of_tfma] = combiner.extract_output(combiner.merge_accumulators(bundles)).values()

    assert of_tfma == pytest.approx((4 + 4 + 1) / 3)
    assert measured("MeanAbsoluteError", [0, 0], [4, 1], [0, 1]) == [2.5]


def test_ndcg_by_hand():
    user, gains = np.array([0, 1, 0, 0, 2]), np.array([1.0, 2, 3, 2, 0], np.float32)
    found = ndcg_of_users(user, gains, np.array([0.1, 0.5, 0.2, 0.3, 0.9], np.float32), 10)

    ideal = 3 + 2 / math.log2(3) + 1 / 2
    assert found == pytest.approx([(2 + 3 / math.log2(3) + 1 / 2) / ideal, 1, 0])
    assert ndcg_of_users(user, gains, np.array([0.1, 0.5, 0.2, 0.3, 0.9], np.float32), 1) == pytest.approx(
        [2 / 3, 1, 0]
    )


def test_a_slice_has_the_whole_of_each_of_its_users_in_ndcg_and_only_its_rows_in_errors():
    rows = EvalRows(
        user=np.array([0, 0, 1, 2], np.int32),
        pairs=np.zeros(4, np.uint64),
        stars=np.array([1, 5, 4, 0], np.float32),
        predicted={
            "candidate": np.array([2, 1, 4, 3], np.float32),
            "baseline": np.array([1, 5, 3, 3], np.float32),
        },
        groups={"genre": Groups(["War", "Drama"], np.array([0, 2, 1, 3]), np.array([0, 0, 1, 1]))},
    )
    config = tfma.utils.update_eval_config_with_defaults(eval_config(Slices(("genre",))), has_baseline=True)

    found = {
        key: {(each.name, each.model_name, each.is_diff): value for each, value in metrics.items()}
        for key, metrics in slice_metrics(rows, config)
    }

    worst = (1 + 5 / math.log2(3)) / (5 + 1 / math.log2(3))  # user 0's films in the wrong order
    war, drama = found[(("genre", "War"),)], found[(("genre", "Drama"),)]
    assert war["rated_ndcg", "candidate", False] == pytest.approx((worst + 1) / 2)
    assert war["rated_ndcg", "candidate", True] == pytest.approx((worst - 1) / 2)
    assert drama["rated_ndcg", "candidate", False] == pytest.approx(worst)  # user 2 has no gain to order
    assert drama["mae", "candidate", False] == pytest.approx((4 + 3) / 2)
    assert drama["mae", "candidate", True] == pytest.approx((4 + 3) / 2 - 3 / 2)
    assert found[()]["example_count", "baseline", False] == 4
    assert ("mae", "baseline", True) not in found[()]


@pytest.mark.parametrize(
    "change",
    [
        lambda config: config.metrics_specs[0].metrics.append(tfma.MetricConfig(class_name="MeanLabel")),
        lambda config: config.slicing_specs.append(tfma.SlicingSpec(feature_keys=["a", "b"])),
        lambda config: config.slicing_specs.append(tfma.SlicingSpec(feature_values={"a": "b"})),
        lambda config: setattr(config.options.compute_confidence_intervals, "value", True),
        lambda config: setattr(config.options.include_default_metrics, "value", True),
        lambda config: setattr(config.model_specs[0], "example_weight_key", "weight"),
        lambda config: setattr(config.model_specs[0], "prediction_key", "score"),
        lambda config: setattr(config.metrics_specs[1], "query_key", "movie_id"),
        lambda config: setattr(
            config.metrics_specs[0].metrics[0], "config", '{"name": "x", "dtype": "float64"}'
        ),
    ],
)
def test_what_the_sums_know(change):
    config = eval_config(Slices(("user_gender",), ("activity",)))
    assert known(config)
    assert known(eval_config(Slices(), implicit=True))

    change(config)

    assert not known(config)
