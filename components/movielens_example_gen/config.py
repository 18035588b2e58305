"""What to read, and how to part it into train, eval and test."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from marquee.strict import Strict

Fraction = Annotated[float, Field(gt=0, lt=1)]


Seed = Annotated[int, Field(ge=0, lt=2**32, description="of the permutation")]


class _Fractions(Strict):
    """Two fractions of a whole; what they leave is `train`."""

    eval: Fraction = Field(0.1, description="the share of `eval`")
    test: Fraction = Field(0.1, description="the share of `test`")

    @model_validator(mode="after")
    def _leaves_something_to_train_on(self):
        if self.eval + self.test >= 1:
            raise ValueError(f"eval ({self.eval}) and test ({self.test}) must leave something to train on")
        return self


class RandomSplit(_Fractions):
    """Ratings at random: a `RandomState(seed)` permutation of the file's rows, train first, test last."""

    kind: Literal["random"] = "random"
    seed: Seed = 42


class HashSplit(_Fractions):
    """A stable hash of user and item decides: a rating never changes sides as data grows.

    Nothing but the two ids and the shares counts: not the order of rows, how many there are, or whether an id
    is written `242` or `242.0`. Ratings of one item by one user are all on one side.
    """

    kind: Literal["hash"] = "hash"


class TemporalSplit(_Fractions):
    """By time: fractions of the time between the first rating and the last, the newest for `test`."""

    kind: Literal["temporal"] = "temporal"


class LeaveLastOutSplit(Strict):
    """A user's last rating is for `test`, the one before it for `eval`.

    Equal times keep the file's order. A user with fewer than three ratings is all `train`.
    """

    kind: Literal["leave_last_out"] = "leave_last_out"


class PerItemSplit(_Fractions):
    """Each movie's ratings at random, a fresh `RandomState(seed)` permutation a movie.

    Cut at `round((1 - eval - test) n)` and `round((1 - test) n)`: what Microsoft Recommenders' stratified
    splitter does, so `test: 0.25` has its published protocol's test rows.
    """

    kind: Literal["per_item"] = "per_item"
    seed: Seed = 42


class PredefinedSplit(Strict):
    """The data set's own split (`u1.base` and `u1.test`); `eval` is a random part of the train file."""

    kind: Literal["predefined"] = "predefined"
    train_file: str = Field("u1.base", description="what `train` and `eval` are taken from")
    test_file: str = Field("u1.test", description="what `test` is")
    eval: Fraction = Field(0.1, description="the share of the train file that is `eval`")
    seed: Seed = 42


class UserHoldoutSplit(_Fractions):
    """Users at random: all of a user's ratings are in one split (strong generalization)."""

    kind: Literal["user_holdout"] = "user_holdout"
    seed: Seed = 42


class NewestSpanSplit(Strict):
    """Shares of the newest span's ratings, told by a hash of user and movie; all else is `train`.

    Where a rating goes depends on nothing but its own ids and the shares: a span that is delivered again with
    more in it never gives to `eval` what an earlier run of that span with the same shares learned from.
    """

    kind: Literal["newest_span"] = "newest_span"
    eval: Fraction = Field(0.25, description="the newest span's share of `eval`")
    test: Fraction = Field(0.25, description="the newest span's share of `test`")

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
    """Ratings that arrive in spans: `span-0001`, `span-0002`, … in the folder `data.path`."""

    window: int | None = Field(
        None, ge=1, description="how many spans are read, the newest ones; without it, all of them"
    )


CUSTOM = "custom"  # one's own ratings
Dataset = Literal["ml-100k", "ml-1m", "ml-10m", "ml-latest-small", "ml-20m", "ml-25m", "ml-32m", "custom"]


class DataConfig(Strict):
    """The `data` part of a run's configuration."""

    dataset: Dataset = Field(
        "ml-100k", description="which MovieLens it is, or `custom`: one's own ratings in any known layout"
    )
    path: str | None = Field(
        None, description="a folder, an archive or a ratings file; without it the data set is looked for"
    )
    spans: SpansConfig | None = Field(
        None, description="`{}` or a window: `path` holds spans, which arrive one after the other"
    )
    split: Split = Field(
        RandomSplit(),
        description="how ratings are divided into `train`, `eval` and `test`; "
        "where no kind is given it is `hash` for `dataset: custom`, else `random`",
    )
    max_bad_rows: int = Field(0, ge=0, description="malformed rows that are left out before the run stops")
    min_described: float = Field(
        0.5,
        ge=0,
        le=1,
        description="the share of the rated films that `movies.csv` must describe, and of the users that "
        "`users.csv` must; below it the run stops, since ids that are written in two ways look like that",
    )
    max_users: int | None = Field(
        None, ge=1, description="keep only the first users of the file, for a quick run"
    )
    shards: int | None = Field(
        None, ge=1, le=10_000, description="pieces the ratings are cut into; without it, by size"
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
