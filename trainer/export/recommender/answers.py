"""The two parts' answers, composed in NumPy, as the reference for the composed graph."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from trainer.data.features import MOVIE_ID, MOVIE_TITLE, USER_ID, USER_RATING
from trainer.data.implicit.events import WORTH
from trainer.export.answers import UNKNOWN, Answer, spread
from trainer.export.brought import HISTORY_ID, WEIGHT
from trainer.export.ranking import CHANCE, CHANCES, RATE_EVENTS
from trainer.export.recommender.parts import Part
from trainer.export.recommender.points import BY_HISTORY, log_odds
from trainer.export.recommender.recommender import LENGTH
from trainer.export.retrieval_server import EXCLUDE_SEEN, SCORE, K
from trainer.export.retrieval_trained_answers import DECIDED

LONGER = 25  # a list longer than LENGTH

Films = dict[str, np.ndarray]


def recommender_answers(
    ranking: Part,
    retrieval: Part,
    users: Sequence[str],
    candidates: int,
    rating_weight: float,
    said: Mapping[str, Mapping[str, Any]] | None = None,
    asked: int = 64,
) -> list[Answer]:
    """Returns reference answers for every signature of `trainer.export.recommender.assemble`.

    Requests are left out if their films' scores are so close that rounding may change the order.

    Args:
        ranking, retrieval: the parts.
        users: the users that both parts know.
        candidates, rating_weight: as in `assemble`.
        said: the features of users that the parts take, as they are described
            (`trainer.export.given.features.GivenFeatures.described`).
        asked: the number of users to request, spread over the known ones; one unknown user is added.
    """
    names = [*dict.fromkeys(spread(users, np.linspace(0, 1, asked)) if users else []), UNKNOWN]

    def of_users(exclude_seen: bool) -> Callable[[int], Films]:
        return lambda number: _called(
            retrieval, "candidates", user_id=names, k=number, exclude_seen=exclude_seen
        )

    def of_histories(number: int) -> Films:
        return _called(retrieval, "candidates_from_history", movie_title=histories, k=number)

    def of_ids(number: int) -> Films:
        return _called(retrieval, "candidates_for_history", **brought, k=number)

    def of_people(number: int) -> Films:
        signature = "candidates_for_history_of_user"
        if signature not in retrieval.calls:
            return of_ids(number)
        return _called(retrieval, signature, **brought, k=number, **_taken(retrieval, signature, people))

    def answer(signature: str, inputs: dict, retrieve: Callable[[int], Films], k: int = LENGTH) -> Answer:
        (name, rows), *_ = inputs.items()
        width = max(k, candidates)
        found = retrieve(width)
        features = {each: inputs[each] for each in people if each in inputs}
        rating, by = _ratings(ranking, name, rows, found[MOVIE_ID], inputs.get(WEIGHT), features)
        share = 1.0 if name == USER_ID else BY_HISTORY
        films = ordered(found, rating, share * rating_weight, chances=CHANCES in ranking.calls, by=by)
        by_features = features and "rate_ids_of_user" in ranking.calls
        if name != USER_ID and "rate_for_history" not in ranking.calls and not by_features:
            films[USER_RATING] = np.zeros_like(films[USER_RATING])
        chosen = _certain(films, retrieve(width + 1), width, k)
        outputs = {name: column[chosen, :k] for name, column in films.items()}
        by_row = {name: value for name, value in inputs.items() if isinstance(value, list)}
        kept = {name: [value[row] for row in chosen] for name, value in by_row.items()}
        return Answer(signature, {**inputs, **kept}, outputs)

    first = of_users(False)(LENGTH)
    histories = _histories(first[MOVIE_TITLE])
    ids = _histories(first[MOVIE_ID])
    brought = {MOVIE_ID: ids, WEIGHT: [[1.0, 0.5, float(place % 3)] for place in range(len(ids))]}
    people = people_saying(said or {}, len(ids))
    of_user = {**brought, **people, K: LENGTH}
    return [
        *([answer("recommend_for_history_of_user", of_user, of_people)] if people else []),
        *_chances(ranking, names, of_users(False)(1)[MOVIE_ID][:, 0]),
        answer("serving_default", {USER_ID: names}, of_users(True)),
        answer("recommend", {USER_ID: names, K: LENGTH, EXCLUDE_SEEN: True}, of_users(True)),
        answer("recommend", {USER_ID: names, K: LONGER, EXCLUDE_SEEN: False}, of_users(False), LONGER),
        answer("recommend_from_history", {MOVIE_TITLE: histories, K: LENGTH}, of_histories),
        answer("recommend_for_history", {**brought, K: LENGTH}, of_ids),
    ]


def _chances(ranking: Part, users: Sequence[str], items: np.ndarray) -> list[Answer]:
    """Returns the answer of `chances` for one item of each user; none if the ranking model has no chances."""
    if CHANCES not in ranking.calls:
        return []
    inputs: dict[str, list | int | bool] = {
        USER_ID: list(users),
        MOVIE_ID: [each.decode() for each in items],
    }
    return [Answer(CHANCES, inputs, {CHANCE: _called(ranking, CHANCES, **inputs)[CHANCE]})]


def ordered(
    found: Films,
    rating: np.ndarray,
    rating_weight: float,
    chances: bool = False,
    by: np.ndarray | None = None,
) -> Films:
    """Returns all retrieved and rated films, ordered by score; [B, n] each.

    Args:
        found: what was retrieved.
        rating: the ratings, or chances.
        rating_weight: the points of a star, or of a log odd.
        chances: whether ratings are chances.
        by: what counts in the order in place of `rating`; None: the rating itself.
    """
    movie_id, film = found[MOVIE_ID], found[MOVIE_ID] != b""
    by = rating if by is None else by
    score = found[SCORE] + np.float32(rating_weight) * (log_odds(by) if chances else by)
    order = np.argsort(np.where(film, -score, np.inf), axis=1, kind="stable")
    columns = {
        MOVIE_ID: movie_id,
        MOVIE_TITLE: found[MOVIE_TITLE],
        USER_RATING: np.where(film, rating, np.float32(0)),
        SCORE: np.where(film, score, np.float32(0)),
    }
    return {name: np.take_along_axis(column, order, axis=1) for name, column in columns.items()}


def people_saying(said: Mapping[str, Mapping[str, Any]], rows: int) -> dict[str, list]:
    """Returns values of each described feature, in turn, for as many people; some are unknown."""
    found: dict[str, list] = {}
    for shift, (name, feature) in enumerate(said.items()):
        match feature["type"]:
            case "categories":
                words = [[word, ""] for word in feature["values"]] + [[*feature["values"], "", ""][:2]]
                values: list = [*words, [UNKNOWN, ""]]
            case "number":
                values = [feature["low"], (feature["low"] + feature["high"]) / 2, feature["high"]]
            case "time":
                values = [int(feature["low"]), int(feature["high"])]
            case "vector":
                values = [[1.0] * feature["length"], [0.0] * feature["length"]]
            case _:
                values = [*feature.get("values", ["one or two words"]), UNKNOWN, ""]
        found[name] = [values[(place + shift) % len(values)] for place in range(rows)]
    return found


def _taken(part: Part, signature: str, given: Mapping[str, list]) -> dict[str, list]:
    inputs = part.calls[signature].structured_input_signature[1]
    return {name: values for name, values in given.items() if name in inputs}


def _ratings(
    ranking: Part,
    name: str,
    rows: Sequence,
    movie_id: np.ndarray,
    weight: Sequence | None,
    given: Mapping[str, list],
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the ratings by users (`name` is `user_id`) or for histories, and what orders them: [B, n].

    `given` are people's features, where they are known by them.
    """
    if given and "rate_ids_for_history_of_user" in ranking.calls:
        taken = _taken(ranking, "rate_ids_for_history_of_user", given)
        asked = {HISTORY_ID: rows, WEIGHT: weight, MOVIE_ID: movie_id, **taken}
        rated = _called(ranking, "rate_ids_for_history_of_user", **asked)[USER_RATING]
        return rated, rated
    if given and "rate_ids_of_user" in ranking.calls:
        asked = {MOVIE_ID: movie_id, **_taken(ranking, "rate_ids_of_user", given)}
        rated = _called(ranking, "rate_ids_of_user", **asked)[USER_RATING]
        return rated, rated
    if name == MOVIE_ID and "rate_ids_for_history" in ranking.calls:
        brought = {HISTORY_ID: rows, WEIGHT: weight}
        rated = _called(ranking, "rate_ids_for_history", **brought, movie_id=movie_id)[USER_RATING]
        return rated, rated
    if name == MOVIE_TITLE and "rate_for_history" in ranking.calls:
        rated = _called(ranking, "rate_for_history", movie_title=rows, movie_id=movie_id)[USER_RATING]
        return rated, rated
    who = rows if name == USER_ID else [""] * len(rows)
    pairs = {USER_ID: np.repeat(np.array(who, object), movie_id.shape[1]), MOVIE_ID: movie_id.ravel()}
    found = _called(ranking, RATE_EVENTS if RATE_EVENTS in ranking.calls else "rate_ids", **pairs)
    rating, by = found[USER_RATING], found.get(WORTH, found[USER_RATING])
    return rating.reshape(movie_id.shape), by.reshape(movie_id.shape)


