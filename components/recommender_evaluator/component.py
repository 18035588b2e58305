"""The component: a `ListEvaluator` of the recommender."""

from tfx.dsl.components.base import executor_spec

from components.list_evaluation.component import ListEvaluator
from components.recommender_evaluator.executor import Executor


class RecommenderEvaluator(ListEvaluator):
    """Evaluates the recommender's ten items per user of `eval`, and blesses it by their metrics.

    The two models that it is made of are judged by evaluators of their own. How they answer together is
    decided by `candidates` and `rating_weight`, which only these lists show. They are those of the exported
    model's `recommend`, without what the user rated in `train`; users whom train does not know are left
    out. They are measured beside the most rated items, and beside the last blessed recommender on the same
    users. Limits in standard errors allow for the chance of another training; of two recommenders that are
    made of the very same models, and so differ in settings alone, they allow for nothing, and `at_least`
    for what it says.

    Arguments are those of `ListEvaluator`; `model` is the recommender assembled of models that were trained
    on `train` alone, and the measures are those of `trainer.evaluation.recommender_measures`. `evaluation`
    has no search; its `eval` also has `under_mean`, the share of all these ratings that are lower than their
    user's mean; implicit data have neither it nor `under_mean@10`.
    """

    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)
