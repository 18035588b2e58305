"""What the executor counts, tells and refuses: catalogues that do not fit, repeated ratings, equal stars."""

import json

import numpy as np
import pytest
from movielens_files import custom, film, person, write_100k, write_files

from components.movielens_example_gen.files.data_files import Layout, TableFile
from components.movielens_example_gen.files.layouts import recognise
from components.movielens_example_gen.files.pieces import cut
from components.movielens_example_gen.reading.catalog import Catalog
from components.movielens_example_gen.reading.joins import join_all
from components.movielens_example_gen.shipped import shipped
from components.movielens_example_gen.splits import EVAL_CODE, ROW_BY_ROW, TEST_CODE, TRAIN_CODE
from components.movielens_example_gen.survey import split_codes
from components.movielens_example_gen.told import check_stars, told_of_ratings
from marquee.errors import DataError

MOVIELENS = shipped("movielens")
LAYOUT = Layout("csv", (), (TableFile("data/movies.csv"),), (), MOVIELENS)


def movies(*ids):
    return Catalog({id: film(f"Film {id}") for id in ids})


def test_what_a_catalogue_describes_is_counted_and_told():
    found = join_all([LAYOUT], movies("1", "2", "9"), ["1", "2", "3"], ["u"], 0.5)
    assert found.notes() == ["movies.csv: 2 of 3 rated films have a title"]
    assert found.as_dict() == {
        "movies": {"file": "movies.csv", "rated": 3, "matched": 2, "matched_without_zeros": 0}
    }


def test_under_half_matched_stops_with_examples_of_both_sides():
    with pytest.raises(DataError) as error:
        join_all([LAYOUT], movies("tt1", "tt2", "tt3", "tt4"), ["1", "2", "3"], [], 0.5)
    assert error.value.message == (
        "movies.csv: only 0 of 3 rated films are in it. In the ratings: '1', '2', '3'; "
        "in movies.csv: 'tt1', 'tt2', 'tt3', …"
    )
    assert "data.min_described" in error.value.hint
    assert join_all([LAYOUT], movies("tt1"), ["1", "2"], [], 0.0).movies.matched == 0


def test_users_are_counted_likewise():
    layout = Layout("csv", (), (), (TableFile("users.csv"),), MOVIELENS)
    catalog = Catalog(users={"1": person(3.0)})
    assert join_all([layout], catalog, ["5"], ["1", "2"], 0.5).notes() == [
        "users.csv: 1 of 2 users are described"
    ]
    with pytest.raises(DataError, match=r"users.csv: only 1 of 3 users are in it"):
        join_all([layout], catalog, ["5"], ["1", "2", "3"], 0.5)


def test_a_padded_catalogue_matches_at_the_second_attempt_and_that_is_told():
    catalog = movies("007", "008")
    found = join_all([LAYOUT], catalog, ["7", "8"], [], 0.5)
    assert found.notes() == [
        "movies.csv: 2 of 2 rated films have a title",
        "movies.csv: 2 ids were matched without their leading zeros ('007' there is '7' in the ratings)",
    ]
    assert found.applied(catalog).items["7"].title == "Film 007"


def test_padded_and_plain_ids_in_one_file_stay_apart():
    assert join_all([LAYOUT], movies("007", "7"), ["7", "007"], [], 0.5).movies.loosely == {}
    # Which of the two would be 07 is anybody's guess.
    assert join_all([LAYOUT], movies("007", "7"), ["7", "07"], [], 0.5).movies.loosely == {}


ROWS = [(f"u{user}", f"m{movie}") for user in range(12) for movie in range(10)]


def survey(folder, rows, **settings):
    text = "user_id,movie_id,rating,timestamp\n"
    text += "".join(f"{user},{movie},{1 + place % 5},{place}\n" for place, (user, movie) in enumerate(rows))
    write_files(folder, ratings__csv=text)
    config = custom(folder, **settings)
    return split_codes(cut(recognise(str(folder), config).ratings, 3), config), config


