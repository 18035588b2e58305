"""What a data set means: its features by type, its feedback, and the words for its users and items.

A description is data, not code (DESIGN.md, "Data: described, not coded"). It reaches every stage that learns,
judges or serves as JSON; which file and column a feature comes from is only known to ingestion
(`components.movielens_example_gen`), which reads more keys from the same entries. Light to import.
"""

from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import Field, model_validator

from marquee.strict import Strict
from trainer.data.features import MOVIE_GENRES, ROLES
from trainer.data.names import Names

Owner: TypeAlias = Literal["user", "item", "context"]


class _Feature(Strict):
    """What all types of features have in common."""

    column: str | None = Field(
        None, description="column of the file that holds it; null: the one with the feature's own name"
    )
    pattern: str | None = Field(
        None,
        description="regular expression with one group, which is the value; null: the whole cell; a cell "
        "that it does not match has no value",
    )
    name: str | None = Field(
        None, description="name in tf.Examples, statistics and slices; null: the feature's own name"
    )
    of: Literal["title"] | None = Field(
        None,
        description="title: derived from the item's title by `pattern` where it is needed, and no feature of "
        "tf.Examples; null: it has a column",
    )
    none: tuple[str, ...] = Field(
        (), description="cells that mean that there is no value, besides empty ones"
    )


class Category(_Feature):
    """One word of a vocabulary, such as a country or a brand; learned as an embedding."""

    type: Literal["category"] = "category"
    prefix: int | None = Field(
        None,
        ge=1,
        description="characters by which models tell words apart, from the first on; null: all of them",
    )
    values: tuple[str, ...] | None = Field(
        None, description="the words, in order; null: those of train, the most frequent first"
    )
    limit: int = Field(
        50_000,
        ge=1,
        description="words that have an embedding of their own, the most frequent; others share hashed ones",
    )
    slices: bool = Field(True, description="whether evaluation reports each word, of at most 50, on its own")
    default: str | None = Field(
        None, description="value of a request that does not give it (context, and users without an id)"
    )


class Categories(_Feature):
    """Any number of words, such as tags; learned as the sum of their embeddings over √n."""

    type: Literal["categories"] = "categories"
    separator: str = Field("|", min_length=1, description="what stands between two words in one cell")
    limit: int = Field(
        50_000,
        ge=1,
        description="words that have an embedding of their own, the most frequent; others are left out",
    )
    slices: bool = Field(True, description="whether evaluation reports each word, of at most 50, on its own")
    default: tuple[str, ...] = Field(
        (), description="words of a request that does not give any (context only)"
    )


class Number(_Feature):
    """A number, such as an age or a price; learned in bins, and standardised where a model takes numbers."""

    type: Literal["number"] = "number"
    boundaries: tuple[float, ...] | None = Field(
        None, description="ascending boundaries between bins; null: `bin_width`, else quantiles of train"
    )
    bin_width: float | None = Field(None, gt=0, description="width of each bin, from train's least value on")
    bins: int = Field(10, ge=2, description="number of bins where quantiles are taken")
    labels: tuple[str, ...] = Field(
        (), description="names of the bins between `boundaries`, for slices and reports; none: ranges"
    )
    default: float | None = Field(
        None, description="value of a request that does not give it (context, and users without an id)"
    )

    @model_validator(mode="after")
    def _bins_have_one_rule(self) -> "Number":
        if self.boundaries is not None and self.bin_width is not None:
            raise ValueError("give boundaries or bin_width")
        if self.boundaries is not None and list(self.boundaries) != sorted(set(self.boundaries)):
            raise ValueError("boundaries must ascend")
        if self.labels and len(self.labels) != len(self.boundaries or ()) + 1:
            raise ValueError("labels needs one name more than there are boundaries")
        return self


class Text(_Feature):
    """Free text, such as a title or a summary; learned as the sum of its words' embeddings over √n."""

    type: Literal["text"] = "text"
    limit: int = Field(20_000, ge=1, description="words that have an embedding, the most frequent")
    default: str | None = Field(None, description="text of a request that does not give it (context only)")


class Vector(_Feature):
    """A vector of fixed length, such as an image's embedding; learned as a projection."""

    type: Literal["vector"] = "vector"
    length: int = Field(ge=1, description="number of numbers")
    separator: str = Field(" ", min_length=1, description="what stands between two numbers in one cell")
    default: tuple[float, ...] | None = Field(
        None, description="vector of a request that does not give it (context only)"
    )

    @model_validator(mode="after")
    def _default_has_the_length(self) -> "Vector":
        if self.default is not None and len(self.default) != self.length:
            raise ValueError(f"default has {len(self.default)} numbers: give {self.length}, as length says")
        return self


class Time(_Feature):
    """A moment, such as a release date; seconds since 1970 in tf.Examples, learned in bins as a number."""

    type: Literal["time"] = "time"
    unit: Literal["auto", "s", "ms", "us", "ns", "iso"] = Field(
        "auto", description="unit of the column; auto: told from its size, or ISO 8601"
    )
    bins: int = Field(10, ge=2, description="number of bins, by quantiles of train")


Feature: TypeAlias = Annotated[
    Category | Categories | Number | Text | Vector | Time, Field(discriminator="type")
]
Features: TypeAlias = dict[str, Feature]


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
