"""Arguments of the nodes that run on Apache Beam."""

from collections.abc import Sequence

from pipeline.config.schema import IN_PROCESS


def beam_args(given: Sequence[str]) -> list[str]:
    """Returns the arguments of every Beam node.

    TFX builds a source distribution of itself in each node for remote workers (6 s per node), unless the
    arguments name a worker image. Workers in this process ignore the image.
    """
    if any(IN_PROCESS in argument for argument in given):
        return [*given, "--sdk_container_image=none"]
    return list(given)
