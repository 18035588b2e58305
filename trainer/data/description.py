"""What a data set means: its features by type, its feedback, and the words for its users and items.

A description is data, not code (DESIGN.md, "Data: described, not coded"). It reaches every stage that learns,
judges or serves as JSON; which file and column a feature comes from is only known to ingestion
(`components.movielens_example_gen`), which reads more keys from the same entries. Light to import.
"""

from typing import Any, ClassVar, Literal, TypeAlias

from pydantic import Field, model_validator

from marquee.strict import Strict
from trainer.data.feature_types import (
    Categories,
    Category,
    Feature,
    Features,
    Number,
    Text,
    Time,
    Vector,
)
from trainer.data.features import EVENT, MOVIE_GENRES, ROLES
from trainer.data.implicit.events import WORTH, Events
from trainer.data.names import Names

__all__ = [
    "Categories",
    "Category",
    "Description",
    "Events",
    "Feature",
    "Features",
    "Nouns",
    "Number",
    "Owner",
    "Scale",
    "Text",
    "Time",
    "Vector",
]

Owner: TypeAlias = Literal["user", "item", "context"]


class Nouns(Strict):
    """Words that people read in reports, pages and tables."""

    user: str = Field("user", min_length=1, description="word for one who chooses")
    users: str | None = Field(None, description="its plural; null: with an s")
    item: str = Field("item", min_length=1, description='word for what is chosen, such as "film" or "artist"')
    items: str | None = Field(None, description="its plural; null: with an s")

    def of_users(self) -> str:
        return self.users or f"{self.user}s"

    def of_items(self) -> str:
        return self.items or f"{self.item}s"


class Scale(Strict):
    """The scale of explicit ratings."""

    min: float = Field(description="lowest rating")
    max: float = Field(description="highest rating")
    step: float | None = Field(
        None, gt=0, description="distance of two neighbouring ratings; null: any number"
    )

    #: The ordinal head learns a threshold between two neighbouring ratings; with more of them it has too few
    #: examples of each.
    MOST_LEVELS: ClassVar[int] = 20

    @model_validator(mode="after")
    def _ascends(self) -> "Scale":
        if not self.min < self.max:
            raise ValueError(f"min ({self.min:g}) must be below max ({self.max:g})")
        return self

    @property
    def levels(self) -> int | None:
        """Returns the number of different ratings; None if any number is one."""
        return None if self.step is None else round((self.max - self.min) / self.step) + 1


