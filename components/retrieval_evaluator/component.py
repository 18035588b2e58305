"""The component: a `ListEvaluator` of a retrieval model."""

from tfx.dsl.components.base import executor_spec

from components.list_evaluation.component import ListEvaluator
from components.retrieval_evaluator.executor import Executor


class RetrievalEvaluator(ListEvaluator):
    """Ranks the whole catalogue for the users of `eval`, and blesses a model whose lists meet the bars.

    Films watched in `train` are no candidates; users whom train does not know are left out. If it knows none
    (`user_holdout`), each is asked for by the first 80 % of their ratings, and the rest is to be found. The
    exported model is judged, by its vectors (`trainer.judging.vectors`), beside popularity and beside the
    last blessed model, which may have another vocabulary: a user it lacks is its unknown user, and a
    film that it does not know is one it cannot find. Index recall and latency are those of `retrieve`.

    Arguments are those of `ListEvaluator`; the measures are those of `trainer.evaluation.measures`.
    `evaluation` also has `plots.json`.
    """

    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)
