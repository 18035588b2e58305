"""The `data` section: which ratings are read, and how they are split into train, eval and test."""

from typing import Annotated, Literal

from pydantic import Field, ValidationError, model_validator

from components.movielens_example_gen.description import Described, Interactions, Items, Users
from components.movielens_example_gen.shipped import shipped
from marquee.strict import Strict
from trainer.data.description import Description, Nouns
from trainer.data.names import GivenNames

Fraction = Annotated[float, Field(gt=0, lt=1)]


Seed = Annotated[int, Field(ge=0, lt=2**32, description="seed of the random permutation")]


class _Fractions(Strict):
    """The fractions of `eval` and `test`; the rest is `train`."""

    eval: Fraction = Field(0.1, description="fraction that becomes `eval`")
    test: Fraction = Field(0.1, description="fraction that becomes `test`; the rest is `train`")

    @model_validator(mode="after")
    def _leaves_something_to_train_on(self):
        if self.eval + self.test >= 1:
            raise ValueError(f"eval ({self.eval}) and test ({self.test}) must leave something to train on")
        return self


class RandomSplit(_Fractions):
    """Random split: a `RandomState(seed)` permutation of the file's rows, train first, test last."""

    kind: Literal["random"] = "random"
    seed: Seed = 42


class HashSplit(_Fractions):
    """Split by a stable hash of user and item: a rating keeps its split as the data grows.

    The split of a rating depends on its two ids and the fractions alone, not on the order or number of rows,
    or on whether an id is written `242` or `242.0`. All ratings of one item by one user are in one split.
    """

    kind: Literal["hash"] = "hash"


class TemporalSplit(_Fractions):
    """Split by time: fractions of the period from the first to the last rating, the newest for `test`."""

    kind: Literal["temporal"] = "temporal"


class LeaveLastOutSplit(Strict):
    """Leave-last-out split: each user's last rating is `test`, the one before it `eval`, the rest `train`.

    Ratings with equal times keep the file's order. All ratings of a user with fewer than three are `train`.
    """

    kind: Literal["leave_last_out"] = "leave_last_out"


class PerItemSplit(_Fractions):
    """Random split of each item's ratings, by a fresh `RandomState(seed)` permutation per item.

    The cuts are at `round((1 - eval - test) n)` and `round((1 - test) n)`, as in the stratified splitter of
    Microsoft Recommenders: `test: 0.25` gives the test rows of its published protocol.
    """

    kind: Literal["per_item"] = "per_item"
    seed: Seed = 42


class PredefinedSplit(Strict):
    """Published split, such as `u1.base` and `u1.test`; `eval` is drawn from the train file."""

    kind: Literal["predefined"] = "predefined"
    train_file: str = Field("u1.base", description="file that `train` and `eval` are drawn from")
    test_file: str = Field("u1.test", description="file that is `test`")
    eval: Fraction = Field(0.1, description="fraction of the train file that becomes `eval`")
    seed: Seed = 42


class UserHoldoutSplit(_Fractions):
    """Random split of users: all ratings of a user are in one split (strong generalization)."""

    kind: Literal["user_holdout"] = "user_holdout"
    seed: Seed = 42


class NewestSpanSplit(Strict):
    """Split of the newest span by a hash of user and item; all earlier spans are `train`.

    The split of a rating depends on its two ids and the fractions alone: if a span is delivered again with
    more ratings, no rating that an earlier run with the same fractions learned from enters `eval`.
    """

    kind: Literal["newest_span"] = "newest_span"
    eval: Fraction = Field(0.25, description="fraction of the newest span that becomes `eval`")
    test: Fraction = Field(0.25, description="fraction of the newest span that becomes `test`")

    @model_validator(mode="after")
    def _shares_of_one_span(self):
        if self.eval + self.test > 1:
            raise ValueError(f"eval ({self.eval}) and test ({self.test}) are more than the newest span")
        return self


Split = Annotated[
    RandomSplit
    | HashSplit
    | TemporalSplit
    | LeaveLastOutSplit
    | PerItemSplit
    | PredefinedSplit
    | UserHoldoutSplit
    | NewestSpanSplit,
    Field(discriminator="kind"),
]


class SpansConfig(Strict):
    """Spans of ratings: the folders `span-0001`, `span-0002`, … in `data.path`, which arrive over time."""

    window: int | None = Field(None, ge=1, description="number of newest spans to read; null: all")


CUSTOM = "custom"  # one's own ratings
Dataset = Literal["ml-100k", "ml-1m", "ml-10m", "ml-latest-small", "ml-20m", "ml-25m", "ml-32m", "custom"]


