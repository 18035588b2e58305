"""Serving contract: the inputs and outputs of every model that Marquee pushes, as data.

The component that validates a model before a push, the clients and the tests read it from here. -1 is a
size that a request chooses: the batch, the titles of a history, `k`. A shape of None means any shape.

The signatures `…_for_history` take ids, the ones `…_from_history` titles. `weight` says how much each item of
a history counts: 1 for all if they count alike. Only the ratios of a row's weights matter. Padding has any
weight of 0 or more, which is ignored.

`k` and `exclude_seen` are sent once for all rows (a scalar), or once per row: a request in rows, `instances`,
repeats them in every row. The longest list decides the width of the answer; shorter lists are padded with ""
and 0. Versions exported before this take a scalar only, and still meet the contract.
"""

from serving.models import MODELS
from serving.signature import Signature, TensorSpec

__all__ = ["CONTRACT", "MODELS", "departures"]

_IDS = TensorSpec("string", (-1,))
_K = TensorSpec("int32", None)
_FLAG = TensorSpec("bool", None)
_LISTS = TensorSpec("string", (-1, -1))
_WEIGHTS = TensorSpec("float", (-1, -1))
_RATINGS = {"user_rating": TensorSpec("float", (-1,))}


def _film_lists(*floats: str, length: int = -1) -> dict[str, TensorSpec]:
    names = {"movie_id": "string", "movie_title": "string", **dict.fromkeys(floats, "float")}
    return {name: TensorSpec(dtype, (-1, length)) for name, dtype in names.items()}


_VECTORS = {"vector": TensorSpec("float", None)}  # the model chooses the width
_DESCRIBED = {"movie_title": _IDS, "movie_genres": _IDS, "ratings": TensorSpec("int32", (-1,))}
_REASONS = {"movie_title": _LISTS, "similarity": TensorSpec("float", (-1, -1))}
_CANDIDATES = _film_lists("score")
_RECOMMENDED = _film_lists("user_rating", "score")

CONTRACT: dict[str, dict[str, Signature]] = {
    "ranking": {
        "serving_default": Signature({"user_id": _IDS, "movie_title": _IDS}, _RATINGS),
        "rate_ids": Signature({"user_id": _IDS, "movie_id": _IDS}, _RATINGS),
        "serving_examples": Signature({"examples": _IDS}, _RATINGS),
    },
    "retrieval": {
        "serving_default": Signature({"user_id": _IDS}, _film_lists("score", length=100)),
        "retrieve": Signature({"user_id": _IDS, "k": _K}, _CANDIDATES),
        "candidates": Signature({"user_id": _IDS, "k": _K, "exclude_seen": _FLAG}, _CANDIDATES),
        "candidates_from_history": Signature({"movie_title": _LISTS, "k": _K}, _CANDIDATES),
        "candidates_for_history": Signature({"movie_id": _LISTS, "weight": _WEIGHTS, "k": _K}, _CANDIDATES),
        "user_vector": Signature({"user_id": _IDS}, _VECTORS),
        "movie_vector": Signature({"movie_id": _IDS}, _VECTORS),
        "describe": Signature({"movie_id": _IDS}, _DESCRIBED),
        "because": Signature({"user_id": _IDS, "movie_id": _LISTS}, _REASONS),
        "because_of_history": Signature({"movie_title": _LISTS, "movie_id": _LISTS}, _REASONS),
        "because_for_history": Signature({"history_id": _LISTS, "movie_id": _LISTS}, _REASONS),
    },
    "recommender": {
        "serving_default": Signature({"user_id": _IDS}, _film_lists("user_rating", "score", length=10)),
        "recommend": Signature({"user_id": _IDS, "k": _K, "exclude_seen": _FLAG}, _RECOMMENDED),
        "recommend_from_history": Signature({"movie_title": _LISTS, "k": _K}, _RECOMMENDED),
        "recommend_for_history": Signature({"movie_id": _LISTS, "weight": _WEIGHTS, "k": _K}, _RECOMMENDED),
    },
}


def departures(model: str, signatures: dict[str, Signature]) -> list[str]:
    """Returns the violations of the contract by a model's signatures, one sentence each; empty if none.

    Signatures and outputs that the contract does not name are ignored. If the contract names a size, an open
    one (-1) meets it, as TensorFlow does not always infer sizes. A smaller one meets it too, as a catalogue
    may have fewer than a hundred items.
    """
    found = []
    for name, promised in CONTRACT[model].items():
        actual = signatures.get(name)
        if actual is None:
            found.append(f"{model} lacks the signature {name}")
            continue
        if set(actual.inputs) != set(promised.inputs):
            found.append(
                f"{model}.{name} takes {', '.join(sorted(actual.inputs))}"
                f" and not {', '.join(sorted(promised.inputs))}"
            )
        for side in ("inputs", "outputs"):
            for tensor, spec in getattr(promised, side).items():
                given = getattr(actual, side).get(tensor)
                if given is None:
                    if side == "outputs":
                        found.append(f"{model}.{name} does not give {tensor}")
                elif given.dtype != spec.dtype or not _fits(given.shape, spec.shape):
                    found.append(f"{model}.{name}: {tensor} is {_shown(given)} and not {_shown(spec)}")
    return found


def _fits(given: tuple[int, ...] | None, promised: tuple[int, ...] | None) -> bool:
    if given is None or promised is None:
        return True
    return len(given) == len(promised) and all(
        a in (-1, b) or 0 <= a < b for a, b in zip(given, promised, strict=True)
    )


def _shown(spec: TensorSpec) -> str:
    return f"{spec.dtype}{list(spec.shape) if spec.shape is not None else '[?]'}"
