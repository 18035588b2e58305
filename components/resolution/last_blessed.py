"""Resolves the model that a warm start begins from."""

from ml_metadata import metadata_store
from tfx import types
from tfx.dsl.components.common import resolver

from components.resolution.blessed import last_blessed


class LastBlessed(resolver.ResolverStrategy):
    """Of `model`, the newest that `node` made and a `model_blessing` blessed; empty when there is none.

    Args:
        node: as `pipeline.node`.
    """

    def __init__(self, node: str):
        self._node = node

    def resolve_artifacts(
        self, store: metadata_store.MetadataStore, input_dict: dict[str, list[types.Artifact]]
    ) -> dict[str, list[types.Artifact]]:
        """See the class; keys are `model` and `model_blessing`."""
        model, blessing = last_blessed(store, input_dict["model"], input_dict["model_blessing"], self._node)
        return {"model": model, "model_blessing": blessing}
