"""Recommendations with their reasons, requested from a model server."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from numpy.typing import ArrayLike, NDArray

from serving.client.chances import predicts_chances
from serving.client.client import Client
from serving.client.known_titles import is_absent, known_items
from serving.client.liked import liked_items
from serving.client.user_features import UserFeature, known_user_features, said_features
from serving.contract import OF_USER
from serving.data_words import DataWords
from serving.errors import ServingError
from serving.names import Names

# An item with a lower similarity is not given as a reason. On MovieLens 100K one pair of films in twelve is
# above it, and so are the reasons of 99 in 100 recommended films.
WEAK = 0.5


@dataclass(frozen=True)
class Recommended:
    """A recommended item and the reason for it; attributes have MovieLens's names, for any data.

    Attributes:
        user_rating: expected rating; None if the ranking model cannot predict one from a history.
        because: most similar item that the user knows, `movie_title` and `similarity` (a cosine); None if
            none is similar enough.
        ratings: number of ratings, or other interactions, of the item in train; 0 for a cold one, which is
            known by its features.
    """

    rank: int
    movie_id: str
    movie_title: str
    movie_genres: list[str]
    user_rating: float | None
    score: float
    because: dict[str, str | float] | None
    ratings: int

    def named(self, names: Names) -> dict[str, Any]:
        """Returns the item as plain data, with the data set's names for its values."""
        because = self.because and {
            names.title if name == "movie_title" else name: value for name, value in self.because.items()
        }
        return {
            "rank": self.rank,
            names.item: self.movie_id,
            names.title: self.movie_title,
            names.words: self.movie_genres,
            names.rating: self.user_rating,
            "score": self.score,
            "because": because,
            "ratings": self.ratings,
        }

    @property
    def new(self) -> bool:
        """Tells whether nobody has touched the item yet (a cold item)."""
        return self.ratings == 0


@dataclass(frozen=True)
class Answer:
    """Recommended items, best first.

    Attributes:
        items: the items.
        stranger: whether the user has no items that another could be similar to (a cold-start user).
        words: words for the data.
        chances: whether the items' `user_rating` are chances of an interaction, 0 to 1.
        names: what the models call users, items, titles and ratings.
    """

    items: list[Recommended]
    stranger: bool
    words: DataWords = field(default_factory=DataWords)
    chances: bool = False
    names: Names = field(default_factory=Names)

    @property
    def films(self) -> list[Recommended]:
        """Returns the items, by the name that earlier versions gave them."""
        return self.items


def ask_for_user(client: Client, user: str, k: int, seen: bool) -> Answer:
    """Returns `k` items for a user; popular ones for a cold-start user."""
    found = _ask(client, "recommender", "recommend", user=[user], k=k, exclude_seen=not seen)
    return _answer(client, found, "because", user=[user])


def ask_for_fan(client: Client, liked: Sequence[str], k: int, features: Sequence[str] = ()) -> Answer:
    """Returns `k` items for someone who likes `liked`, and says `features` of themselves.

    Args:
        client: the client.
        liked: titles or ids, or either followed by = and a weight, as in "Alien (1979)=2"; none of somebody
            who is known by features alone.
        k: the number of items.
        features: names and values of features of users, as in "country=DE".

    Raises:
        ServingError: nothing is called so, a weight is below 0, there is no such feature or value of one, or
            there is no such model.
    """
    said = said_features(features, _known_features(client)) if features else {}
    items = known_items(client)
    if items is None:
        raise _no_model("retrieval")
    meant = liked_items(liked, items, client.words("recommender").item)
    if not said and all(
        each.by_title for each in meant
    ):  # versions before ids and weights can answer that too
        found = _ask(client, "recommender", "recommend_from_history", title=[list(liked)], k=k)
        return _answer(client, found, "because_of_history", title=[list(liked)])
    ids, weights = [each.movie_id for each in meant], [each.weight for each in meant]
    signature = OF_USER if said else "recommend_for_history"
    found = _ask(client, "recommender", signature, said, item=[ids or [""]], weight=[weights or [0.0]], k=k)
    return _answer(client, found, "because_for_history", history_id=[ids or [""]])


def _answer(client: Client, answer: dict[str, NDArray[Any]], because: str, **who: ArrayLike) -> Answer:
    found = {role: values[0].tolist() for role, values in answer.items()}
    ids = [each for each in found["item"] if each]  # empty entries are padding
    if not ids:
        return Answer([], stranger=False, words=client.words("recommender"))
    about = _ask(client, "retrieval", "describe", item=ids)
    reason = {
        role: values[0].tolist()
        for role, values in _ask(client, "retrieval", because, item=[ids], **who).items()
    }
    rated = any(found["rating"])  # 0 for every item: the ranking model does not use histories
    items = [
        Recommended(
            rank=place + 1,
            movie_id=movie_id,
            movie_title=found["title"][place],
            movie_genres=[genre for genre in about["words"][place].split("|") if genre],
            user_rating=found["rating"][place] if rated else None,
            score=found["score"][place],
            because=_reason(reason["title"][place], reason["similarity"][place]),
            ratings=int(about["ratings"][place]),
        )
        for place, movie_id in enumerate(ids)
    ]
    words, chances = client.words("recommender"), predicts_chances(client, "recommender")
    names = replace(client.names("recommender"), words=client.names("retrieval").words)
    return Answer(items, not any(reason["title"]), words, chances, names)


def _reason(title: str, similarity: float) -> dict[str, str | float] | None:
    return {"movie_title": title, "similarity": similarity} if title and similarity >= WEAK else None


def _known_features(client: Client) -> dict[str, UserFeature]:
    try:
        return known_user_features(client)
    except ServingError as error:
        if is_absent(error):
            raise _no_model("recommender") from None
        raise


def _ask(
    client: Client,
    model: str,
    signature: str,
    said: Mapping[str, ArrayLike] | None = None,
    /,
    **inputs: ArrayLike,
) -> dict[str, NDArray[Any]]:
    """Calls a signature; inputs and outputs that have a role (`serving.names`) go by it."""
    try:
        named = asdict(client.names(model))
        by_name = {named.get(role, role): values for role, values in inputs.items()}
        outputs = client.predict(model, {**by_name, **(said or {})}, signature)
        roles = {name: role for role, name in named.items()}
        return {roles.get(name, name): values for name, values in outputs.items()}
    except ServingError as error:
        if is_absent(error):
            raise _no_model(model) from None
        raise


def _no_model(name: str) -> ServingError:
    return ServingError(
        f"The server has no model called {name}", "Serve a workspace whose last run pushed a recommender."
    )