class Description(Strict):
    """What every stage behind ingestion needs to know of a data set.

    Feedback is *explicit* (ratings) or *implicit* (events or counts). In tf.Examples, `names.rating` is the
    rating of explicit data, and the strength of an interaction of implicit data: the event's weight, or the
    count, or 1.

    Examples:
        >>> tags, country = Categories(), Category(name="user_country")
        >>> shop = Description(item_features={"tags": tags}, user_features={"country": country})
        >>> shop.select("user", "category"), shop.name_of("country")
        (('country',), 'user_country')
    """

    feedback: Literal["explicit", "implicit"] = "explicit"
    strength: Literal["one", "count", "weight"] = Field(
        "one",
        description="what `names.rating` is in implicit data: 1 for each interaction, a count such as plays, "
        "or the weight of the event",
    )
    events: Events | None = Field(
        None, description="types of events of implicit data, if it has several; null: it does not tell any"
    )
    scale: Scale | None = Field(None, description="scale of explicit ratings; null: as train has them")
    nouns: Nouns = Nouns()
    names: Names = Names()
    user_features: Features = Field(default={}, description="features of each user, by key")
    item_features: Features = Field(default={}, description="features of each item, by key")
    context_features: Features = Field(
        default={}, description="features of each interaction, known when a request is made, by key"
    )

    @property
    def implicit(self) -> bool:
        """Tells whether the data are interactions, all of them positive, and not ratings."""
        return self.feedback == "implicit"

    @model_validator(mode="after")
    def _each_feature_has_one_owner(self) -> "Description":
        seen: dict[str, str] = {}
        examples: dict[str, str] = {}
        for owner, features in self.by_owner().items():
            for key, feature in features.items():
                if key in seen:
                    raise ValueError(
                        f"{key} is a feature of both {seen[key]} and {owner}: rename one of them"
                    )
                seen[key] = owner
                name = feature.name or key
                if name in examples:
                    raise ValueError(f"{key} and {examples[name]} are both called {name} in tf.Examples")
                if name in RESERVED or (owner == "context" and name == MOVIE_GENRES):
                    raise ValueError(f"{key}: {name} is the name of a column that every data set has")
                for role, taken in self.names.by_role().items():
                    if name == taken and (role != "words" or owner == "context"):
                        raise ValueError(
                            f"{key}: {name} is the name of every interaction's {role} here (names.{role}): "
                            "give the feature another `name`, or the role"
                        )
                if key in MEANT_OTHERWISE:
                    raise ValueError(
                        f"{key}: a name that models use for something else: give the feature another"
                    )
                if owner == "context" and feature.of is not None:
                    raise ValueError(f"{key}: of: title is for features of items")
                examples[name] = key
        return self

    @model_validator(mode="after")
    def _events_have_names_of_their_own(self) -> "Description":
        if self.events is None:
            return self
        mine = {EVENT: "a column of every interaction", self.events.name: "the event type"}
        taken = mine | dict.fromkeys((*self.events.outputs.values(), WORTH), "an answer of event types")
        for role, name in self.names.by_role().items():
            if name in taken:
                raise ValueError(
                    f"names.{role}: {name} is the name of {taken[name]}: give the {role}, or "
                    "interactions.event, another name"
                )
        for key, (_, feature) in self.features().items():
            for name in (key, feature.name):
                if name in mine:
                    raise ValueError(
                        f"{key}: {name} is the name of {mine[name]} in tf.Examples: give the feature, or "
                        "interactions.event, another name"
                    )
        return self

    def outside(self, key: str) -> str:
        """Returns the name in tf.Examples of what every interaction has, by its key."""
        return self.events.name if self.events and key == EVENT else self.names.outside(key)

    def named(self, names: Names) -> "Description":
        """Returns the description with other names of what every data set has.

        Raises:
            pydantic.ValidationError: a feature has one of them.
        """
        return Description(
            **{field: getattr(self, field) for field in self.model_fields_set} | {"names": names}
        )

    def by_owner(self) -> dict[Owner, Features]:
        """Returns the features by what they belong to."""
        return {"user": self.user_features, "item": self.item_features, "context": self.context_features}

    def features(self) -> dict[str, tuple[Owner, Any]]:
        """Returns every feature by its key, with its owner."""
        return {
            key: (owner, feature)
            for owner, features in self.by_owner().items()
            for key, feature in features.items()
        }

    def name_of(self, key: str) -> str:
        """Returns a feature's name in tf.Examples.

        Raises:
            KeyError: there is no such feature.
        """
        return self.features()[key][1].name or key

    @property
    def grouping(self) -> str | None:
        """Returns the key of the feature by which people group items, such as genres; None without one.

        It is the first with any number of words, or else the first with one. Reports and pages colour and
        describe items by it.
        """
        for kind in (Categories, Category):
            for key, feature in self.item_features.items():
                if isinstance(feature, kind) and feature.of is None:
                    return key
        return None

    def select(self, owner: Owner | None = None, *types: str) -> tuple[str, ...]:
        """Returns the keys of the features of an owner and of some types, as Merlin selects by tag.

        Args:
            owner: what the features belong to; None: anything.
            types: their types; none: all.

        Examples:
            >>> tags, age = Categories(), Number(boundaries=(18, 25))
            >>> films = Description(item_features={"tags": tags}, user_features={"age": age})
            >>> films.select("user"), films.select("item", "number"), films.select(None, "categories")
            (('age',), (), ('tags',))
        """
        return tuple(
            key
            for key, (whose, feature) in self.features().items()
            if owner in (None, whose) and (not types or feature.type in types)
        )

    def sliced(self, owner: Owner, type: str) -> tuple[str, ...]:
        """Returns the features of a type by whose values evaluation is sliced, at most MOST_SLICES each."""
        return tuple(key for key in self.select(owner, type) if _is_sliced(self.by_owner()[owner][key]))

    def slice_of(self, key: str) -> str:
        """Returns the name of a feature's slices in the report: `<key>_group` for a number's bins."""
        return f"{key}_group" if isinstance(self.features()[key][1], Number) else key

    def in_examples(self) -> dict[str, tuple[Owner, Any]]:
        """Returns the features that tf.Examples hold, by key, with their owners."""
        return {key: found for key, found in self.features().items() if found[1].of is None}

    def with_vocabulary(self) -> dict[str, Any]:
        """Returns the features whose words are counted in train, by key."""
        return {
            key: feature
            for key, (_, feature) in self.in_examples().items()
            if isinstance(feature, Categories | Text)
            or (isinstance(feature, Category) and feature.values is None)
        }


def _is_sliced(feature: Any) -> bool:
    if isinstance(feature, Number):
        return bool(feature.labels)
    return isinstance(feature, Category | Categories) and feature.slices


#: The largest number of values of a feature that evaluation slices by.
MOST_SLICES = 50

#: Ratings without any feature.
RATINGS = Description()

#: Keys by which code calls what every data set has, whatever its names are outside: no feature's name.
RESERVED = frozenset(ROLES)

#: Keys that configs and models use for inputs of their own.
MEANT_OTHERWISE = frozenset(
    {"time", "activity", "popularity", "all", "auto", "words", "watched", "watchers", "user", "movie", "bias"}
)
