"""What TFMA's Evaluator measured, read without TFMA, which takes seconds to load."""

import functools
import importlib.util
from pathlib import Path

from pipeline.tfrecords import records

#: Model name to metric name to value; NDCG at 10 is called `ndcg_10`.
Metrics = dict[str, dict[str, float]]
WHOLE = ""


def ranking_metrics(evaluation: Path) -> Metrics:
    """What was measured over the whole split.

    Args:
        evaluation: the folder of an Evaluator's `evaluation` output; without metrics in it, nothing is found.
    """
    return sliced_metrics(evaluation).get(WHOLE, {})


def sliced_metrics(evaluation: Path) -> dict[str, Metrics]:
    """The same by slice, such as `movie_genres Drama`; the whole split is WHOLE."""
    found: dict[str, Metrics] = {}
    for file in sorted(evaluation.glob("metrics-*.tfrecord")):
        for record in records(file):
            metrics = _messages().MetricsForSlice.FromString(record)
            models = found.setdefault(_called(metrics.slice_key), {})
            for entry in metrics.metric_keys_and_values:
                key = entry.key
                if key.is_diff or key.name.startswith("__"):
                    continue
                name = f"{key.name}_{key.sub_key.top_k.value}" if key.sub_key.HasField("top_k") else key.name
                models.setdefault(key.model_name, {})[name] = entry.value.double_value.value
    return found


def _called(slice_key) -> str:
    said = []
    for key in slice_key.single_slice_keys:
        value = getattr(key, key.WhichOneof("kind"))
        said.append(f"{key.column} {value.decode(errors='replace') if isinstance(value, bytes) else value}")
    return ", ".join(said)


@functools.cache
def _messages():
    """TFMA's generated module by its file: importing the package would import Beam and TensorFlow."""
    from google.protobuf import wrappers_pb2  # noqa: F401  what they are built upon

    package = Path(importlib.util.find_spec("tensorflow_model_analysis").origin).parent
    file = package / "proto" / "metrics_for_slice_pb2.py"
    spec = importlib.util.spec_from_file_location("marquee_metrics_for_slice_pb2", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
