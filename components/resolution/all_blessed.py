"""Resolves judged models if every blessing is given, and nothing otherwise."""

from ml_metadata import metadata_store
from tfx import types
from tfx.dsl.components.common import resolver

BLESSING = "_blessing"  # what the names of blessings among the inputs end with


class AllBlessed(resolver.ResolverStrategy):
    """Passes models on if all `…_blessing` inputs are blessed; otherwise each model resolves to nothing.

    What reads a model by way of this resolver depends on the model alone: a judgement that is made anew, with
    the same outcome, leaves it cached.
    """

    def resolve_artifacts(
        self, store: metadata_store.MetadataStore, input_dict: dict[str, list[types.Artifact]]
    ) -> dict[str, list[types.Artifact]]:
        """See the class; every other key names a model."""
        blessings = [found for name, found in input_dict.items() if name.endswith(BLESSING)]
        given = all(found and found[0].get_int_custom_property("blessed") == 1 for found in blessings)
        return {name: found if given or name.endswith(BLESSING) else [] for name, found in input_dict.items()}
