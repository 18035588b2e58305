"""Partial runs (`--from-node` and `--to-node`), which reuse the other nodes of the previous run."""

from tfx.orchestration import pipeline as tfx_pipeline
from tfx.proto.orchestration import pipeline_pb2

from marquee.errors import ConfigError


def run_options(
    pipeline: tfx_pipeline.Pipeline, from_node: str | None, to_node: str | None
) -> pipeline_pb2.RunOptions | None:
    """Returns TFX's options for a partial run; None for a full run.

    Raises:
        ConfigError: the pipeline has no such node (the message lists its nodes), or no node is left to run.
    """
    names = [component.id for component in pipeline.components]
    for flag, node in (("--from-node", from_node), ("--to-node", to_node)):
        if node is not None and node not in names:
            raise ConfigError(f"{flag} {node!r} is not a node of this pipeline", f"nodes: {', '.join(names)}")
    if from_node is None and to_node is None:
        return None
    if from_node and to_node and names.index(from_node) > names.index(to_node):
        raise ConfigError(f"--from-node {from_node} comes after --to-node {to_node}: nothing would run")
    # Runs every node from there on, not only descendants: after a failure a sibling may not have run either,
    # and a node that depends on both would find nothing to reuse.
    following = names[names.index(from_node) :] if from_node else None
    return tfx_pipeline.RunOptions(from_nodes=following, to_nodes=[to_node] if to_node else None)
