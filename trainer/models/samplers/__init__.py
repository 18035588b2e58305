"""Where negatives come from, and what happens to those that are none.

A sampler gives ids, int32 [C], and how often each is to be expected among them, float32 [C]: what
`tasks.Retrieval` takes as `candidate_ids` and `candidate_sampling_probability`. The batch's own items need
no sampler: they are that task's candidates as it is.
"""

from trainer.models.samplers.by_name import SamplerName, sampler
from trainer.models.samplers.cross_batch import CrossBatchNegatives
from trainer.models.samplers.false_negatives import DownScoreFalseNegatives
from trainer.models.samplers.popularity import PopularitySampler

__all__ = ["CrossBatchNegatives", "DownScoreFalseNegatives", "PopularitySampler", "SamplerName", "sampler"]
