"""Finds anomalies with TFDV, writes them down, and raises when one must stop the run."""

import json
import os

from tfx.dsl.components.base import base_executor
from tfx.dsl.io import fileio
from tfx.types import artifact_utils
from tfx.utils import io_utils

# After tfx: it stands in for a module that tensorflow_data_validation still imports.
import tensorflow_data_validation as tfdv  # isort: skip
from tensorflow_metadata.proto.v0 import anomalies_pb2  # isort: skip
from tfx.components.statistics_gen import stats_artifact_utils  # isort: skip

from trainer.errors import DataError

_DRIFT_TYPES = {
    anomalies_pb2.AnomalyInfo.COMPARATOR_L_INFTY_HIGH,
    anomalies_pb2.AnomalyInfo.COMPARATOR_JENSEN_SHANNON_DIVERGENCE_HIGH,
    anomalies_pb2.AnomalyInfo.COMPARATOR_NORMALIZED_ABSOLUTE_DIFFERENCE_HIGH,
}


class Executor(base_executor.BaseExecutor):
    """Executes StoppingExampleValidator."""

    def Do(self, input_dict, output_dict, exec_properties) -> None:
        """Writes `Split-<name>/SchemaDiff.pb` a split and `findings.json`; raises on an anomaly."""
        statistics = artifact_utils.get_single_instance(input_dict["statistics"])
        anomalies = artifact_utils.get_single_instance(output_dict["anomalies"])
        anomalies.split_names = statistics.split_names
        schema = io_utils.SchemaReader().read(
            io_utils.get_only_uri_in_dir(artifact_utils.get_single_uri(input_dict["schema"]))
        )
        previous = input_dict.get("previous_statistics") or []

        violations, drifts, distances = [], [], []
        for split in artifact_utils.decode_split_names(statistics.split_names):
            current = stats_artifact_utils.load_statistics(statistics, split).proto()
            found = tfdv.validate_statistics(current, schema)
            violations += _rows(split, found)
            if previous and split in artifact_utils.decode_split_names(previous[0].split_names):
                before = stats_artifact_utils.load_statistics(previous[0], split).proto()
                drifted = tfdv.validate_statistics(current, schema, previous_statistics=before)
                drifts += _rows(split, drifted, only=_DRIFT_TYPES)
                distances += _distances(split, drifted)
            _write(os.path.join(artifact_utils.get_split_uri([anomalies], split), "SchemaDiff.pb"), found)

        io_utils.write_string_file(
            os.path.join(anomalies.uri, "findings.json"),
            json.dumps({"violations": violations, "drift": drifts, "distances": distances}, indent=1),
        )
        if violations:
            raise DataError(
                f"the data breaks the schema in {len(violations)} place(s):\n{_table(violations)}",
                "correct the data, or the schema if the data is right (config key `schema`)",
            )
        if drifts and exec_properties["drift"] == "stop":
            raise DataError(
                f"the data drifted from the previous run in {len(drifts)} place(s):\n{_table(drifts)}",
                "accept it with `--set validate.drift=warn`, or look for what changed in the data",
            )


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
    """Every distance from the previous run that the schema sets a limit to, below the limit as well."""
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
