"""Losses that compare the positive item's score with those of negatives."""

from trainer.models.losses.one_positive import OnePositiveLoss
from trainer.models.losses.pairwise import BPR, BPRMax, Hinge
from trainer.models.losses.top1 import TOP1, TOP1V2, TOP1Max

#: By the name that a configuration has for them.
PAIRWISE: dict[str, type[OnePositiveLoss]] = {
    "bpr": BPR,
    "bpr_max": BPRMax,
    "hinge": Hinge,
    "top1": TOP1,
    "top1_v2": TOP1V2,
    "top1_max": TOP1Max,
}

__all__ = ["BPR", "PAIRWISE", "TOP1", "TOP1V2", "BPRMax", "Hinge", "OnePositiveLoss", "TOP1Max"]
