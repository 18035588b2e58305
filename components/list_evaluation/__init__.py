"""Lists of items held against bars: what the evaluators of retrieval and of the recommender share."""

from components.list_evaluation.bars import Bars
from components.list_evaluation.eval_split import EvalSplit
from components.list_evaluation.evaluation import Evaluation

__all__ = ["Bars", "EvalSplit", "Evaluation"]
