"""Lists of items held against bars: what the evaluators of retrieval and of the recommender share."""

from components.list_evaluation.bars import Bars
from components.list_evaluation.evaluation import Evaluation
from components.list_evaluation.written import write_json

__all__ = ["Bars", "Evaluation", "write_json"]
