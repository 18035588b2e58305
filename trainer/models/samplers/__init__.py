"""Samplers of negatives, and the treatment of false negatives.

A sampler returns ids, int32 [C], and their expected counts in the sample, float32 [C]. `tasks.Retrieval`
takes them as `candidate_ids` and `candidate_sampling_probability`. In-batch negatives need no sampler: they
are that task's default candidates.
"""

from trainer.models.samplers.by_name import SamplerName, sampler
from trainer.models.samplers.cross_batch import CrossBatchNegatives
from trainer.models.samplers.false_negatives import DownScoreFalseNegatives
from trainer.models.samplers.popularity import PopularitySampler

__all__ = ["CrossBatchNegatives", "DownScoreFalseNegatives", "PopularitySampler", "SamplerName", "sampler"]
