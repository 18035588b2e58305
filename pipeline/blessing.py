"""Why a model was blessed or not, in sentences with numbers: read from what TFMA's Evaluator wrote."""

from dataclasses import dataclass
from pathlib import Path

# tfx first: it gives tensorflow_model_analysis its EvalConfig.
import tfx.components  # noqa: F401  isort: skip
import tensorflow_model_analysis as tfma  # isort: skip

from components.bars import verdicts
from pipeline.config import BlessConfig


@dataclass(frozen=True)
class Verdict:
    """Args:
    blessed: every bar was cleared.
    reasons: a sentence a bar.
    metrics: the candidate's metrics over the whole of `eval`, by name.
    """

    blessed: bool
    reasons: list[str]
    metrics: dict[str, float]


def verdict(evaluation: Path, bless: BlessConfig) -> Verdict:
    """Compares the candidate's metrics with the bars, and with the last blessed model's.

    Args:
        evaluation: the folder of an Evaluator's `evaluation` output.
        bless: the bars.
    """
    blessed = tfma.load_validation_result(str(evaluation)).validation_ok
    models = _metrics(evaluation)
    candidate, baseline = models.get("candidate") or models[""], models.get("baseline")
    reasons = [
        found.sentence
        for name, bar in bless.bars.items()
        for found in verdicts(
            name,
            bar.model_dump(exclude_none=True),
            candidate[name],
            baseline[name] if baseline else None,
        )
    ]
    return Verdict(blessed, reasons, candidate)


def _metrics(evaluation: Path) -> dict[str, dict[str, float]]:
    """Model name to metric name to value, over the whole split."""
    found: dict[str, dict[str, float]] = {}
    for record in tfma.load_metrics(str(evaluation)):
        if record.slice_key.single_slice_keys:
            continue
        for entry in record.metric_keys_and_values:
            key = entry.key
            if key.is_diff or key.name.startswith("__"):
                continue
            name = f"{key.name}@{key.sub_key.top_k.value}" if key.sub_key.HasField("top_k") else key.name
            found.setdefault(key.model_name, {})[name] = entry.value.double_value.value
    return found
