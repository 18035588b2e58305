"""What TFX's own StatisticsGen and Transform make of examples, and how ours is compared with it."""

import json
from pathlib import Path

from google.protobuf import json_format
from tensorflow_metadata.proto.v0 import statistics_pb2
from tfx.components.statistics_gen.executor import Executor as StatisticsGen
from tfx.components.transform.executor import Executor as Transform
from tfx.components.util import examples_utils
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.proto import example_gen_pb2, transform_pb2
from tfx.types import standard_artifacts
from tfx.utils import json_utils, proto_utils

from trainer.data.description import Description

RUNNER = ["--runner=apache_beam.runners.portability.fn_api_runner.FnApiRunner", "--sdk_container_image=none"]


def context(folder):
    return BaseBeamExecutor.Context(beam_pipeline_args=RUNNER, tmp_dir=str(folder / "tmp"))


def artifact(kind, folder):
    folder.mkdir(parents=True, exist_ok=True)
    made = kind()
    made.uri = str(folder)
    return made


def examples_artifact(folder):
    examples = artifact(standard_artifacts.Examples, folder)
    examples.split_names = json.dumps(
        sorted(path.name.removeprefix("Split-") for path in folder.glob("Split-*"))
    )
    examples_utils.set_payload_format(examples, example_gen_pb2.FORMAT_TF_EXAMPLE)
    examples_utils.set_file_format(examples, "tfrecords_gzip")
    return examples


def schema_artifact(folder, text):
    schema = artifact(standard_artifacts.Schema, folder)
    (folder / "schema.pbtxt").write_text(text)
    return schema


def tfx_statistics(examples: Path, out: Path) -> Path:
    """The folder of what StatisticsGen makes of the examples."""
    made = artifact(standard_artifacts.ExampleStatistics, out / "statistics")
    properties = {"exclude_splits": "[]"}
    StatisticsGen(context(out)).Do(
        {"examples": [examples_artifact(examples)]}, {"statistics": [made]}, properties
    )
    return Path(made.uri)


def tfx_transform_graph(examples: Path, schema: str, description: Description, out: Path) -> Path:
    """The folder of what Transform makes of them, whose vocabularies TFT computes."""
    made = artifact(standard_artifacts.TransformGraph, out / "graph")
    Transform(context(out)).Do(
        {"examples": [examples_artifact(examples)], "schema": [schema_artifact(out / "schema", schema)]},
        {"transform_graph": [made]},
        transform_properties("tests.components.tft_vocabularies.preprocessing_fn", description),
    )
    return Path(made.uri)


def transform_properties(preprocessing_fn: str, description: Description) -> dict:
    split = transform_pb2.SplitsConfig(analyze=["train"], transform=[])
    return {
        "preprocessing_fn": preprocessing_fn,
        "splits_config": proto_utils.proto_to_json(split),
        "disable_statistics": 1,
        "custom_config": json_utils.dumps({"description": description.model_dump(mode="json")}),
    }


def statistics_of(folder: Path, split: str) -> dict[str, dict]:
    """A split's statistics by feature, and under "" what is said of the split itself."""
    content = (folder / f"Split-{split}" / "FeatureStats.pb").read_bytes()
    [found] = statistics_pb2.DatasetFeatureStatisticsList.FromString(content).datasets
    plain = json_format.MessageToDict(found, preserving_proto_field_name=True)
    return {each["path"]["step"][0]: each for each in plain.pop("features")} | {"": plain}


def differences(ours, theirs, where="") -> list[str]:
    """Places where two statistics differ by more than rounding."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return [
            found
            for key in sorted(ours.keys() | theirs.keys())
            for found in differences(ours.get(key), theirs.get(key), f"{where}.{key}")
        ]
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        pairs = zip(ours, theirs, strict=True)
        return [found for n, (a, b) in enumerate(pairs) for found in differences(a, b, f"{where}[{n}]")]
    if isinstance(ours, float) and isinstance(theirs, float):
        return [] if abs(ours - theirs) <= 1e-9 * abs(theirs) else [f"{where}: {ours}, not {theirs}"]
    return [] if ours == theirs else [f"{where}: {ours}, not {theirs}"]
