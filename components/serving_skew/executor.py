"""Reads train and the logs, compares them, writes the findings, and raises if they must stop the run."""

import datetime
import json
import os
from typing import Any

from tfx import types
from tfx.dsl.components.base import base_executor
from tfx.dsl.io import fileio
from tfx.types import artifact_utils
from tfx.utils import io_utils

from components.described import description_of
from components.inputs import files_by_split
from components.serving_skew.learned import Learned
from components.serving_skew.measures import Comparison, compare
from components.serving_skew.traffic import Traffic
from marquee.errors import DataError
from marquee.progress import report
from serving.prediction_log.reader import NOT_OURS, Fault, log_files, read
from trainer.data import features

SERVING = "serving"
MOST_FAULTS = 20  # of a file that is damaged throughout, each line is one


class Executor(base_executor.BaseExecutor):
    """Executes ServingSkew."""

    def Do(self, input_dict, output_dict, exec_properties) -> None:
        """See ServingSkew."""
        anomalies = artifact_utils.get_single_instance(output_dict["anomalies"])
        anomalies.split_names = artifact_utils.encode_split_names([SERVING])
        files = log_files(exec_properties["logs"])
        description = description_of(exec_properties)
        learned = Learned.read(
            _files(input_dict["examples"], bool(exec_properties.get("every_split"))), description
        )
        traffic = Traffic(learned.film_of_title, description.names)
        faults: list[Fault] = []
        for number, exchange in enumerate(read(files, faults)):
            try:
                traffic.add(exchange)
            except NOT_OURS as error:
                what = f"{exchange.model}.{exchange.signature} is asked or answered otherwise: {error}"
                faults.append(Fault(exec_properties["logs"], f"request {number + 1:,}", what))
            if number % 10_000 == 0:
                report(f"{number:,} logged requests")
        thresholds = json.loads(exec_properties["thresholds"])
        comparison = compare(learned, traffic, thresholds, exec_properties["min_values"], description)
        found = findings(exec_properties["logs"], len(files), traffic, faults, comparison)
        _write(anomalies.uri, found, comparison)
        skewed = [row for row in comparison.rows if row["skewed"]]
        if skewed and exec_properties["on_skew"] == "stop":
            raise DataError(
                f"the server is asked, or answers, otherwise than train is in {len(skewed)} place(s):\n"
                + "\n".join(f"  {sentence(row)}" for row in skewed),
                "accept it with `--set serving_skew.on_skew=warn`, or raise serving_skew.thresholds",
            )


def _files(examples: list[types.Artifact], every_split: bool) -> list[str]:
    """Returns the files of the splits that served models are trained on."""
    there = files_by_split(examples)
    return [file for split in (there if every_split else [features.TRAIN]) for file in there[split]]


def findings(
    logs: str, files: int, traffic: Traffic, faults: list[Fault], comparison: Comparison
) -> dict[str, Any]:
    """Returns the content of `findings.json`.

    `logs`, `files`, `requests` (by model and signature), `first` and `last` (UTC, null where unknown);
    `features`: of each its name, `what` is compared, `threshold`, `distance` (null: it was not compared),
    `skewed`, the number of values on either side, and the value that is `most_different` with its shares;
    `skew`: a sentence for each that is skewed; `torn`: sentences on files that end in the middle of a record;
    `damaged`: on what else could not be read, the first 20; `damages`, how many there are.
    """
    damaged = [fault for fault in faults if not fault.torn]
    return {
        "logs": logs,
        "files": files,
        "requests": dict(traffic.requests.most_common()),
        "first": _utc(traffic.first),
        "last": _utc(traffic.last),
        "features": comparison.rows,
        "skew": [sentence(row) for row in comparison.rows if row["skewed"]],
        "torn": [f"{fault.file}: {fault.what}" for fault in faults if fault.torn],
        "damaged": [f"{fault.file}, {fault.where}: {fault.what}" for fault in damaged[:MOST_FAULTS]],
        "damages": len(damaged),
    }


def sentence(row: dict[str, Any]) -> str:
    """Describes a skewed row of `Comparison.rows` in a sentence."""
    most = row["most_different"]
    return (
        f"{row['feature']}: {most['value']} is {most['logged_share']:.1%} of {row['logged_values']:,} logged"
        f" and {most['train_share']:.1%} of train: {row['distance']:.3f} apart, over {row['threshold']:g}"
    )


def _utc(seconds: float) -> str | None:
    return (
        datetime.datetime.fromtimestamp(seconds, datetime.UTC).isoformat(timespec="seconds")
        if seconds
        else None
    )


def _write(folder: str, found: dict[str, Any], comparison: Comparison) -> None:
    for split, file, message in (
        (features.TRAIN, "FeatureStats.pb", comparison.train),
        (SERVING, "FeatureStats.pb", comparison.serving),
        (SERVING, "SchemaDiff.pb", comparison.anomalies),
    ):
        path = os.path.join(folder, f"Split-{split}", file)
        fileio.makedirs(os.path.dirname(path))
        io_utils.write_bytes_file(path, message.SerializeToString())
    io_utils.write_string_file(os.path.join(folder, "findings.json"), json.dumps(found, indent=1))
