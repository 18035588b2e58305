"""What a recommender's lists are measured by, by name. Light to import: no TensorFlow.

Over the lists of ten that `recommend` gives: the measures of `trainer.evaluation.measures` at 10, and
`under_mean@10`, the share of recommended items that their user then rated lower than usual
(`trainer.judging.under_mean`).
"""

from trainer.evaluation.measures import QUALITY_MEASURES

K = 10
UNDER_MEAN = f"under_mean@{K}"
LIST_MEASURES = tuple(name for name in QUALITY_MEASURES if name.endswith(f"@{K}"))
RECOMMENDER_MEASURES = (*LIST_MEASURES, UNDER_MEAN)
