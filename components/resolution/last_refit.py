"""Resolves the refit model that is the base of a warm start."""

from ml_metadata import metadata_store
from tfx import types
from tfx.dsl.components.common import resolver

from components.resolution.blessed import maker


class LastRefit(resolver.ResolverStrategy):
    """Resolves the newest of `model` that `node` refit, if any.

    Where there are `examples`, only models count that are older than they are, as in LastBlessed.

    Args:
        node: as `pipeline.node`.
    """

    def __init__(self, node: str):
        self._node = node

    def resolve_artifacts(
        self, store: metadata_store.MetadataStore, input_dict: dict[str, list[types.Artifact]]
    ) -> dict[str, list[types.Artifact]]:
        """See the class; keys are `model` and, maybe, `examples`."""
        examples = input_dict.get("examples") or []
        refit = [
            model
            for model in input_dict["model"]
            if model.get_int_custom_property("refit") == 1 and all(model.id < read.id for read in examples)
        ]
        newest_first = sorted(refit, key=lambda model: model.id, reverse=True)
        last = next((model for model in newest_first if maker(store, model) == self._node), None)
        kept = {"examples": examples} if examples else {}
        return {"model": [last] if last else [], **kept}
