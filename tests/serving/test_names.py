"""What signatures call users and items, read from a description and from the signatures themselves."""

import pytest

from serving.contract import CONTRACT, contract, departures
from serving.names import Names

SHOP = Names(
    user="customer_id", item="product_id", title="product_name", rating="interaction", words="product_tags"
)


@pytest.mark.parametrize("names", [Names(), SHOP])
def test_signatures_tell_their_names(names):
    for model, signatures in contract(names).items():
        found = Names.told_by(model, signatures)
        for role in ("user", "item", "title"):
            assert getattr(found, role) == getattr(names, role)
        if model != "retrieval":
            assert found.rating == names.rating
    assert Names.told_by("retrieval", contract(names)["retrieval"]).words == names.words


def test_what_signatures_do_not_tell_is_called_as_in_movielens():
    few = {"serving_default": contract(SHOP)["recommender"]["serving_default"]}
    assert Names.told_by("recommender", few) == Names(user="customer_id")
    assert Names.told_by("another", contract(SHOP)["ranking"]) == Names()
    assert Names.told_by("ranking", {}) == Names()


def test_a_description_says_the_names():
    assert Names.of({"names": {"user": "customer_id", "time": "at"}}) == Names(user="customer_id")
    assert Names.of({}) == Names.of({"names": None}) == Names()


def test_a_model_keeps_the_contract_of_its_own_names():
    signatures = contract(SHOP)["ranking"]
    assert departures("ranking", signatures, SHOP) == []
    assert departures("ranking", signatures)[:2] == [
        "ranking.serving_default takes customer_id, product_name and not movie_title, user_id",
        "ranking.serving_default does not give user_rating",
    ]


def test_the_contract_of_movielens_is_the_one_without_other_names():
    assert contract(Names()) == CONTRACT
    assert sorted(CONTRACT["retrieval"]["describe"].outputs) == ["movie_genres", "movie_title", "ratings"]
