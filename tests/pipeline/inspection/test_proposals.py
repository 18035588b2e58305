"""What files are taken for, and what is said of it."""

import json
import zipfile

import pytest

from marquee.errors import DataError
from pipeline.inspection.propose import propose
from pipeline.inspection.writing.rows import rows_as_read
from tests.pipeline.inspection.shops import interactions, shop, write


def test_a_shop(tmp_path):
    proposal = propose(shop(tmp_path / "shop"))
    described = proposal.described

    assert (described.interactions.path, described.interactions.user, described.interactions.item) == (
        "events.csv",
        "user",
        "sku",
    )
    assert described.interactions.event.weights == {"view": 1, "cart": 3, "purchase": 5}
    assert described.interactions.time.model_dump() == {"column": "ts", "unit": "iso"}
    assert (described.items.path, described.items.id, described.items.title) == (
        "products.jsonl",
        "sku",
        "name",
    )
    assert {key: each.type for key, each in described.items.features.items()} == {
        "brand": "category",
        "price": "number",
        "tags": "categories",
    }
    assert (described.users.path, described.users.id) == ("customers.csv", "id")
    assert {key: each.type for key, each in described.users.features.items()} == {
        "country": "category",
        "age": "number",
    }
    assert (described.nouns.user, described.nouns.item) == ("customer", "product")
    assert not proposal.explicit
    assert (proposal.items.join.matched, proposal.items.join.others) == (59, 11)
    assert any("weights are guesses" in doubt for doubt in proposal.doubts)


def test_its_rows_as_a_run_would_read_them(tmp_path):
    row = next(rows_as_read(propose(shop(tmp_path / "shop"))))

    (user,), (item,) = row["customer_id"], row["product_id"]
    number = int(item.removeprefix("B-"))
    assert row["product_title"] == [f"Soap no. {number}"]
    assert row["price"] == [number / 4]
    assert len(row["tags"]) == number % 3
    assert row["age"] == [20 + int(user.removeprefix("c"))]
    assert row["interaction"][0] in (1, 3, 5)
    assert 1_704_067_200 < row["timestamp"][0] < 1_706_745_600


def test_a_feature_that_is_called_like_a_role_keeps_its_name(tmp_path):
    folder = shop(tmp_path / "shop")
    rows = [json.loads(line) for line in (folder / "products.jsonl").read_text().splitlines()]
    lines = (json.dumps({**row, "product_title": "xyz"[place % 3]}) for place, row in enumerate(rows))
    (folder / "products.jsonl").write_text("\n".join(lines) + "\n")
    described = propose(folder).described

    assert described.items.title == "name"
    assert "product_title" in described.items.features
    assert described.description.names.title == "product_title_2"


def test_stars_without_a_header(tmp_path):
    rows = sorted((int(user), int(item), stars / 2) for user, item, stars, _ in interactions(3_000))
    path = write(tmp_path / "ratings.txt", rows, separator=" ")

    proposal = propose(path)

    given = proposal.described.interactions
    assert given.format.columns == ("user_id", "item_id", "rating")
    assert given.rating.model_dump() == {"column": "rating", "min": 0.5, "max": 2.5, "step": 0.5}
    assert given.path is None
    assert proposal.explicit
    assert not proposal.doubts


def test_plays_without_a_header_are_counts(tmp_path):
    rows = sorted((int(user), int(item), (stars * int(item)) ** 3) for user, item, stars, _ in interactions())
    proposal = propose(write(tmp_path / "plays.tsv", rows, separator="\t"))

    assert proposal.described.interactions.count == "count"
    assert proposal.described.interactions.rating is None


@pytest.mark.parametrize(("factor", "unit"), [(1, "s"), (1_000, "ms"), (1_000_000, "us"), (10**9, "ns")])
def test_units_of_time(tmp_path, factor, unit):
    rows = [(user, item, stars, seconds * factor) for user, item, stars, seconds in interactions()]
    proposal = propose(write(tmp_path / "data.csv", rows))

    assert proposal.described.interactions.time.model_dump() == {"column": "timestamp", "unit": unit}


def test_a_scale_to_ten(tmp_path):
    rows = [(user, item, 1 + 7 * int(item) % 10) for user, item, _, _ in interactions(2_000)]
    proposal = propose(write(tmp_path / "data.csv", rows, "user_id,book_id,rating"))

    rating = proposal.described.interactions.rating
    assert (rating.min, rating.max, rating.step) == (1, 10, 1)
    assert proposal.described.nouns.item == "book"


def test_the_scale_of_a_few_rows_is_taken_to_be_a_usual_one(tmp_path):
    proposal = propose(
        write(tmp_path / "data.csv", [(1, 2, 3), (1, 3, 4), (2, 2, 5)], "user_id,item_id,rating")
    )

    rating = proposal.described.interactions.rating
    assert (rating.min, rating.max, rating.step) == (1, 5, 1)
    assert any("few rows" in doubt for doubt in proposal.doubts)


def test_equal_ratings_are_no_ratings(tmp_path):
    rows = [(user, item, 1) for user, item, _, _ in interactions()]
    proposal = propose(write(tmp_path / "data.csv", rows, "user,item,rating"))

    assert not proposal.explicit
    assert any("nothing can be learned" in doubt for doubt in proposal.doubts)