@pytest.mark.parametrize("kind", ["random", "per_item"])
def test_copies_of_a_rating_stay_on_one_side(tmp_path, kind):
    found, config = survey(tmp_path, ROWS + ROWS, split={"kind": kind})
    first, second = np.split(found.codes, 2)
    np.testing.assert_array_equal(first, second)
    assert {TRAIN_CODE, EVAL_CODE, TEST_CODE} == set(first)
    assert (found.repeated, found.parted > 0) == (len(ROWS), True)
    assert told_of_ratings(found, 240, config) == [
        "120 ratings repeat a pair of user and film that is there already; all are kept, and each is in the "
        f"split of the first, and {found.parted} were moved there"
    ]


def test_in_a_split_by_time_copies_stay_where_their_time_puts_them_and_that_is_told(tmp_path):
    found, config = survey(tmp_path, ROWS + ROWS, split={"kind": "temporal"})
    assert (found.repeated, found.parted) == (120, 0)
    assert "the temporal split puts each where its own time" in told_of_ratings(found, 240, config)[0]
    found, config = survey(tmp_path, ROWS + ROWS, split={"kind": "leave_last_out"})
    assert found.repeated == 120
    assert "those of one user and film on one side" in told_of_ratings(found, 240, config)[0]


@pytest.mark.parametrize("kind", ROW_BY_ROW[:2])
def test_ratings_without_copies_are_split_as_the_protocol_says(tmp_path, kind):
    found, _ = survey(tmp_path, ROWS, split={"kind": kind})
    order = np.random.RandomState(42).permutation(120)
    assert found.repeated == 0
    if kind == "random":
        assert sorted(order[108:]) == np.flatnonzero(found.codes == TEST_CODE).tolist()


def test_a_row_that_cannot_be_read_uses_up_its_place_in_a_random_split(tmp_path):
    lines = "".join(f"{place % 4}\t{place}\t3\t5\n" for place in range(40)).replace("7\t3\t5", "7\tx\t5", 1)
    write_100k(tmp_path, lines)
    config = custom(tmp_path, max_bad_rows=1)
    codes = split_codes(cut(recognise(str(tmp_path), config).ratings), config).codes
    order = np.random.RandomState(42).permutation(40)
    assert sorted(order[36:]) == np.flatnonzero(codes == TEST_CODE).tolist()


def test_ratings_that_are_all_the_same_are_refused_before_anything_is_trained():
    with pytest.raises(
        DataError, match=r"All 360 ratings in train are 4: a ranking model has nothing to learn"
    ):
        check_stars([4.0, 4.0, 4.0, 4.0], 360)
    check_stars([4.0, 4.0, 4.0, 5.0], 360)
    check_stars([], 0)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([("u", f"m{movie}") for movie in range(120)], "there is one user"),
        ([(f"u{user}", "m") for user in range(120)], "there is one film"),
        (ROWS[:10], "there are 10 ratings: too few"),
    ],
)
def test_data_that_little_can_be_learned_from_is_said_to_be_so(tmp_path, rows, said):
    found, config = survey(tmp_path, rows)
    assert any(note.startswith(said) for note in told_of_ratings(found, len(rows), config))


def test_what_is_told_of_one_s_own_data_has_its_nouns(tmp_path):
    nouns = {"user": "listener", "item": "artist"}
    found, config = survey(tmp_path, ROWS[:10] + ROWS[:10], split={"kind": "leave_last_out"}, nouns=nouns)
    repeated, *_, few = told_of_ratings(found, 20, config)
    assert repeated.startswith("10 ratings repeat a pair of listener and artist that is there already")
    assert repeated.endswith("has those of one listener and artist on one side")
    assert few.startswith("there are 20 ratings")


def test_the_report_of_an_ingest_is_json():
    found = join_all([LAYOUT], movies("007"), ["7"], [], 0.5)
    assert json.loads(json.dumps(found.as_dict()))["movies"]["matched_without_zeros"] == 1
