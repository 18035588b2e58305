"""Comparison of each feature's value counts in train and in the logs."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from tfx.types import standard_artifacts  # noqa: F401 - before tensorflow_data_validation, as in the executor

import tensorflow_data_validation as tfdv  # isort: skip
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2, statistics_pb2  # isort: skip

from components.serving_skew.learned import Learned
from components.serving_skew.traffic import Traffic
from trainer.data.description import RATINGS, Description

SAMPLE = 200_000  # values of a feature that TFDV is given, drawn where there are more: exact to 0.2 %
KNOWN, UNKNOWN, NO_ITEM = "known", "unknown", "(unknown)"

#: Threshold's name to what is held against what.
MEASURES = {
    "user": "users who ask, against those in train: known or unknown",
    "activity": "known users who ask, against all in train: a light, medium or heavy third by ratings",
    "item": "items that are asked about, against train's interactions",
    "group": "words (of the feature that groups items) of what is recommended, against train's interactions",
    "rating": "ratings that are predicted, to the nearest of train's stars, against train's ratings",
    "shown_rating": "predicted ratings of what is recommended, against train's ratings",
}
_OF_RATINGS = ("rating", "shown_rating")


@dataclass(frozen=True)
class Comparison:
    """Both sides' statistics and TFDV's findings; `rows` has one dict per feature, as in `findings.json`."""

    train: statistics_pb2.DatasetFeatureStatisticsList
    serving: statistics_pb2.DatasetFeatureStatisticsList
    anomalies: anomalies_pb2.Anomalies
    rows: list[dict[str, Any]]


def compare(
    learned: Learned,
    traffic: Traffic,
    thresholds: Mapping[str, float | None],
    min_values: int,
    description: Description = RATINGS,
) -> Comparison:
    """Compares traffic with train for each feature of MEASURES that the data have (`measured`).

    The distance is TFDV's L∞: the largest difference between the shares that one value has on the two sides.

    Args:
        learned: train.
        traffic: the logs.
        thresholds: by feature; from there on it is skewed. None: it is not compared.
        min_values: a feature with fewer logged values is not compared.
        description: the data: rows have its words for items and their groups.
    """
    train, serving = train_counts(learned), serving_counts(learned, traffic)
    names = measured(description)
    compared = {
        name: threshold
        for name in names
        if (threshold := thresholds.get(name)) is not None and serving[name].total() >= max(1, min_values)
    }
    in_train, in_serving = (_statistics({name: side[name] for name in compared}) for side in (train, serving))
    schema = _schema(compared)
    anomalies = anomalies_pb2.Anomalies()
    if compared:
        anomalies = tfdv.validate_statistics(in_train, schema, serving_statistics=in_serving)
    distances = {
        info.path.step[0]: measured.value
        for info in anomalies.drift_skew_info
        for measured in info.skew_measurements
    }
    rows = [
        {
            "feature": names[name],
            "what": MEASURES[name],
            "threshold": thresholds.get(name),
            "distance": distances.get(name),
            "skewed": name in anomalies.anomaly_info,
            "train_values": train[name].total(),
            "logged_values": serving[name].total(),
            "most_different": _most_different(train[name], serving[name]) if name in compared else None,
        }
        for name in names
    ]
    return Comparison(in_train, in_serving, anomalies, rows)


def measured(description: Description) -> dict[str, str]:
    """Returns the names of MEASURES that data have, with those that people read.

    Implicit data have no ratings to compare: a chance is no number of plays.
    """
    names = {name: name for name in MEASURES if not (description.implicit and name in _OF_RATINGS)}
    names["item"] = description.nouns.item
    if description.grouping is None:
        del names["group"]
    else:
        names["group"] = description.grouping
    return names


def train_counts(learned: Learned) -> dict[str, Counter[str]]:
    """Returns the counts of each feature's values in train."""
    stars = Counter({_star(star): count for star, count in learned.stars.items()})
    return {
        "user": Counter({KNOWN: learned.users.total()}),
        "activity": Counter(learned.activity.values()),
        "item": Counter({_text(film): count for film, count in learned.films.items()}),
        "group": _words(learned.films, learned),
        "rating": stars,
        "shown_rating": stars,
    }


def serving_counts(learned: Learned, traffic: Traffic) -> dict[str, Counter[str]]:
    """Returns the counts of each feature's values in the logs."""
    user: Counter[str] = Counter()
    activity: Counter[str] = Counter()
    item: Counter[str] = Counter()
    for name, count in traffic.users.items():
        user[KNOWN if name in learned.users else UNKNOWN] += count
        if name in learned.users:
            activity[learned.activity[name]] += count
    for name, count in traffic.films.items():
        item[_text(name) if name in learned.films else NO_ITEM] += count
    return {
        "user": user,
        "activity": activity,
        "item": item,
        "group": _words(traffic.shown, learned),
        "rating": _nearest(traffic.ratings, learned),
        "shown_rating": _nearest(traffic.shown_ratings, learned),
    }


def _words(films: Counter[bytes], learned: Learned) -> Counter[str]:
    counts: Counter[str] = Counter()
    for film, count in films.items():
        for word in learned.words.get(film, ()):
            counts[_text(word)] += count
    return counts


def _nearest(ratings: Counter[float], learned: Learned) -> Counter[str]:
    stars = np.array(sorted(learned.stars))
    counts: Counter[str] = Counter()
    for rating, count in ratings.items():
        counts[_star(stars[np.abs(stars - rating).argmin()])] += count
    return counts


def _statistics(counts: Mapping[str, Counter[str]]) -> statistics_pb2.DatasetFeatureStatisticsList:
    columns = {name: pd.Series(_sample(each), dtype=object) for name, each in counts.items()}
    most = max(map(len, counts.values()), default=1)
    options = tfdv.StatsOptions(num_rank_histogram_buckets=most)  # all values count, not the commonest alone
    return tfdv.generate_statistics_from_dataframe(pd.DataFrame(columns), options)


def _sample(counts: Counter[str]) -> np.ndarray:
    """Repeats each value as often as counted, scaled down if there are more than SAMPLE."""
    values, often = np.array(list(counts), object), np.fromiter(counts.values(), np.int64, len(counts))
    if often.sum() > SAMPLE:
        # What is lost to rounding is less than a value each; a draw would differ by √SAMPLE.
        often = np.round(often * (SAMPLE / often.sum())).astype(np.int64)
    return np.repeat(values, often)


def _schema(thresholds: Mapping[str, float]) -> schema_pb2.Schema:
    schema = schema_pb2.Schema()
    for name, threshold in thresholds.items():
        feature = schema.feature.add(name=name, type=schema_pb2.BYTES)
        feature.skew_comparator.infinity_norm.threshold = threshold
    return schema


def _most_different(train: Counter[str], serving: Counter[str]) -> dict[str, Any]:
    """Returns the value whose share differs most, and its shares; ties favour more in the logs."""

    def shares(value: str) -> tuple[float, float]:
        return train[value] / train.total(), serving[value] / serving.total()

    def order(value: str) -> tuple[float, float]:
        of_train, of_logged = shares(value)
        return round(abs(of_logged - of_train), 9), of_logged - of_train

    value = max(sorted(train | serving), key=order)
    return {"value": value, "train_share": shares(value)[0], "logged_share": shares(value)[1]}


def _star(star: float) -> str:
    return f"{star:g}"


def _text(value: bytes) -> str:
    return value.decode(errors="replace")
