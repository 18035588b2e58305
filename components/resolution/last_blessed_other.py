"""Resolves the last blessed model that is not the candidate."""

from ml_metadata import metadata_store
from tfx import types
from tfx.dsl.components.common import resolver

from components.resolution.blessed import last_blessed, maker


class LastBlessedOther(resolver.ResolverStrategy):
    """Resolves the newest of `model` that is older than `candidate` and was blessed, if any.

    Only models of the candidate's own node count: a ranking model is not measured by a retrieval model.
    """

    def resolve_artifacts(
        self, store: metadata_store.MetadataStore, input_dict: dict[str, list[types.Artifact]]
    ) -> dict[str, list[types.Artifact]]:
        """See the class; keys are `model`, `model_blessing` and `candidate`."""
        [candidate] = input_dict["candidate"]
        older = [model for model in input_dict["model"] if model.id < candidate.id]
        model, blessing = last_blessed(
            store, older, input_dict["model_blessing"], node=maker(store, candidate)
        )
        return {"candidate": [candidate], "model": model, "model_blessing": blessing}
