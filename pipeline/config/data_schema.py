"""The schema that data is validated against: made of its description, shipped, or a file of your own."""

from dataclasses import dataclass
from pathlib import Path

from components.movielens_example_gen.config import DataConfig
from marquee.errors import ConfigError
from pipeline.config.described_schema import add_event, schema_of
from trainer.data import features

CARRIED = ("demographics", "ratings")
AUTO = "auto"
SUFFIX = ".pbtxt"
_FOLDER = Path(__file__).resolve().parent / "schemas"


@dataclass(frozen=True)
class DataSchema:
    """A schema as text, and the names of its features."""

    text: str
    features: frozenset[str]

    @classmethod
    def read(cls, name: str, data: DataConfig | None = None) -> "DataSchema":
        """Reads and checks a schema.

        Args:
            name: `validate.schema`: `auto`, a name of CARRIED, or the path of a `.pbtxt` file.
            data: the data that it is for; None: MovieLens.

        Raises:
            ConfigError: there is no such file, it is no schema, or it lacks a feature that every rating has.
        """
        from google.protobuf import text_format
        from tensorflow_metadata.proto.v0 import schema_pb2

        data = data or DataConfig()
        if name == AUTO:
            made = schema_of(data.description)
            return cls(text_format.MessageToString(made), frozenset(each.name for each in made.feature))
        path = _FOLDER / f"{name}{SUFFIX}" if name in CARRIED else Path(name).expanduser()
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeError) as error:
            raise ConfigError(
                f"validate.schema: {path} cannot be read: {getattr(error, 'strerror', None) or error}",
                "Name a schema.pbtxt, or auto, or demographics or ratings, which Marquee carries.",
            ) from None
        try:
            schema = text_format.Parse(text, schema_pb2.Schema())
        except text_format.ParseError as error:
            raise ConfigError(
                f"validate.schema: {path} is no schema: {error}",
                "Write it as TensorFlow Data Validation does (tensorflow_metadata.v0.Schema as text); a run "
                "that stops at the schema proposes one.",
            ) from None
        names = data.description.names
        if name in CARRIED and not names.are_keys:  # they are written in MovieLens's names
            for feature in schema.feature:
                feature.name = names.outside(feature.name) if feature.name in features.ROLES else feature.name
            text = text_format.MessageToString(schema)
        events = data.description.events
        if events and events.name not in {feature.name for feature in schema.feature}:
            # Written before tf.Examples told the event type, which the description says all about.
            add_event(schema, events)
            text = text_format.MessageToString(schema)
        found = frozenset(feature.name for feature in schema.feature)
        always = (*names.in_examples(), *(() if data.described else (features.MOVIE_GENRES,)))
        missing = [name for name in always if name not in found]
        if missing:
            raise ConfigError(
                f"validate.schema: {path} has no feature {', '.join(missing)}, which every rating has",
                f"Add it as {_FOLDER / 'ratings.pbtxt'} has it.",
            )
        return cls(text, found)
