from dataclasses import replace

from serving.contract import CONTRACT, MODELS, departures
from serving.signature import TensorSpec


def test_the_contract_keeps_itself():
    assert sorted(CONTRACT) == ["ranking", "recommender", "retrieval"]
    for model, signatures in CONTRACT.items():
        assert departures(model, signatures) == []


def test_each_departure_is_named():
    good = CONTRACT["ranking"]
    default = good["serving_default"]
    bad = {
        "serving_default": replace(default, outputs={"user_rating": TensorSpec("float", (-1, 1))}),
        "rate_ids": replace(good["rate_ids"], inputs={"user_id": TensorSpec("int32", (-1,))}, outputs={}),
    }
    assert departures("ranking", bad) == [
        "ranking.serving_default: user_rating is float[-1, 1] and not float[-1]",
        "ranking.rate_ids takes user_id and not movie_id, user_id",
        "ranking.rate_ids: user_id is int32[-1] and not string[-1]",
        "ranking.rate_ids does not give user_rating",
        "ranking lacks the signature serving_examples",
    ]


def test_a_catalogue_of_fewer_films_than_are_promised_keeps_the_contract():
    good = CONTRACT["retrieval"]
    short = {name: TensorSpec(spec.dtype, (-1, 30)) for name, spec in good["serving_default"].outputs.items()}
    few = replace(good["serving_default"], outputs=short)
    assert departures("retrieval", good | {"serving_default": few}) == []


def test_a_models_own_width_keeps_the_contract():
    good = CONTRACT["retrieval"]
    wide = replace(good["user_vector"], outputs={"vector": TensorSpec("float", (-1, 65))})
    assert departures("retrieval", good | {"user_vector": wide}) == []


def test_a_size_that_tensorflow_did_not_infer_keeps_the_contract():
    good = CONTRACT["retrieval"]
    default = good["serving_default"]
    unknown = {name: TensorSpec(spec.dtype, (-1, -1)) for name, spec in default.outputs.items()}
    assert departures("retrieval", good | {"serving_default": replace(default, outputs=unknown)}) == []
    wrong = {name: TensorSpec(spec.dtype, (-1, 101)) for name, spec in default.outputs.items()}
    assert len(departures("retrieval", good | {"serving_default": replace(default, outputs=wrong)})) == 3


def test_every_model_that_is_pushed_has_a_contract():
    assert tuple(CONTRACT) == MODELS
