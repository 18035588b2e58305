"""Lists of items held against bars: what the evaluators of retrieval and of the recommender share."""

from components.list_evaluation.bars import Bars
from components.list_evaluation.evaluation import NO_BARS, Evaluation
from components.list_evaluation.written import bless, write_json

__all__ = ["NO_BARS", "Bars", "Evaluation", "bless", "write_json"]
