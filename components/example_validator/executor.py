"""Finds anomalies with TFDV, writes them to the artifact, and raises if one must stop the run."""

import json
import os

from tfx.dsl.components.base import base_executor
from tfx.dsl.io import fileio
from tfx.types import artifact_utils
from tfx.utils import io_utils

# After tfx: it stands in for a module that tensorflow_data_validation still imports.
import tensorflow_data_validation as tfdv  # isort: skip
from google.protobuf import text_format  # isort: skip
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2  # isort: skip
from tfx.components.statistics_gen import stats_artifact_utils  # isort: skip

from marquee.errors import DataError
from trainer.data.features import EVAL, TRAIN

_COMPARED = {
    anomalies_pb2.AnomalyInfo.COMPARATOR_L_INFTY_HIGH,
    anomalies_pb2.AnomalyInfo.COMPARATOR_JENSEN_SHANNON_DIVERGENCE_HIGH,
    anomalies_pb2.AnomalyInfo.COMPARATOR_NORMALIZED_ABSOLUTE_DIFFERENCE_HIGH,
}


class Executor(base_executor.BaseExecutor):
    """Executes StoppingExampleValidator."""

    def Do(self, input_dict, output_dict, exec_properties) -> None:
        """Writes `Split-<name>/SchemaDiff.pb` a split and `findings.json`; raises on an anomaly.

        `findings.json` holds rows of split, feature and what: `violations`, `drift` and `skew`; and
        `distances`, how far each feature is from the previous run's, below the limits as well.
        """
        statistics = artifact_utils.get_single_instance(input_dict["statistics"])
        anomalies = artifact_utils.get_single_instance(output_dict["anomalies"])
        anomalies.split_names = statistics.split_names
        schema = io_utils.SchemaReader().read(
            io_utils.get_only_uri_in_dir(artifact_utils.get_single_uri(input_dict["schema"]))
        )
        previous = input_dict.get("previous_statistics") or []
        violations = []
        for split in artifact_utils.decode_split_names(statistics.split_names):
            found = tfdv.validate_statistics(_of(statistics, split), schema)
            violations += _rows(split, found)
            _write(os.path.join(artifact_utils.get_split_uri([anomalies], split), "SchemaDiff.pb"), found)
        drifts, distances = _drift(statistics, previous, schema, _thresholds(exec_properties, "drift"))
        skews = _skew(statistics, schema, _thresholds(exec_properties, "skew"))

        io_utils.write_string_file(
            os.path.join(anomalies.uri, "findings.json"),
            json.dumps(
                {"violations": violations, "drift": drifts, "distances": distances, "skew": skews}, indent=1
            ),
        )
        if violations:
            proposed = _propose(statistics, schema, os.path.dirname(anomalies.uri.rstrip("/")))
            raise DataError(
                f"the data breaks the schema in {len(violations)} place(s):\n{_table(violations)}",
                "Correct the data; or, if the data is right, accept it. A schema that this data keeps: "
                f"{proposed}\n"
                "Read it, copy it to mine.pbtxt, and run again with: --set validate.schema=mine.pbtxt",
            )
        if drifts and exec_properties["drift"] == "stop":
            raise DataError(
                f"the data drifted from the previous run in {len(drifts)} place(s):\n{_table(drifts)}",
                "accept it with `--set validate.drift=warn`, or look for what changed in the data",
            )
        if skews and exec_properties.get("skew") == "stop":
            raise DataError(
                f"{EVAL} is not like {TRAIN} in {len(skews)} place(s):\n{_table(skews)}",
                "accept it with `--set validate.skew=warn`, or look for what is new in the data",
            )


def _propose(statistics, schema: schema_pb2.Schema, folder: str) -> str:
    """Writes the schema, changed by no more than it takes for the data to keep it; returns the file.

    It is beside the folder of the anomalies: what a node that failed had made is taken away.
    """
    proposed = schema_pb2.Schema()
    proposed.CopyFrom(schema)
    for split in artifact_utils.decode_split_names(statistics.split_names):
        proposed = tfdv.update_schema(proposed, _of(statistics, split))
    path = os.path.join(folder, "proposed-schema.pbtxt")
    fileio.makedirs(folder)
    _write_text(path, f"{_SAID}{text_format.MessageToString(proposed, as_utf8=True)}")
    return path


