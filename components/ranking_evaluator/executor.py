"""Leaves a baseline out that is not there, and does what TFX's Evaluator does."""

from tfx.components.evaluator import executor

from components.baseline import drop_missing


class Executor(executor.Executor):
    """Executes RankingEvaluator."""

    def Do(self, input_dict, output_dict, exec_properties) -> None:
        """See RankingEvaluator."""
        super().Do(drop_missing(input_dict), output_dict, exec_properties)
