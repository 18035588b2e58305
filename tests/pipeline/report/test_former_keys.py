"""Files of earlier versions, which called the items of every data set films."""

from pipeline.report.former_keys import by_role, items_in

ROW = {"word": "Drama", "items": 2, "ratings": 5, "mean": 3.4}
SPLIT = {"ratings": 4, "users": 2, "items": 3, "unknown_users": 1, "unknown_items": 0}
NOW = {
    "data": {
        "users": 4,
        "items": 3,
        "concentration": {"users": 0.25, "items": 0.5},
        "splits": {"train": SPLIT},
        "words": {"films": [ROW]},  # a feature may be called so
    },
    "ratings": {"rows": 1, "slices": {"films": {"Heat": {}}, "item_popularity": {"hits": {"rows": 1}}}},
}


def former(values):
    return {
        {"items": "films", "unknown_items": "unknown_films"}.get(key, key): value
        for key, value in values.items()
    }


def test_a_file_of_this_version_is_read_as_it_is():
    assert by_role(NOW) == NOW
    assert by_role({}) == {}
    assert by_role({"described": {}, "ratings": {"whole": {}}}) == {"described": {}, "ratings": {"whole": {}}}


def test_keys_of_earlier_versions_are_read_by_role():
    data = NOW["data"]
    before = {
        "data": {
            **former(data),
            "concentration": former(data["concentration"]),
            "splits": {"train": former(SPLIT)},
            "words": {"films": [former(ROW)]},
        },
        "ratings": {"rows": 1, "slices": {"films": {"Heat": {}}, "film_popularity": {"hits": {"rows": 1}}}},
    }
    assert by_role(before) == NOW
    only_genres = {"data": {"films": 3, "genres": [{"genre": "Drama", "films": 2}]}}
    assert by_role(only_genres)["data"]["genres"] == [{"genre": "Drama", "items": 2}]


def test_the_number_of_searched_items_is_read_from_either():
    assert items_in({"items": 5}) == items_in({"films": 5.0}) == 5
