"""Names of a recommender's metrics; imports no TensorFlow.

The lists of ten that `recommend` returns have the metrics of `trainer.evaluation.measures` at 10, and
`under_mean@10`, the share of recommended items that the user then rated lower than the user's mean rating
(`trainer.judging.under_mean`).
"""

from trainer.evaluation.measures import QUALITY_MEASURES

K = 10
UNDER_MEAN = f"under_mean@{K}"
LIST_MEASURES = tuple(name for name in QUALITY_MEASURES if name.endswith(f"@{K}"))
RECOMMENDER_MEASURES = (*LIST_MEASURES, UNDER_MEAN)
