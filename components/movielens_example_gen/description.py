"""Where the parts of a data set are: files, their format, and the columns of each role.

The keys `interactions`, `items`, `users`, `nouns` and `names` of the `data` section. `Described.description`
is what the stages behind ingestion are told (`trainer.data.description`). Light to import: no TensorFlow.
"""

from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from marquee.strict import Strict
from trainer.data.description import Description, Events, Features, Nouns, Scale
from trainer.data.names import GivenNames, Name, Names, names_of_nouns

Column = Annotated[str, Field(min_length=1)]


class Format(Strict):
    """The format of a file; what is left out is recognised from its name and first bytes."""

    kind: Literal["text", "jsonl", "json", "parquet", "sequences"] | None = Field(
        None,
        description="text: a table of lines and separators; jsonl: one JSON object per line; json: a list of "
        "objects, or one object with an entry for each id, where an entry that is no object is the column "
        "`value`; parquet; sequences: one line per user, the user and then items in the order of time; null: "
        "recognised",
    )
    separator: str | None = Field(
        None,
        min_length=1,
        description="what stands between two cells of a line, such as `,`, `;`, `::` or a tab; a blank is "
        "any number of blanks; null: recognised",
    )
    header: bool | None = Field(
        None, description="whether the first line names the columns; null: recognised"
    )
    columns: tuple[Column, ...] | None = Field(
        None, description="names of the columns in order, for files without a header"
    )
    decimal: Literal[".", ","] = Field(".", description="decimal sign of numbers")
    encoding: Literal["utf-8", "latin-1", "cp1252"] = Field("utf-8", description="encoding of text")

    @model_validator(mode="after")
    def _names_or_header(self) -> "Format":
        if self.header and self.columns:
            raise ValueError("columns names the columns of files without a header: leave out one of them")
        if self.decimal == "," and self.separator == ",":
            raise ValueError("separator and decimal cannot both be a comma")
        return self


class _Table(Strict):
    """One kind of file: all files that `path` matches have one format."""

    path: str | None = Field(
        None,
        min_length=1,
        description="file, folder or pattern such as `events/*.jsonl.gz`, within `data.path`; null: "
        "`data.path` itself; of items and users, the files of interactions",
    )

    format: Format = Field(Format(), description="format of the files")

    @field_validator("path")
    @classmethod
    def _is_within(cls, path: str | None) -> str | None:
        if path is not None and (PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts):
            raise ValueError("it must be within data.path, without `..` and a leading slash")
        return path


class RatingColumn(Strict):
    """A column of explicit ratings, and its scale."""

    column: Column = Field("rating", description="column of the ratings")
    min: float | None = Field(None, description="lowest rating of the scale; null: as train has it")
    max: float | None = Field(None, description="highest rating of the scale; null: as train has it")
    step: float | None = Field(None, gt=0, description="distance of neighbouring ratings; null: any number")

    @model_validator(mode="after")
    def _whole_scale(self) -> "RatingColumn":
        if (self.min is None) != (self.max is None):
            raise ValueError("give min and max, or neither")
        if self.step is not None and self.min is None:
            raise ValueError("step needs min and max")
        return self

    @property
    def scale(self) -> Scale | None:
        """Returns the scale, if the description names it."""
        if self.min is None or self.max is None:
            return None
        return Scale(min=self.min, max=self.max, step=self.step)


class EventColumn(Strict):
    """A column of event types and what each is worth; several types are features of tf.Examples."""

    column: Column = Field("event", description="column of the event types")
    weights: dict[str, Annotated[float, Field(gt=0)]] = Field(
        min_length=1, description="weight of each event type, such as `{view: 1, purchase: 5}`"
    )
    name: Name = Field(
        "event", description="name of the event type in tf.Examples, where there are several types"
    )
    others: Literal["skip", "stop"] = Field(
        "stop",
        description="what to do with an event type that `weights` does not name: leave its rows out, "
        "counted and reported, or treat them as bad rows",
    )

    @property
    def told(self) -> Events | None:
        """Returns what later stages are told of the types; None if all events are of one type."""
        return Events(name=self.name, weights=self.weights) if len(self.weights) > 1 else None

    @model_validator(mode="after")
    def _types_can_be_answered(self) -> "EventColumn":
        _ = self.told  # raises what is wrong with the names
        return self


class TimeColumn(Strict):
    """A column of times."""

    column: Column = Field("timestamp", description="column of the times")
    unit: Literal["auto", "s", "ms", "us", "ns", "iso"] = Field(
        "auto", description="unit: seconds to nanoseconds since 1970, or ISO 8601; auto: recognised"
    )


class Interactions(_Table):
    """The files of interactions, and the columns of each role.

    With `rating` the feedback is explicit; without it, implicit: `count` and `event` say how much an
    interaction is worth, and without them each is worth 1.
    """

    user: Column = Field("user_id", description="column of the users' ids")
    item: Column = Field("item_id", description="column of the items' ids")
    rating: RatingColumn | None = Field(None, description="column of ratings; null: implicit feedback")
    count: Column | None = Field(None, description="column of counts, such as plays (implicit feedback)")
    event: EventColumn | None = Field(None, description="column of event types (implicit feedback)")
    time: TimeColumn | None = Field(None, description="column of times; null: there are none")
    features: Features = Field(default={}, description="context known when a request is made, by key")

    @model_validator(mode="after")
    def _one_strength(self) -> "Interactions":
        given = [name for name in ("rating", "count", "event") if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(f"give one of {', '.join(given)}: it says what an interaction is worth")
        return self


class Items(_Table):
    """The file of items: what can be recommended, also before anybody has touched it."""

    id: Column = Field("item_id", description="column of the items' ids")
    title: Column | None = Field(None, description="column of titles; null: ids stand for titles")
    features: Features = Field(default={}, description="features of items, by key")


class Users(_Table):
    """The file of users."""

    id: Column = Field("user_id", description="column of the users' ids")
    features: Features = Field(default={}, description="features of users, by key")


class Described(Strict):
    """The description of a data set, as its files have it."""

    interactions: Interactions
    items: Items | None = None
    users: Users | None = None
    nouns: Nouns = Nouns()
    names: GivenNames = GivenNames()

    @property
    def description(self) -> Description:
        """Returns what the stages behind ingestion are told.

        Raises:
            pydantic.ValidationError: two features, or a feature and a role, have one name.
        """
        rating = self.interactions.rating
        event = self.interactions.event
        counted, weighed = self.interactions.count is not None, event is not None
        unnamed = Description(
            feedback="explicit" if rating else "implicit",
            strength="count" if counted else "weight" if weighed else "one",
            events=event.told if event else None,
            scale=rating.scale if rating else None,
            nouns=self.nouns,
            user_features=self.users.features if self.users else {},
            item_features=self.items.features if self.items else {},
            context_features=self.interactions.features,
        )
        return unnamed.named(self.names.over(_names(unnamed)))


def _names(description: Description) -> Names:
    """Returns the names of what every data set has, where the description gives none."""
    grouping, nouns = description.grouping, description.nouns
    words = description.name_of(grouping) if grouping else None
    return names_of_nouns(nouns.user, nouns.item, description.implicit, words)