_SAID = """\
# Proposed by Marquee: the schema of the run, changed until the data keeps it. Read what it allows before you
# use it: a schema that takes whatever comes finds nothing. Run with --set validate.schema=<this file>.
"""


def _write_text(path: str, text: str) -> None:
    part = f"{path}.part"
    io_utils.write_string_file(part, text)
    fileio.rename(part, path, overwrite=True)


def _drift(
    statistics, previous: list, schema: schema_pb2.Schema, thresholds: dict
) -> tuple[list[dict[str, str]], list[dict[str, str | float]]]:
    """Returns how `train` differs from the previous run's, and the distances."""
    if not previous or not _has(statistics, TRAIN) or not _has(previous[0], TRAIN):
        return [], []
    found = tfdv.validate_statistics(
        _of(statistics, TRAIN),
        _with_thresholds(schema, "drift_comparator", thresholds),
        previous_statistics=_of(previous[0], TRAIN),
    )
    return _rows(TRAIN, found, only=_COMPARED), _distances(TRAIN, found)


def _skew(statistics, schema: schema_pb2.Schema, thresholds: dict) -> list[dict[str, str]]:
    """Returns how `train` differs from `eval`."""
    if not _has(statistics, TRAIN) or not _has(statistics, EVAL):
        return []
    found = tfdv.validate_statistics(
        _of(statistics, TRAIN),
        _with_thresholds(schema, "skew_comparator", thresholds),
        serving_statistics=_of(statistics, EVAL),
    )
    return _rows(EVAL, found, only=_COMPARED)


def _thresholds(exec_properties, kind: str) -> dict:
    return json.loads(exec_properties.get(f"{kind}_thresholds") or "{}")


def _with_thresholds(schema: schema_pb2.Schema, comparator: str, thresholds: dict) -> schema_pb2.Schema:
    """Returns a copy of the schema with a `drift_comparator` or `skew_comparator` of these thresholds."""
    changed = schema_pb2.Schema()
    changed.CopyFrom(schema)
    for feature in changed.feature:
        if feature.name in thresholds:
            feature.ClearField(comparator)
            for norm, threshold in (thresholds[feature.name] or {}).items():
                if threshold is not None:
                    getattr(getattr(feature, comparator), norm).threshold = threshold
    return changed


def _has(statistics, split: str) -> bool:
    return split in artifact_utils.decode_split_names(statistics.split_names)


def _of(statistics, split: str):
    return stats_artifact_utils.load_statistics(statistics, split).proto()


def _rows(
    split: str, anomalies: anomalies_pb2.Anomalies, only: set[int] | None = None
) -> list[dict[str, str]]:
    rows = []
    for feature, info in sorted(anomalies.anomaly_info.items()):
        reasons = [reason for reason in info.reason if only is None or reason.type in only]
        rows += [{"split": split, "feature": feature, "what": r.description} for r in reasons]
    rows += [
        {"split": split, "feature": "(data set)", "what": reason.description}
        for reason in anomalies.dataset_anomaly_info.reason
        if only is None or reason.type in only
    ]
    return rows


def _distances(split: str, anomalies: anomalies_pb2.Anomalies) -> list[dict[str, str | float]]:
    """Returns all distances from the previous run that the schema limits, also those below the limit."""
    return [
        {
            "split": split,
            "feature": ".".join(info.path.step),
            "measure": anomalies_pb2.DriftSkewInfo.Measurement.Type.Name(measured.type).lower(),
            "distance": measured.value,
            "limit": measured.threshold,
        }
        for info in anomalies.drift_skew_info
        for measured in info.drift_measurements
    ]


def _table(rows: list[dict[str, str]]) -> str:
    width = max(len(row["feature"]) for row in rows)
    return "\n".join(f"  {row['split']:<5}  {row['feature']:<{width}}  {row['what']}" for row in rows)


def _write(path: str, message: anomalies_pb2.Anomalies) -> None:
    fileio.makedirs(os.path.dirname(path))
    io_utils.write_bytes_file(path, message.SerializeToString())
