"""TFMA's metrics as plain numbers, for whoever reads them without TFMA: `slices.json`."""

import math
from typing import Any

# tfx first: it gives tensorflow_model_analysis its EvalConfig.
import tfx.components  # noqa: F401  isort: skip
import tensorflow_model_analysis as tfma  # isort: skip

WHOLE = "(all)"


def by_slice(evaluation: str) -> dict[str, dict[str, dict[str, dict[str, float | None]]]]:
    """Feature to value to model (`candidate`, and maybe `baseline`) to metric to number; null for NaN.

    All of the split is feature and value WHOLE. A metric over the first k has `@k` behind its name.

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
