"""TFMA's own files of results, by TFMA's own converters, for `tfma.load_eval_result` and TFMA's views."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import tensorflow as tf

# tfx first: it gives tensorflow_model_analysis its EvalConfig.
import tfx.components  # noqa: F401  isort: skip
import tensorflow_model_analysis as tfma  # isort: skip
from google.protobuf import json_format  # isort: skip
from google.protobuf.message import Message  # isort: skip
from tensorflow_model_analysis import constants  # isort: skip
from tensorflow_model_analysis.evaluators import metrics_validator  # isort: skip
from tensorflow_model_analysis.proto import config_pb2  # isort: skip
from tensorflow_model_analysis.writers import (  # isort: skip
    eval_config_writer,
    metrics_plots_and_validations_writer as writer,
)

from components.ranking_evaluator.slice_sums import SliceMetrics


def write(
    folder: str, config: tfma.EvalConfig, metrics: Iterable[SliceMetrics], models: Mapping[str, str]
) -> None:
    """Writes the files of an evaluation, the same as TFMA's pipeline writes.

    Args:
        folder: where to write; it is made if it is not there.
        config: with TFMA's defaults filled in.
        metrics: the metrics of every slice.
        models: the folder of each SavedModel by TFMA's name of it, to be named in the file.
    """
    metrics = list(metrics)
    Path(folder).mkdir(parents=True, exist_ok=True)
    _sharded(
        folder, constants.METRICS_KEY, (writer.convert_slice_metrics_to_proto(each, []) for each in metrics)
    )
    _sharded(
        folder,
        constants.PLOTS_KEY,
        (writer.convert_slice_plots_to_proto((key, {}), []) for key, _ in metrics),
    )
    _sharded(
        folder,
        constants.ATTRIBUTIONS_KEY,
        (writer.convert_slice_attributions_to_proto((key, {})) for key, _ in metrics),
    )
    combined = writer.CombineValidations(config)
    validation = combined.create_accumulator()
    for each in metrics:
        validation = combined.add_input(validation, metrics_validator.validate_metrics(each, config))
    _records(Path(folder) / f"{constants.VALIDATIONS_KEY}.tfrecord", [combined.extract_output(validation)])
    run = config_pb2.EvalRun(
        eval_config=config,
        version=tfma.VERSION_STRING,
        data_location="<user provided PCollection>",
        file_format="<unknown>",
        model_locations=models,
    )
    name = f"{eval_config_writer.EVAL_CONFIG_FILE}.{eval_config_writer.EVAL_CONFIG_FILE_FORMAT}"
    (Path(folder) / name).write_text(json_format.MessageToJson(run) + "\n")


def _sharded(folder: str, key: str, messages: Iterable[Message]) -> None:
    _records(Path(folder) / f"{key}-00000-of-00001.tfrecord", messages)


def _records(path: Path, messages: Iterable[Message]) -> None:
    with tf.io.TFRecordWriter(str(path)) as file:
        for message in messages:
            file.write(message.SerializeToString())
