"""Resolves the base model of a warm start."""

from ml_metadata import metadata_store
from tfx import types
from tfx.dsl.components.common import resolver

from components.resolution.blessed import last_blessed
from components.resolution.last_refit import LastRefit


class LastBlessed(resolver.ResolverStrategy):
    """Resolves the newest of `model` that `node` made and a `model_blessing` blessed, if any.

    Where there are `examples`, only models count that are older than they: none that was trained on them.
    So a run on the same examples begins where the run before began, and the cache has its answer.

    Args:
        node: as `pipeline.node`.
        or_refit: a node as well, whose refit models count beside the blessed ones; "" for none.
    """

    def __init__(self, node: str, or_refit: str = ""):
        self._node, self._or_refit = node, or_refit

    def resolve_artifacts(
        self, store: metadata_store.MetadataStore, input_dict: dict[str, list[types.Artifact]]
    ) -> dict[str, list[types.Artifact]]:
        """See the class; keys are `model`, `model_blessing` and, maybe, `examples`."""
        models, examples = input_dict["model"], input_dict.get("examples") or []
        for read in examples:
            models = [model for model in models if model.id < read.id]
        model, blessing = last_blessed(store, models, input_dict["model_blessing"], self._node)
        kept = {"examples": examples} if examples else {}
        refit = LastRefit(self._or_refit).resolve_artifacts(store, {"model": models})["model"]
        if refit and (not model or refit[0].id > model[0].id):
            model, blessing = refit, []
        return {"model": model, "model_blessing": blessing, **kept}
