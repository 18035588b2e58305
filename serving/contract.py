"""Serving contract: the inputs and outputs of every model that Marquee pushes, as data.

The component that validates a model before a push, the clients and the tests read it from here. Signatures
have the same names for every data set; users, items, titles and ratings are called as the data set calls them
(`serving.names`). -1 is a
size that a request chooses: the batch, the titles of a history, `k`. A shape of None means any shape.

The signatures `…_for_history` take ids, the ones `…_from_history` titles. `weight` says how much each item of
a history counts: 1 for all if they count alike. Only the ratios of a row's weights matter. Padding has any
weight of 0 or more, which is ignored.

Where the data describe users and the models learn from that, there are signatures `…_of_user` for people who
are known by what they say of themselves (`for_people`): each feature is one more input, under its name in
tf.Examples.

`k` and `exclude_seen` are sent once for all rows (a scalar), or once per row: a request in rows, `instances`,
repeats them in every row. The longest list decides the width of the answer; shorter lists are padded with ""
and 0. Versions exported before this take a scalar only, and still meet the contract.
"""

from collections.abc import Mapping

from serving.models import MODELS
from serving.names import Names
from serving.signature import Signature, TensorSpec

__all__ = ["CONTRACT", "MODELS", "OF_USER", "contract", "departures", "for_people", "user_features"]

#: What versions exported before call a signature.
FORMER = {"item_vector": "movie_vector"}

#: The recommender's signature for people known by a history and by features.
OF_USER = "recommend_for_history_of_user"

_IDS = TensorSpec("string", (-1,))
_K = TensorSpec("int32", None)
_FLAG = TensorSpec("bool", None)
_LISTS = TensorSpec("string", (-1, -1))
_WEIGHTS = TensorSpec("float", (-1, -1))
_VECTORS = {"vector": TensorSpec("float", None)}  # the model chooses the width


def contract(names: Names) -> dict[str, dict[str, Signature]]:
    """Returns the signatures of each model of a data set with these names."""
    user, item, title = names.user, names.item, names.title

    def item_lists(*floats: str, length: int = -1) -> dict[str, TensorSpec]:
        dtypes = {item: "string", title: "string", **dict.fromkeys(floats, "float")}
        return {name: TensorSpec(dtype, (-1, length)) for name, dtype in dtypes.items()}

    ratings = {names.rating: TensorSpec("float", (-1,))}
    described = {title: _IDS, names.words: _IDS, "ratings": TensorSpec("int32", (-1,))}
    reasons = {title: _LISTS, "similarity": TensorSpec("float", (-1, -1))}
    candidates, recommended = item_lists("score"), item_lists(names.rating, "score")
    return {
        "ranking": {
            "serving_default": Signature({user: _IDS, title: _IDS}, ratings),
            "rate_ids": Signature({user: _IDS, item: _IDS}, ratings),
            "serving_examples": Signature({"examples": _IDS}, ratings),
        },
        "retrieval": {
            "serving_default": Signature({user: _IDS}, item_lists("score", length=100)),
            "retrieve": Signature({user: _IDS, "k": _K}, candidates),
            "candidates": Signature({user: _IDS, "k": _K, "exclude_seen": _FLAG}, candidates),
            "candidates_from_history": Signature({title: _LISTS, "k": _K}, candidates),
            "candidates_for_history": Signature({item: _LISTS, "weight": _WEIGHTS, "k": _K}, candidates),
            "user_vector": Signature({user: _IDS}, _VECTORS),
            item_vector(names): Signature({item: _IDS}, _VECTORS),
            "describe": Signature({item: _IDS}, described),
            "because": Signature({user: _IDS, item: _LISTS}, reasons),
            "because_of_history": Signature({title: _LISTS, item: _LISTS}, reasons),
            "because_for_history": Signature({"history_id": _LISTS, item: _LISTS}, reasons),
        },
        "recommender": {
            "serving_default": Signature({user: _IDS}, item_lists(names.rating, "score", length=10)),
            "recommend": Signature({user: _IDS, "k": _K, "exclude_seen": _FLAG}, recommended),
            "recommend_from_history": Signature({title: _LISTS, "k": _K}, recommended),
            "recommend_for_history": Signature({item: _LISTS, "weight": _WEIGHTS, "k": _K}, recommended),
        },
    }


def item_vector(names: Names) -> str:
    """Returns the signature of items' vectors: `movie_vector` where items are called `movie_id`."""
    return "movie_vector" if names.item == Names().item else "item_vector"


def for_people(names: Names) -> dict[str, dict[str, Signature]]:
    """Returns the signatures that only models with features of users have, without the features' inputs."""
    whole, item = contract(names), names.item
    ratings = {names.rating: TensorSpec("float", (-1, -1))}
    history = {"history_id": _LISTS, "weight": _WEIGHTS, item: _LISTS}
    return {
        "ranking": {
            "rate_ids_for_history_of_user": Signature(history, ratings),
            "rate_ids_of_user": Signature({item: _LISTS}, ratings),
        },
        "retrieval": {"candidates_for_history_of_user": whole["retrieval"]["candidates_for_history"]},
        "recommender": {OF_USER: whole["recommender"]["recommend_for_history"]},
    }


def user_features(signatures: Mapping[str, Signature], names: Names) -> dict[str, TensorSpec]:
    """Returns the features of users that a recommender takes, by name; none if it takes none."""
    found = signatures.get(OF_USER)
    fixed = for_people(names)["recommender"][OF_USER].inputs
    return {name: spec for name, spec in found.inputs.items() if name not in fixed} if found else {}


#: The contract of MovieLens, and of every model whose description gives no other names.
CONTRACT = contract(Names())


def departures(model: str, signatures: dict[str, Signature], names: Names | None = None) -> list[str]:
    """Returns the violations of the contract by a model's signatures, one sentence each; empty if none.

    `names` are those of the model's data, as its `description.json` says them; None: MovieLens's.

    Signatures and outputs that the contract does not name are ignored. If the contract names a size, an open
    one (-1) meets it, as TensorFlow does not always infer sizes. A smaller one meets it too, as a catalogue
    may have fewer than a hundred items.
    """
    found = []
    names = names or Names()
    optional = {name: signature for name, signature in for_people(names)[model].items() if name in signatures}
    for name, promised in (contract(names)[model] | optional).items():
        actual = signatures.get(name) or signatures.get(FORMER.get(name, name))
        if actual is None:
            found.append(f"{model} lacks the signature {name}")
            continue
        more = name in optional and set(actual.inputs) > set(promised.inputs)
        if set(actual.inputs) != set(promised.inputs) and not more:
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
