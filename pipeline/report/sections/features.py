"""Table of StatisticsGen's counts, one row per feature."""

import math

from pipeline.report.blocks import Cell, Table
from pipeline.report.sources import Sources
from pipeline.report.words import NOTHING, day, number, share


def features(sources: Sources) -> Table | None:
    """Returns the table of the train split; None if the statistics are missing or unreadable."""
    file = sources.statistics("train")
    if file is None:
        return None
    # Imports the protocol buffers only: TFDV takes seconds to load, and TensorFlow more.
    from google.protobuf.message import DecodeError
    from tensorflow_metadata.proto.v0 import statistics_pb2

    try:
        datasets = statistics_pb2.DatasetFeatureStatisticsList.FromString(file.read_bytes()).datasets
    except DecodeError:
        return None
    if not datasets:  # an empty file parses to this
        return None
    found = datasets[0]
    return Table(
        "Features in train, counted by StatisticsGen",
        ("feature", "type", "missing", "distinct", "mean", "min", "max", "most frequent"),
        [
            _row(feature, found.num_examples, sources.description.names.time)
            for feature in sorted(found.features, key=_name)
        ],
        frozenset({2, 3, 4, 5, 6}),
    )


def _name(feature) -> str:
    return feature.name or ".".join(feature.path.step)


def _row(feature, examples: int, time: str) -> list[str | Cell]:
    kind = feature.WhichOneof("stats")
    stats = getattr(feature, kind)
    missing = share(1 - stats.common_stats.num_non_missing / examples) if examples else NOTHING
    name = Cell(_name(feature), code=True)
    type_name = type(feature).DESCRIPTOR.fields_by_name["type"].enum_type.values_by_number[feature.type].name
    if kind == "num_stats":
        said = day if _name(feature) == time else _plain
        numbers = (said(stats.mean), said(stats.min), said(stats.max))
        return [name, type_name.lower(), missing, NOTHING, *numbers, NOTHING]
    top = ", ".join(f"{each.value} ({int(each.frequency):,})" for each in stats.top_values[:3])
    return [name, type_name.lower(), missing, number(int(stats.unique)), NOTHING, NOTHING, NOTHING, top]


def _plain(value: float) -> str:
    if not math.isfinite(value):
        return NOTHING
    return f"{int(value)}" if value == int(value) else number(value, 2)
