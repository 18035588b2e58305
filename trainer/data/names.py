"""Names of what every data set has: in tf.Examples and all that is made of them, and in the serving contract.

Inside, code speaks of these by the keys in `trainer.data.features`, which are MovieLens's names. Outside, a
data set has names of its own. They are translated where a name meets the world: where tf.Examples are written
and parsed, and where a signature is made or called.
"""

import re
import unicodedata
from collections.abc import Mapping
from typing import Annotated, ClassVar, Self, TypeVar

from pydantic import AfterValidator, Field, model_validator

from marquee.strict import Strict
from trainer.data import features

Value = TypeVar("Value")

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")

#: Names that signatures, or the tables of a bulk run, have beside those of a data set.
FIXED = frozenset(
    {
        "activity",
        "chance",
        "exclude_seen",
        "examples",
        "history_id",
        "k",
        "liked",
        "rank",
        "ratings",
        "score",
        "self",
    }
    | {"similarity", "vector", "watched", "weight"}
)


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError("a name is made of letters (a to z), digits and _, begins with a letter, at most 64")
    if name in FIXED:
        raise ValueError(f"signatures use {name} for something else: give another name")
    return name


Name = Annotated[str, AfterValidator(_checked)]


class Names(Strict):
    """The names of a data set, by role; those of MovieLens where none are given.

    Examples:
        >>> shop = Names(user="customer_id", item="product_id")
        >>> shop.outside("movie_id"), shop.outside("brand"), shop.outside("k")
        ('product_id', 'brand', 'k')
        >>> shop.inside_of({"product_id": [1], "k": 2})
        {'movie_id': [1], 'k': 2}
    """

    user: Name = features.USER_ID
    item: Name = features.MOVIE_ID
    title: Name = features.MOVIE_TITLE
    rating: Name = features.USER_RATING
    time: Name = features.TIMESTAMP
    words: Name = features.MOVIE_GENRES

    #: The key that code uses for each role.
    KEYS: ClassVar[Mapping[str, str]] = {
        "user": features.USER_ID,
        "item": features.MOVIE_ID,
        "title": features.MOVIE_TITLE,
        "rating": features.USER_RATING,
        "time": features.TIMESTAMP,
        "words": features.MOVIE_GENRES,
    }

    @model_validator(mode="after")
    def _are_distinct(self) -> Self:
        seen: dict[str, str] = {}
        for role, name in self.by_role().items():
            if name in seen:
                raise ValueError(f"names.{role}: {name} is the name of {seen[name]} too: give another")
            seen[name] = role
        return self

    def by_role(self) -> dict[str, str]:
        """Returns the names by role."""
        return {role: getattr(self, role) for role in self.KEYS}

    def in_examples(self) -> tuple[str, ...]:
        """Returns the names that every tf.Example has."""
        return self.user, self.item, self.title, self.time, self.rating

    @property
    def are_keys(self) -> bool:
        """Tells whether the names are MovieLens's, so that there is nothing to translate."""
        return self.by_role() == dict(self.KEYS)

    def outside(self, key: str) -> str:
        """Returns the data set's name for a key; a key of something else is its own name."""
        return self._outward().get(key, key)

    def outside_of(self, by_key: Mapping[str, Value]) -> dict[str, Value]:
        """Returns a mapping with the data set's names for its keys."""
        outward = self._outward()
        return {outward.get(key, key): value for key, value in by_key.items()}

    def inside_of(self, by_name: Mapping[str, Value]) -> dict[str, Value]:
        """Returns a mapping with keys for the data set's names."""
        inward = {name: key for key, name in self._outward().items()}
        return {inward.get(name, name): value for name, value in by_name.items()}

    def _outward(self) -> dict[str, str]:
        return {key: getattr(self, role) for role, key in self.KEYS.items()}


class GivenNames(Strict):
    """The names that a configuration gives; what it leaves out has a default."""

    user: Name | None = Field(None, description="name of users' ids; null: `<noun>_id`")
    item: Name | None = Field(None, description="name of items' ids; null: `<noun>_id`")
    title: Name | None = Field(None, description="name of items' titles; null: `<noun>_title`")
    rating: Name | None = Field(
        None,
        description="name of ratings, or of implicit feedback of what an interaction is worth, and of what "
        "the ranking model predicts: the rating, or the chance of an interaction; null: `user_rating`, of "
        "implicit feedback `interaction`",
    )
    time: Name | None = Field(None, description="name of the times of interactions; null: `timestamp`")
    words: Name | None = Field(
        None,
        description="name of the words of an item in the retrieval model's `describe`; null: the name of the "
        "feature that they are from, or `<noun>_words`",
    )

    def over(self, default: Names) -> Names:
        """Returns the names, those of `default` where none is given.

        Raises:
            pydantic.ValidationError: two roles have one name.
        """
        given = self.model_dump(exclude_none=True)
        if self.words is None and default.words in given.values():
            given["words"] = "words"
        return Names(**{**default.by_role(), **given})


def names_of_nouns(user: str, item: str, implicit: bool, words: str | None) -> Names:
    """Returns the names of described data that gives none.

    Args:
        user, item: the nouns.
        implicit: whether the feedback is implicit.
        words: the name of the feature by which people group items; None without one.

    Examples:
        >>> names_of_nouns("listener", "artist", implicit=True, words=None).by_role()
        ... # doctest: +NORMALIZE_WHITESPACE
        {'user': 'listener_id', 'item': 'artist_id', 'title': 'artist_title', 'rating': 'interaction',
         'time': 'timestamp', 'words': 'artist_words'}
        >>> names_of_nouns("person", "person", implicit=False, words="tags").item
        'item_id'
    """
    who, what = identifier(user) or "user", identifier(item) or "item"
    if who == what or not _is_free(f"{who}_id", f"{what}_id", f"{what}_title"):
        who, what = "user", "item"
    rating = "interaction" if implicit else features.USER_RATING
    named = {
        "user": f"{who}_id",
        "item": f"{what}_id",
        "title": f"{what}_title",
        "rating": rating,
        "time": features.TIMESTAMP,
    }
    usable = words is not None and _is_free(words) and words not in named.values()
    return Names(**named, words=words if usable else f"{what}_words")


def identifier(noun: str) -> str:
    """Returns a word as part of a name: `Hörbuch-Serie` is `horbuch_serie`; "" where no letter is left."""
    plain = unicodedata.normalize("NFKD", noun).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "_", plain.casefold()).strip("_")[:48].rstrip("_")


def _is_free(*names: str) -> bool:
    return all(_NAME.fullmatch(name) and name not in FIXED for name in names)
