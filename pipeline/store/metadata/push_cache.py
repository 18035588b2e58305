"""Decides whether a run's push may come from the cache: not if another version is served by now.

TFX takes a node's outputs from the cache when its inputs and parameters are those of an earlier execution.
A push also depends on the folder of served models, and its models are known only late in the run, as they may
come from the cache themselves. So the pusher's `cache_key` is set just before the node is launched.
"""

from pathlib import Path

from tfx.proto.orchestration import pipeline_pb2
from tfx.utils import path_utils

from components.atomic_pusher import decide
from pipeline.store.metadata.lineage import Artifact, Lineage, Run
from serving.contract import MODELS
from serving.versions.placement import set_content
from serving.versions.renames import recover

PUSHER = "AtomicPusher"
_KEY = "cache_key"


class PushCache:
    """Sets the pusher's `cache_key`, and leaves every other node as it is.

    Args:
        lineage: lineage of the workspace.
        run_id: id of the run under way.
    """

    def __init__(self, lineage: Lineage, run_id: str):
        self._lineage, self._run_id = lineage, run_id

    def __call__(self, node: pipeline_pb2.PipelineNode) -> None:
        """Sets the key if `node` is the pusher; called with each node before it is launched."""
        if node.node_info.id == PUSHER:
            node.parameters.parameters[_KEY].field_value.string_value = self._key(node)

    def _key(self, node: pipeline_pb2.PipelineNode) -> str:
        run = self._lineage.run(self._run_id)
        keys = node.inputs.inputs
        taken = {key: found for key in keys if (found := _artifact(node, key, run)) is not None}
        if run is None or len(taken) < len(keys):
            return ""  # the launcher reports the missing input
        blessed = [each.properties.get("blessed") == 1 for key, each in taken.items() if "blessing" in key]
        sources = {name: Path(path_utils.serving_model_path(taken[name].uri)) for name in MODELS}
        served = Path(node.parameters.parameters["serving_models"].field_value.string_value)
        recover(served)
        decision = decide(blessed, sources, served)
        if decision.outcome == "pushed":
            return f"pushed by run {self._run_id}"  # never from the cache
        if decision.outcome == "served":
            return self._key_of_push(decision.version, set_content(sources))
        return f"{decision.outcome} {decision.version or ''}".strip()

    def _key_of_push(self, version: int | None, content: str) -> str:
        """Returns the key with which the served version was pushed, so that the cache returns that push."""
        for pushed in self._lineage.artifacts("PushedModel"):
            known = pushed.properties
            if (known.get("outcome"), known.get("content")) == ("pushed", content) and known.get(
                "pushed_version"
            ) == str(version):
                made = self._lineage.made_from(pushed).get(PUSHER)
                return str(made.parameters.get(_KEY, "")) if made else ""
        return f"served {content}"


def _artifact(node: pipeline_pb2.PipelineNode, key: str, run: Run | None) -> Artifact | None:
    """Returns the input that the node will read, as made in this run or taken from the cache."""
    for channel in node.inputs.inputs[key].channels:
        found = run.output(channel.producer_node_query.id, channel.output_key) if run else None
        if found:
            return found
    return None
