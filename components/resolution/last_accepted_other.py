"""Resolves the statistics that a run's own are compared with."""

from ml_metadata import metadata_store
from ml_metadata.proto import metadata_store_pb2
from tfx import types
from tfx.dsl.components.common import resolver

_ENDED_WELL = (metadata_store_pb2.Execution.COMPLETE, metadata_store_pb2.Execution.CACHED)


class LastAcceptedOther(resolver.ResolverStrategy):
    """Resolves the newest of `candidates` that is older than `current` and that `node` accepted, if any.

    Statistics are made before anybody looks at them. Data that was refused is nothing to be compared with:
    the corrected data would be refused for differing from it.

    Args:
        node: as `pipeline.node`, the validator; it accepted what it took as `statistics` and ended well.
    """

    def __init__(self, node: str):
        self._node = node

    def resolve_artifacts(
        self, store: metadata_store.MetadataStore, input_dict: dict[str, list[types.Artifact]]
    ) -> dict[str, list[types.Artifact]]:
        """See the class; keys are `candidates` and `current`."""
        current = input_dict["current"]
        newest_allowed = min((artifact.id for artifact in current), default=0)
        older = [artifact for artifact in input_dict["candidates"] if artifact.id < newest_allowed]
        newest_first = sorted(older, key=lambda artifact: artifact.id, reverse=True)
        accepted = (artifact for artifact in newest_first if self._accepted(store, artifact))
        return {"current": current, "candidates": [found for found in [next(accepted, None)] if found]}

    def _accepted(self, store: metadata_store.MetadataStore, statistics: types.Artifact) -> bool:
        readers = [
            event.execution_id
            for event in store.get_events_by_artifact_ids([statistics.id])
            if event.type == metadata_store_pb2.Event.INPUT
            and any(step.key == "statistics" for step in event.path.steps)
        ]
        return any(
            execution.last_known_state in _ENDED_WELL
            and any(each.name == self._node for each in store.get_contexts_by_execution(execution.id))
            for execution in (store.get_executions_by_id(readers) if readers else ())
        )
