"""The schema of described data: every feature with its type, and what the description says of its values."""

from typing import TYPE_CHECKING, Any

from trainer.data.description import Categories, Category, Description, Events, Number, Time, Vector

if TYPE_CHECKING:
    from tensorflow_metadata.proto.v0.schema_pb2 import Schema

#: Jensen-Shannon divergence of the ratings from those of the run before: as in the shipped schemas.
_RATING_DRIFT = 0.02


def schema_of(description: Description) -> "Schema":
    """Returns the schema of data as `tensorflow_metadata` has it.

    Roles must be there in every tf.Example; a feature may be missing. Ratings are bounded by the described
    scale, the strengths of implicit feedback by 0, and a category by its described words.
    """
    from tensorflow_metadata.proto.v0 import schema_pb2

    schema = schema_pb2.Schema()
    names = description.names
    for name in (names.user, names.item, names.title):
        _role(schema, name, schema_pb2.BYTES)
    _role(schema, names.time, schema_pb2.INT).int_domain.min = 0
    rating = _role(schema, names.rating, schema_pb2.FLOAT)
    rating.float_domain.disallow_nan = rating.float_domain.disallow_inf = True
    if description.feedback == "implicit":
        rating.float_domain.min = 0
    else:
        if description.scale is not None:
            rating.float_domain.min, rating.float_domain.max = description.scale.min, description.scale.max
        rating.drift_comparator.jensen_shannon_divergence.threshold = _RATING_DRIFT
    if description.events:
        add_event(schema, description.events)
    for key, (_, feature) in description.features().items():
        if feature.of is None:
            _feature(schema, feature.name or key, feature)
    return schema


def add_event(schema: "Schema", events: Events) -> None:
    """Adds the event type, which every tf.Example has where there are several types."""
    from tensorflow_metadata.proto.v0 import schema_pb2

    _role(schema, events.name, schema_pb2.BYTES).domain = events.name
    schema.string_domain.add(name=events.name, value=events.types)


def _role(schema: "Schema", name: str, kind: Any) -> Any:
    role = schema.feature.add(name=name, type=kind)
    role.presence.min_fraction, role.presence.min_count = 1.0, 1
    role.shape.SetInParent()
    return role


def _feature(schema: "Schema", name: str, feature: Any) -> None:
    from tensorflow_metadata.proto.v0 import schema_pb2

    number = isinstance(feature, Number | Vector)
    kind = schema_pb2.INT if isinstance(feature, Time) else schema_pb2.FLOAT if number else schema_pb2.BYTES
    added = schema.feature.add(name=name, type=kind)
    if isinstance(feature, Categories):
        added.value_count.min = 0
    else:
        length = feature.length if isinstance(feature, Vector) else 1
        added.value_count.min = added.value_count.max = length
    if number:
        added.float_domain.disallow_nan = added.float_domain.disallow_inf = True
    if isinstance(feature, Category) and feature.values and feature.prefix is None:
        added.domain = name
        schema.string_domain.add(name=name, value=feature.values)
