"""Resolves the newest artifact of a type that the run did not make itself."""

from ml_metadata import metadata_store
from tfx import types
from tfx.dsl.components.common import resolver


class LatestOther(resolver.ResolverStrategy):
    """Of `candidates`, the newest older one than `current`; empty when there is none."""

    def resolve_artifacts(
        self, store: metadata_store.MetadataStore, input_dict: dict[str, list[types.Artifact]]
    ) -> dict[str, list[types.Artifact]]:
        """See the class; keys are `candidates` and `current`."""
        del store
        current = input_dict["current"]
        newest_allowed = min((a.id for a in current), default=0)
        older = [a for a in input_dict["candidates"] if a.id < newest_allowed]
        return {"current": current, "candidates": sorted(older, key=lambda a: a.id)[-1:]}
