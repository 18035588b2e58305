"""The catalogue: tables of users and films by integer id, built from `train`; row 0 is the unknown one."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from marquee.errors import TrainingError
from trainer.data.attributes import Attributes
from trainer.data.columns import Columns
from trainer.data.description import Description
from trainer.data.examples import example_batches, expand
from trainer.data.features import EVENT
from trainer.data.implicit.strengths import Strengths
from trainer.data.lookups import string_lookup
from trainer.data.rating_lookup import RATING_FEATURES, RatingLookup
from trainer.data.ratings import Ratings, pair_keys
from trainer.data.tables.context_tables import Context, context_tables
from trainer.data.tables.ragged import Ragged
from trainer.data.tables.raw_columns import raw_column
from trainer.data.tables.table import Table
from trainer.data.vocabularies import Vocabularies

__all__ = ["Catalogue", "Ragged", "from_columns", "items_file", "read_train"]

ITEMS = "catalogue/items.tfrecord.gz"  # under the artifact of the examples, beside its splits


@dataclass(frozen=True, eq=False)
class Catalogue:
    """The tables behind every feature but the ids themselves.

    A batch holds integer ids only, and a model gathers all other features from the catalogue. So a request
    with just a user and a title gets the same features as in training.

    Attributes:
        vocabularies: the strings by id.
        attributes: titles, and the described features of users and films.
        watched: the films of each user in time order (the watched table). Of implicit feedback it holds each
            film once, where it occurs first, with the summed weight of its interactions (`Strengths`).
        watchers: the users of each film, likewise.
        watched_times: when each film of `watched` was watched, int64, in seconds since 1970; all are equal in
            data without times.
        stars: the distinct ratings, ascending, float32 [S]; `star_share` holds their shares.
        rows: the number of ratings in train.
        event_share: the share of each event type in train, in the description's order; () if it tells none.
        context: the context features, by key.
        items: the files that describe items, touched or not, one tf.Example each; they may be missing.
        first_time, last_time: the times of train's first and last rating, in seconds since 1970.
    """

    vocabularies: Vocabularies
    attributes: Attributes
    watched: Ragged
    watchers: Ragged
    watched_times: np.ndarray
    stars: np.ndarray
    star_share: np.ndarray
    rows: int
    context: Mapping[str, Context]
    first_time: int
    last_time: int
    items: tuple[str, ...] = ()
    event_share: tuple[float, ...] = ()

    @classmethod
    def of(
        cls,
        train: Ratings,
        attributes: Attributes,
        vocabularies: Vocabularies,
    ) -> "Catalogue":
        """Builds the tables from `train`'s ratings."""
        description = vocabularies.description
        by_time = np.argsort(train.timestamp, kind="stable")
        user, movie, weights = train.user[by_time], train.movie[by_time], None
        times = train.timestamp[by_time]
        if description.implicit:
            strengths = Strengths.of(train.rating, description)
            weight = None if strengths is None else strengths(train.rating[by_time])
            user, movie, times, weights = _once(user, movie, times, weight)
        stars, counts = np.unique(train.rating, return_counts=True)
        return cls(
            vocabularies=vocabularies,
            attributes=attributes,
            watched=_group(user, movie, len(vocabularies.user_id) + 1, weights),
            watchers=_group(movie, user, len(vocabularies.movie_id) + 1, weights),
            watched_times=times[_by_owner(user, movie)],
            stars=stars,
            star_share=counts / counts.sum(),
            rows=len(train),
            context=context_tables(train.context, vocabularies),
            first_time=int(train.timestamp.min()),
            last_time=int(train.timestamp.max()),
            event_share=_event_share(train, description),
        )

    @property
    def users(self) -> int:
        """Returns the number of rows of a table by user, including the OOV row."""
        return len(self.vocabularies.user_id) + 1

    @property
    def movies(self) -> int:
        """Returns the number of rows of a table by film, including the OOV row."""
        return len(self.vocabularies.movie_id) + 1

    @property
    def description(self) -> Description:
        """Returns the description of the data."""
        return self.vocabularies.description

    def table(self, key: str) -> Table:
        """Returns a feature's values by user or by film: see `Attributes.table`."""
        return self.attributes.table(key)

    def known(self, keys: Iterable[str]) -> tuple[str, ...]:
        """Returns the features that any user, film or rating has in the data set."""
        return tuple(key for key in keys if (self.context.get(key) or self.table(key)).known)

    @property
    def scale(self) -> tuple[float, float]:
        """Returns the lowest and the highest answer of a ranking model: of the scale, or else in train."""
        scale = None if self.description.implicit else self.description.scale
        return (scale.min, scale.max) if scale else (float(self.stars[0]), float(self.stars[-1]))

    @property
    def mean_rating(self) -> float:
        return float(self.stars @ self.star_share)


