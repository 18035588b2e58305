"""Sampled negatives beside the held-out interactions of implicit feedback, for TFMA."""

from components.sampled_negatives.component import SampledNegatives

__all__ = ["SampledNegatives"]