def _certain(films: Films, more: Films, width: int, k: int) -> np.ndarray:
    """Returns the rows whose first k films do not depend on rounding; at least the clearest row.

    Two margins of the scores count: of each of the first k films over the next, and of the last retrieved
    film over the first that was not retrieved.
    """
    leads = [_leads(films, slice(0, k + 1)), _leads(more, slice(width - 1, width + 1))]
    lead = np.concatenate(leads, axis=1).min(axis=1, initial=np.inf)
    return np.flatnonzero(lead >= min(DECIDED, lead.max()))


def _leads(films: Films, part: slice) -> np.ndarray:
    score = films[SCORE][:, part]
    last = films[MOVIE_ID][:, part][:, 1:] == b""  # the list ends before it
    return np.where(last, np.inf, score[:, :-1] - score[:, 1:])


def _histories(watched: np.ndarray) -> list[list[str]]:
    """Builds histories of one to three titles or ids, bytes [B, n]; some have an unknown one or none."""
    rows = [[title.decode() for title in row[: place % 3 + 1]] for place, row in enumerate(watched)]
    rows += [[UNKNOWN, *rows[0][:1]], [UNKNOWN], []]
    return [row + [""] * (3 - len(row)) for row in rows]


def _called(part: Part, signature: str, **inputs) -> Films:
    specs = part.calls[signature].structured_input_signature[1]
    given = {name: tf.constant(value, specs[name].dtype) for name, value in inputs.items()}
    outputs = part.calls[signature](**given)
    return {name: column.numpy() for name, column in outputs.items()}
