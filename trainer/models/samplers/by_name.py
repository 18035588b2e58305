"""Samplers by the name that a configuration has for them."""

from typing import Literal

import numpy as np

from trainer.models.samplers.popularity import PopularitySampler

SamplerName = Literal["popularity", "log_uniform", "uniform"]


def sampler(name: SamplerName, counts: np.ndarray, samples: int) -> PopularitySampler:
    """Returns the sampler that a configuration names.

    Args:
        name: `popularity` draws in proportion to the counts, `log_uniform` by their rank, `uniform` all items
            alike, those without a count too.
        counts: int [M], how often each item occurs; row 0 stands for unknown items and is never drawn.
        samples: how many items are drawn at a step.

    Examples:
        >>> ids, _ = sampler("uniform", np.array([0, 5, 0]), samples=100).draw()
        >>> sorted(set(ids.numpy().tolist()))
        [1, 2]
    """
    if name == "uniform":
        return PopularitySampler(np.arange(len(counts)) > 0, samples)
    if name == "log_uniform":
        return PopularitySampler.log_uniform(counts, samples)
    return PopularitySampler(counts, samples)
