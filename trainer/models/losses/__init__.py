"""Losses that compare the positive item's score with those of negatives."""

from trainer.models.losses.one_positive import OnePositiveLoss
from trainer.models.losses.pairwise import BPR, BPRMax, Hinge
from trainer.models.losses.top1 import TOP1, TOP1V2, TOP1Max

__all__ = ["BPR", "TOP1", "TOP1V2", "BPRMax", "Hinge", "OnePositiveLoss", "TOP1Max"]
