"""What a model's signatures call users, items, titles and ratings.

A model of a described data set has names of its own: `assets.extra/description.json` says them beside the
SavedModel. A client has only the signatures, which every model server tells: there a name is what is left
after those that all models share.
"""

from collections.abc import Mapping, Set
from dataclasses import asdict, dataclass
from typing import Any, Self

from serving.signature import Signature


@dataclass(frozen=True)
class Names:
    """Names by role; MovieLens's where nothing says otherwise.

    Args:
        user, item, title: what inputs and outputs call users' ids, items' ids and items' titles.
        rating: what is predicted: a rating, or the chance of an interaction.
        words: what `describe` calls an item's words, such as genres.
    """

    user: str = "user_id"
    item: str = "movie_id"
    title: str = "movie_title"
    rating: str = "user_rating"
    words: str = "movie_genres"

    @classmethod
    def of(cls, described: Mapping[str, Any]) -> Self:
        """Returns the names in a `description.json`, as plain data."""
        given = described.get("names")
        given = given if isinstance(given, Mapping) else {}
        return cls(**{role: str(given.get(role) or name) for role, name in asdict(cls()).items()})

    @classmethod
    def told_by(cls, model: str, signatures: Mapping[str, Signature]) -> Self:
        """Returns the names that the signatures of `model` show; MovieLens's for what they do not show."""
        found = _OF[model](_Shown(signatures)) if model in _OF else {}
        return cls(**{role: name for role, name in found.items() if name is not None})


class _Shown:
    """Names of inputs and outputs; none of a signature that is not there."""

    def __init__(self, signatures: Mapping[str, Signature]):
        self._signatures = signatures

    def taken(self, signature: str) -> Set[str]:
        found = self._signatures.get(signature)
        return found.inputs.keys() if found else set()

    def given(self, signature: str) -> Set[str]:
        found = self._signatures.get(signature)
        return found.outputs.keys() if found else set()


def _only(names: Set[str]) -> str | None:
    return next(iter(names)) if len(names) == 1 else None


def _of_ranking(shown: _Shown) -> dict[str, str | None]:
    by_title, by_id = shown.taken("serving_default"), shown.taken("rate_ids")
    return {
        "user": _only(by_title & by_id),
        "item": _only(by_id - by_title),
        "title": _only(by_title - by_id),
        "rating": _only(shown.given("rate_ids")),
    }


def _of_retrieval(shown: _Shown) -> dict[str, str | None]:
    title = shown.taken("candidates_from_history") - {"k"}
    return {
        "user": _only(shown.taken("serving_default")),
        "item": _only(shown.given("serving_default") - title - {"score"}),
        "title": _only(title),
        "words": _only(shown.given("describe") - title - {"ratings"}),
    }


def _of_recommender(shown: _Shown) -> dict[str, str | None]:
    title = shown.taken("recommend_from_history") - {"k"}
    item = shown.taken("recommend_for_history") - {"k", "weight"}
    return {
        "user": _only(shown.taken("serving_default")),
        "item": _only(item),
        "title": _only(title),
        "rating": _only(shown.given("serving_default") - title - item - {"score"}) if item else None,
    }


_OF = {"ranking": _of_ranking, "retrieval": _of_retrieval, "recommender": _of_recommender}
