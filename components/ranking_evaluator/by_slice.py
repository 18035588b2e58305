"""TFMA's metrics as plain numbers, for readers without TFMA: `slices.json`."""

import math
from typing import Any

# tfx first: it gives tensorflow_model_analysis its EvalConfig.
import tfx.components  # noqa: F401  isort: skip
import tensorflow_model_analysis as tfma  # isort: skip

WHOLE = "(all)"


def by_slice(evaluation: str) -> dict[str, dict[str, dict[str, dict[str, float | None]]]]:
    """Returns metrics by feature, value and model (`candidate`, and maybe `baseline`); null for NaN.

    The whole split has feature and value WHOLE. The name of a metric over the first k ends in `@k`.

    Args:
        evaluation: the folder of an Evaluator's `evaluation` output.
    """
    found: dict[str, Any] = {}
    for record in tfma.load_metrics(evaluation):
        keys = record.slice_key.single_slice_keys
        feature, value = (keys[0].column, _value(keys[0])) if keys else (WHOLE, WHOLE)
        for entry in record.metric_keys_and_values:
            key = entry.key
            if key.is_diff or key.name.startswith("__") or not entry.value.HasField("double_value"):
                continue
            name = f"{key.name}@{key.sub_key.top_k.value}" if key.sub_key.HasField("top_k") else key.name
            models = found.setdefault(feature, {}).setdefault(value, {})
            number = entry.value.double_value.value
            models.setdefault(key.model_name or "candidate", {})[name] = (
                number if math.isfinite(number) else None
            )
    return found


def _value(key) -> str:
    kind = key.WhichOneof("kind")
    value = getattr(key, kind)
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