def test_two_columns_that_could_be_the_item_are_said(tmp_path):
    rows = [(user, item, int(item) % 7, stars) for user, item, stars, _ in interactions()]
    proposal = propose(write(tmp_path / "data.csv", rows, "user_id,item_id,product_id,rating"))

    assert proposal.described.interactions.item == "item_id"
    assert any("item_id, product_id; took item_id" in doubt for doubt in proposal.doubts)


def test_what_describes_items_and_users_in_the_one_file(tmp_path):
    rows = [
        (
            f"c{user}",
            f"p{item}",
            f"Thing {item} blue",
            f"brand{int(item) % 5}",
            "DE" if int(user) % 2 else "FR",
            "ios" if stars > 2 else "web",
        )
        for user, item, stars, _ in interactions()
    ]
    proposal = propose(
        write(tmp_path / "data.csv", rows, "customer_id,product_id,product_name,brand,country,device")
    )

    described = proposal.described
    assert (described.items.path, described.items.title, list(described.items.features)) == (
        None,
        "product_name",
        ["brand"],
    )
    assert list(described.users.features) == ["country"]
    assert list(described.interactions.features) == ["device"]


def test_sequences_with_attributes_by_id(tmp_path):
    (tmp_path / "sequences.txt").write_text(
        "".join(f"{user} {user + 1} {user + 2} {user + 3} {' 5' * user}\n" for user in range(1, 30))
    )
    (tmp_path / "item_attributes.json").write_text(
        json.dumps({str(item): [item % 5, item % 3] for item in range(1, 40)})
    )

    described = propose(tmp_path).described

    assert described.interactions.format.kind == "sequences"
    assert (described.items.path, described.items.format.kind) == ("item_attributes.json", "json")
    assert described.items.features["attributes"].model_dump(exclude_defaults=True) == {"column": "value"}


def test_an_archive_is_described_by_what_is_in_it(tmp_path):
    path = write(tmp_path / "data.csv", interactions(), "user,item,rating,time")
    with zipfile.ZipFile(tmp_path / "shop.zip", "w") as archive:
        archive.write(path, "shop/data.csv")
        archive.writestr("shop/README.md", "nothing")
        archive.writestr("__MACOSX/._data.csv", "nothing")

    assert propose(tmp_path / "shop.zip").described.interactions.path == "data.csv"


def test_numbers_from_1_on_are_not_everybodys_ids(tmp_path):
    write(tmp_path / "ratings.csv", interactions(), "userId,movieId,rating,timestamp")
    write(tmp_path / "movies.csv", [(item, f"Film {item}") for item in range(1, 61)], "movieId,title")
    write(tmp_path / "prices.csv", [(number, number / 3) for number in range(1, 400)], "stock,price")

    proposal = propose(tmp_path)

    assert proposal.described.items.path == "movies.csv"
    assert proposal.described.users is None
    assert [name for name, _ in proposal.unused] == ["prices.csv"]


def test_two_files_of_interactions_are_said(tmp_path):
    write(tmp_path / "ratings.csv", interactions(), "userId,movieId,rating,timestamp")
    write(
        tmp_path / "tags.csv",
        [(user, item, "fun") for user, item, *_ in interactions(100)],
        "userId,movieId,tag",
    )

    proposal = propose(tmp_path)

    assert proposal.described.interactions.path == "ratings.csv"
    assert "tags.csv" in proposal.doubts[0]


def test_dates_that_are_not_read_are_said(tmp_path):
    rows = [(user, item, stars, f"{1 + stars:02}/12/2020") for user, item, stars, _ in interactions()]
    proposal = propose(write(tmp_path / "data.csv", rows, "user,item,rating,date"))

    assert proposal.described.interactions.time is None
    assert any("not ISO 8601" in doubt for doubt in proposal.doubts)


def test_events_that_say_no_are_left_out(tmp_path):
    rows = [(user, item, ("like", "dislike")[stars % 2]) for user, item, stars, _ in interactions()]
    proposal = propose(write(tmp_path / "data.csv", rows, "user,item,action"))

    event = proposal.described.interactions.event
    assert (event.weights, event.others) == ({"like": 2}, "skip")
    assert {row["interaction"][0] for row in rows_as_read(proposal)} == {2}


def test_nobody_and_nothing_is_one_error_with_what_was_seen_and_a_template(tmp_path):
    path = write(tmp_path / "weather.csv", [(f"Town {n}", n / 7) for n in range(90)], "city,temperature")

    with pytest.raises(DataError) as error:
        propose(path)

    assert "no file has a column of users and one of items" in error.value.message
    assert "city (Town 0), temperature (0.0)" in error.value.message
    assert "user: city" in error.value.hint
    assert "marquee run --config mine.yaml" in error.value.hint


def test_nothing_there(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        propose(tmp_path / "nowhere")
    with pytest.raises(DataError, match="no file in it can be data; it holds nothing"):
        propose(tmp_path)


def test_a_word_among_stars_is_said(tmp_path):
    rows = [*interactions(), ("3", "4", "five", 1_600_000_000)]
    proposal = propose(write(tmp_path / "data.csv", rows, "user,item,stars,time"))

    assert proposal.explicit
    assert any("1 cell of 'stars' is no number, such as 'five'" in doubt for doubt in proposal.doubts)
    assert len(list(rows_as_read(proposal))) == 400