class DataConfig(Strict):
    """The `data` section: the data set, where it is, and how it is split and checked."""

    dataset: Dataset = Field(
        "ml-100k", description="MovieLens data set, or `custom`: your own ratings in any supported layout"
    )
    path: str | None = Field(
        None, description="folder, archive or ratings file; null: the cached data set, else a download"
    )
    interactions: Interactions | None = Field(
        None,
        description="description of the files of interactions, for `dataset: custom`; null: recognised by "
        "their columns",
    )
    items: Items | None = Field(None, description="description of the file of items; null: there is none")
    users: Users | None = Field(None, description="description of the file of users; null: there is none")
    nouns: Nouns | None = Field(
        None, description="words for users and items in reports and pages; null: user and item, or film"
    )
    names: GivenNames | None = Field(
        None,
        description="names of what every data set has, in tf.Examples, statistics, signatures and tables; "
        "null: MovieLens's, or, with `interactions`, made of the nouns",
    )
    spans: SpansConfig | None = Field(
        None, description="read `path` as spans: `{}` or `{window: N}`; null: one data set"
    )
    split: Split = Field(
        RandomSplit(),
        description="how ratings are split into `train`, `eval` and `test`; default kind: `hash` for "
        "`dataset: custom`, else `random`",
    )
    max_bad_rows: int = Field(
        0, ge=0, description="malformed rows that are skipped; with more, the run stops"
    )
    min_described: float = Field(
        0.5,
        ge=0,
        le=1,
        description="least fraction of rated items that `movies.csv` describes, and of users that "
        "`users.csv` does; lower stops the run, because the ids are probably written in two ways",
    )
    max_users: int | None = Field(
        None, ge=1, description="number of users to keep, the first in the file, for a quick run; null: all"
    )
    shards: int | None = Field(
        None,
        ge=1,
        le=10_000,
        description="approximate number of pieces that ratings are cut into; null: pieces of 16 MiB",
    )

    @model_validator(mode="before")
    @classmethod
    def _split_suits_the_dataset(cls, given):
        """Published data sets have published protocols; one's own ratings grow."""
        split = given.get("split") if isinstance(given, dict) else ()
        if split is None or (isinstance(split, dict) and "kind" not in split):
            kind = "hash" if given.get("dataset") == CUSTOM else "random"
            return {**given, "split": {"kind": kind, **(split or {})}}
        return given

    @model_validator(mode="after")
    def _own_ratings_have_a_path(self):
        if self.dataset == CUSTOM and self.path is None:
            raise ValueError("dataset: custom needs a path: the folder or file of your ratings")
        return self

    @model_validator(mode="after")
    def _described_as_a_whole(self):
        parts = [name for name in ("interactions", "items", "users") if getattr(self, name) is not None]
        if parts and self.dataset != CUSTOM:
            raise ValueError(f"{self.dataset} is described already: set dataset to custom to give {parts[0]}")
        if parts and self.interactions is None:
            raise ValueError(
                f"{parts[0]} describes a file beside that of the interactions: give interactions"
            )
        try:
            _ = self.description
        except ValidationError as error:  # two of one name
            raise ValueError(error.errors()[0]["msg"].removeprefix("Value error, ")) from None
        return self

    @property
    def described(self) -> Described | None:
        """Returns the description of one's own files; None for files that are recognised by their names."""
        if self.interactions is None:
            return None
        return Described(
            interactions=self.interactions,
            items=self.items,
            users=self.users,
            nouns=self.nouns or Nouns(),
            names=self.names or GivenNames(),
        )

    @property
    def description(self) -> Description:
        """Returns what the stages behind ingestion are told of the data."""
        if self.described is not None:
            return self.described.description
        movielens = shipped("movielens")
        if self.nouns:
            movielens = movielens.model_copy(update={"nouns": self.nouns})
        return movielens.named(self.names.over(movielens.names)) if self.names else movielens

    @model_validator(mode="after")
    def _spans_go_together(self):
        if self.spans is None:
            if self.split.kind == "newest_span":
                raise ValueError("split.kind: newest_span needs spans: set data.spans to {} or {window: N}")
            return self
        if self.dataset != CUSTOM:
            raise ValueError("spans are your own ratings: set data.dataset to custom, and data.path")
        if self.split.kind == "predefined":
            raise ValueError("split.kind: predefined names files, and spans have none of those names")
        if self.max_users is not None:
            raise ValueError("max_users keeps a file's first users, and would leave nobody of a new span")
        return self
