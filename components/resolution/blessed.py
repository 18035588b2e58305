"""The last blessed model of a node."""

from collections.abc import Sequence

from ml_metadata import metadata_store
from ml_metadata.proto import metadata_store_pb2
from tfx import types


def last_blessed(
    store: metadata_store.MetadataStore,
    models: Sequence[types.Artifact],
    blessings: Sequence[types.Artifact],
    node: str,
) -> tuple[list[types.Artifact], list[types.Artifact]]:
    """Returns the newest of `models` that `node` made and that was blessed, and its blessing; empty if none.

    Properties of a blessing as TFX's Evaluator writes them: `blessed` (1 or 0), `current_model_id`.

    Args:
        node: as `maker` gives it.
    """
    given = {
        blessing.get_int_custom_property("current_model_id"): blessing
        for blessing in blessings
        if blessing.get_int_custom_property("blessed") == 1
    }
    found = [model for model in models if model.id in given and maker(store, model) == node]
    last = sorted(found, key=lambda model: model.id)[-1:]
    return last, [given[model.id] for model in last]


def maker(store: metadata_store.MetadataStore, artifact: types.Artifact) -> str:
    """Returns the node that made an artifact, as `pipeline.node`; its contexts also hold its readers."""
    for event in store.get_events_by_artifact_ids([artifact.id]):
        if event.type == metadata_store_pb2.Event.OUTPUT:
            contexts = store.get_contexts_by_execution(event.execution_id)
            return next((context.name for context in contexts if context.type == "node"), "")
    return ""
