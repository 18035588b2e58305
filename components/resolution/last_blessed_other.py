"""Resolves the last blessed model that is not the candidate."""

from ml_metadata import metadata_store
from tfx import types
from tfx.dsl.components.common import resolver


class LastBlessedOther(resolver.ResolverStrategy):
    """Of `model`, the newest one older than `candidate` that a `model_blessing` blessed; empty when none.

    Properties of a blessing as TFX's Evaluator writes them: `blessed` (1 or 0), `current_model_id`.
    """

    def resolve_artifacts(
        self, store: metadata_store.MetadataStore, input_dict: dict[str, list[types.Artifact]]
    ) -> dict[str, list[types.Artifact]]:
        """See the class; keys are `model`, `model_blessing` and `candidate`."""
        del store
        candidate = input_dict["candidate"]
        newest_allowed = min((a.id for a in candidate), default=0)
        blessings = {
            blessing.get_int_custom_property("current_model_id"): blessing
            for blessing in input_dict["model_blessing"]
            if blessing.get_int_custom_property("blessed") == 1
        }
        blessed = [m for m in input_dict["model"] if m.id < newest_allowed and m.id in blessings]
        last = sorted(blessed, key=lambda a: a.id)[-1:]
        return {
            "candidate": candidate,
            "model": last,
            "model_blessing": [blessings[model.id] for model in last],
        }