def read_train(
    patterns: Sequence[str],
    vocabularies: Vocabularies,
) -> tuple[Ratings, Catalogue]:
    """Reads train's files once and returns the ratings and their catalogue.

    Raises:
        TrainingError: there are no files, or the files hold no rating.
    """
    columns, attributes = Columns.of(patterns, vocabularies.description), Attributes(vocabularies)
    if columns is not None:
        ratings = Ratings.looked_up(columns, vocabularies)
        _describe(attributes, columns, vocabularies)
    else:
        ratings = _parsed(patterns, attributes, vocabularies)
    train, catalogue = _finish(ratings, attributes, vocabularies)
    items = tuple(sorted({items_file(pattern) for pattern in patterns}))
    return train, replace(catalogue, items=items)


def _describe(attributes: Attributes, columns: Columns, vocabularies: Vocabularies) -> None:
    """Adds the features of users and items from the tf.Examples that each has of its own."""
    for owner, id, files in columns.owners():
        names, lookup = attributes.names(owner), string_lookup(vocabularies.by_name()[id])
        if not files or not names:
            continue
        for raw in example_batches(files, (id, *names), description=vocabularies.description):
            rows = {owner: lookup(raw[id]).numpy().astype(np.int32)}
            attributes.update(rows.get("user"), rows.get("item"), raw)


def _parsed(patterns: Sequence[str], attributes: Attributes, vocabularies: Vocabularies) -> Ratings:
    """Reads the ratings from tf.Examples, and adds the features of their users and items."""
    lookup, kept = RatingLookup(vocabularies), []
    names = {*lookup.names, *attributes.names()}
    for raw in example_batches(expand(patterns), names, description=vocabularies.description):
        ids = {name: column.numpy() for name, column in lookup(raw).items()}
        user, movie = (ids[name] for name in RATING_FEATURES[:2])
        attributes.update(user, movie, raw)
        kept.append(ids)
    return Ratings.concatenate(kept)


def items_file(example_files: str) -> str:
    """Returns the path of the described items beside a split's files, given by a path or a glob pattern."""
    return "/".join([*example_files.split("/")[:-2], ITEMS])


def from_columns(columns: Mapping[str, Sequence], vocabularies: Vocabularies) -> tuple[Ratings, Catalogue]:
    """Builds both from raw columns, named as in tf.Examples; categories and vectors are one list per row."""
    train, attributes = Ratings.from_columns(columns, vocabularies), Attributes(vocabularies)
    described = {
        feature.name or key: feature for key, (_, feature) in vocabularies.description.in_examples().items()
    }
    raw = {
        name: raw_column(described.get(name), columns[name]) for name in attributes.names() if name in columns
    }
    attributes.update(train.user, train.movie, raw)
    return _finish(train, attributes, vocabularies)


def _finish(train, attributes, vocabularies) -> tuple[Ratings, Catalogue]:
    if not len(train):
        raise TrainingError("The train split holds no ratings.", "Check the split's fractions.")
    return train, Catalogue.of(train, attributes, vocabularies)


def _event_share(train: Ratings, description: Description) -> tuple[float, ...]:
    if description.events is None:
        return ()
    kinds = len(description.events.types)
    codes = train.context.get(EVENT, np.zeros(0, np.int32))
    return tuple((np.bincount(codes, minlength=kinds + 1)[1:] / max(len(train), 1)).tolist())


def _once(
    user: np.ndarray, movie: np.ndarray, times: np.ndarray, weight: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray | None]:
    """Returns each pair where it occurs first, with its first time and the sum of its weights."""
    _, first, place = np.unique(pair_keys(user, movie), return_index=True, return_inverse=True)
    order = np.argsort(first, kind="stable")
    first = first[order]
    summed = None if weight is None else np.bincount(place, weight)[order].astype(np.float32)
    return user[first], movie[first], times[first], summed


def _group(owner: np.ndarray, member: np.ndarray, rows: int, weights: np.ndarray | None = None) -> Ragged:
    """Groups the members by owner, in the given order; unknown owners and members are left out."""
    order = _by_owner(owner, member)
    splits = np.concatenate([[0], np.cumsum(np.bincount(owner[order], minlength=rows))])
    ordered = None if weights is None else weights[order]
    return Ragged(member[order].astype(np.int32), splits.astype(np.int64), ordered)


def _by_owner(owner: np.ndarray, member: np.ndarray) -> np.ndarray:
    """Returns the places of the known pairs, in the order of their owners and otherwise as given."""
    known = np.flatnonzero((owner > 0) & (member > 0))
    return known[np.argsort(owner[known], kind="stable")]
