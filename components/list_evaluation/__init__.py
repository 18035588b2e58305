"""Evaluation of lists of items against bars, shared by the retrieval and the recommender evaluator."""

from components.list_evaluation.bars import Bars
from components.list_evaluation.eval_split import EvalSplit
from components.list_evaluation.evaluation import Evaluation

__all__ = ["Bars", "EvalSplit", "Evaluation"]
