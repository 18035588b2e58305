"""TFMA's metrics of every slice by TFMA's keys, where an EvalConfig asks for nothing that the sums lack."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np

# tfx first: it gives tensorflow_model_analysis its EvalConfig.
import tfx.components  # noqa: F401  isort: skip
import tensorflow_model_analysis as tfma  # isort: skip
from tensorflow_model_analysis.metrics.metric_types import MetricKey, SubKey  # isort: skip

from components.ranking_evaluator.eval_rows import EvalRows, Groups
from components.ranking_evaluator.measures import MEASURES, ndcg_of_users, ratio
from trainer.data.names import Names

SliceMetrics = tuple[tuple[tuple[str, Any], ...], dict[MetricKey, Any]]

MOVIELENS = Names()


def known(config: tfma.EvalConfig, names: Names = MOVIELENS) -> bool:
    """Tells whether these sums give all that an EvalConfig asks for; TFMA gives the rest.

    Args:
        config: with TFMA's defaults filled in.
        names: what the examples call users and ratings.
    """
    options = {field.name for field, _ in config.options.ListFields()}
    return (
        not config.cross_slicing_specs
        and options <= {"include_default_metrics", "disabled_outputs"}
        and not config.options.disabled_outputs.values
        and config.options.HasField("include_default_metrics")
        and not config.options.include_default_metrics.value
        and all(_known_model(spec, names) for spec in config.model_specs)
        and all(len(spec.feature_keys) <= 1 and not spec.feature_values for spec in config.slicing_specs)
        and all(
            _only(spec, "metrics", "model_names", "query_key")
            and all(_known_metric(metric, spec.query_key, names) for metric in spec.metrics)
            for spec in config.metrics_specs
        )
    )


def slice_metrics(rows: EvalRows, config: tfma.EvalConfig) -> Iterator[SliceMetrics]:
    """Returns the metrics of every slice as TFMA's own writers take them: slice key, value by MetricKey.

    Args:
        rows: all rows of `eval`.
        config: with TFMA's defaults filled in, and `known`.
    """
    baseline = next((spec.name for spec in config.model_specs if spec.is_baseline), None)
    every = np.arange(len(rows.user), dtype=np.int32)
    measured = _Measured(rows)
    for feature in [next(iter(spec.feature_keys), None) for spec in config.slicing_specs] or [None]:
        groups = rows.groups[feature] if feature else Groups([None], every, np.zeros_like(every))
        columns = measured.columns(groups, config)
        if baseline:
            columns |= {
                key.make_diff_key(): values - columns[key.make_baseline_key(baseline)]
                for key, values in columns.items()
                if key.model_name != baseline
            }
        for place, value in enumerate(groups.values):
            slice_key = ((feature, value),) if feature else ()
            yield slice_key, {key: float(values[place]) for key, values in columns.items()}


class _Measured:
    """Measures slices, and keeps each model's NDCG by user, which all slices share."""

    def __init__(self, rows: EvalRows):
        self._rows = rows
        self._ndcg: dict[tuple[str, int], np.ndarray] = {}
        gains = np.full(int(rows.user.max()) + 1, -np.inf)
        np.maximum.at(gains, rows.user, rows.stars)
        self._counted = ~(gains <= 0)  # of a user without a positive gain the order says nothing

    def columns(self, groups: Groups, config: tfma.EvalConfig) -> dict[MetricKey, np.ndarray]:
        """Returns float64 [slices] by key."""
        found = {}
        for spec in config.metrics_specs:
            for metric in spec.metrics:
                options = json.loads(metric.config or "{}")
                for model in spec.model_names or [""]:  # a single model has no name
                    if metric.class_name == "NDCG":
                        for k in options["top_k_list"]:
                            key = MetricKey(options["name"], model_name=model, sub_key=SubKey(top_k=k))
                            found[key] = self._mean_ndcg(groups, model, k)
                    else:
                        measure, predicted = MEASURES[metric.class_name], self._predicted(model)
                        given = {key: value for key, value in options.items() if key != "name"}
                        found[MetricKey(options["name"], model_name=model)] = measure(
                            groups, self._rows.stars, predicted, **given
                        )
        return found

    def _predicted(self, model: str) -> np.ndarray:
        return self._rows.predicted[model or next(iter(self._rows.predicted))]

    def _mean_ndcg(self, groups: Groups, model: str, k: int) -> np.ndarray:
        """Returns the mean over the users who have a row in a slice, each with all of their rows."""
        if (model, k) not in self._ndcg:
            rows = self._rows
            self._ndcg[model, k] = ndcg_of_users(rows.user, rows.stars, self._predicted(model), k)
        users = len(self._counted)
        group, user = np.divmod(
            np.unique(groups.group.astype(np.int64) * users + self._rows.user[groups.row]), users
        )
        counted = self._counted[user]
        return ratio(
            *(
                np.bincount(group[counted], weights=each[user[counted]], minlength=len(groups.values))
                for each in (self._ndcg[model, k], np.ones(users))
            )
        )


def _only(message: Any, *names: str) -> bool:
    return {field.name for field, _ in message.ListFields()} <= set(names)


def _known_model(spec: tfma.ModelSpec, names: Names) -> bool:
    return (
        _only(
            spec,
            *("name", "is_baseline", "model_type", "signature_name", "label_key"),
            "preprocessing_function_names",
        )
        and spec.signature_name == "serving_examples"
        and spec.label_key == names.rating
        and list(spec.preprocessing_function_names) in ([], ["slices"])
    )


def _known_metric(metric: tfma.MetricConfig, query_key: str, names: Names) -> bool:
    if not _only(metric, "class_name", "config"):
        return False
    options = json.loads(metric.config or "{}")
    if metric.class_name == "NDCG":
        return (
            options.keys() == {"name", "gain_key", "top_k_list"}
            and options["gain_key"] == names.rating
            and query_key == names.user
        )
    rest = options.keys() - {"name"} - ({"num_thresholds"} if metric.class_name == "AUC" else set())
    return metric.class_name in MEASURES and "name" in options and not rest and not query_key
