import pytest

from serving.client.liked import Liked, liked_items
from serving.errors import ServingError
from serving.signature import TensorSpec

ITEMS = [("1", "Heat (1995)"), ("2", "1"), ("3", "Heat (1995)"), ("B00X-4=2", ""), ("5", "E=2")]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("Heat (1995)", Liked("1", by_title=True)),  # the most popular of that title
        ("Heat (1995)=0.5", Liked("1", 0.5)),
        ("Heat (1995) = 2e1", Liked("1", 20.0)),
        ("1", Liked("2", by_title=True)),  # a title before an id
        ("3", Liked("3")),
        ("3=0", Liked("3", 0.0)),
        ("E=2", Liked("5", by_title=True)),
        ("E=2=3", Liked("5", 3.0)),
        ("B00X-4=2", Liked("B00X-4=2")),
        ("B00X-4=2=7", Liked("B00X-4=2", 7.0)),
    ],
)
def test_a_title_or_an_id_maybe_with_a_weight_is_understood(typed, meant):
    assert liked_items([typed], ITEMS, "film") == [meant]


@pytest.mark.parametrize("typed", ["Heat (1995)=-2", "Heat (1995)=1e999"])
def test_a_weight_that_means_nothing_is_refused(typed):
    with pytest.raises(ServingError, match="means nothing"):
        liked_items([typed], ITEMS, "film")


def test_numbers_of_histories_of_different_lengths_are_padded_with_0():
    assert TensorSpec("float", (-1, -1)).array([[1, 2], [3]]).tolist() == [[1.0, 2.0], [3.0, 0.0]]
