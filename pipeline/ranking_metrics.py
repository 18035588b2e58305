"""What TFMA's Evaluator measured, read without TFMA, which takes seconds to load."""

import functools
import importlib.util
from pathlib import Path

from google.protobuf import wrappers_pb2  # noqa: F401  what TFMA's messages are built upon

from pipeline.tfrecords import records


def ranking_metrics(evaluation: Path) -> dict[str, dict[str, float]]:
    """Model name to metric name to value, over the whole split; NDCG at 10 is called `ndcg_10`.

    Args:
        evaluation: the folder of an Evaluator's `evaluation` output; without metrics in it, nothing is found.
    """
    found: dict[str, dict[str, float]] = {}
    for file in sorted(evaluation.glob("metrics-*.tfrecord")):
        for record in records(file):
            metrics = _messages().MetricsForSlice.FromString(record)
            if metrics.slice_key.single_slice_keys:
                continue
            for entry in metrics.metric_keys_and_values:
                key = entry.key
                if key.is_diff or key.name.startswith("__"):
                    continue
                name = f"{key.name}_{key.sub_key.top_k.value}" if key.sub_key.HasField("top_k") else key.name
                found.setdefault(key.model_name, {})[name] = entry.value.double_value.value
    return found


@functools.cache
def _messages():
    """TFMA's generated module by its file: importing the package would import Beam and TensorFlow."""
    package = Path(importlib.util.find_spec("tensorflow_model_analysis").origin).parent
    file = package / "proto" / "metrics_for_slice_pb2.py"
    spec = importlib.util.spec_from_file_location("marquee_metrics_for_slice_pb2", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
