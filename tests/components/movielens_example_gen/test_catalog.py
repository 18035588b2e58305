import pytest
from movielens_files import custom, film, person, u_item, write_100k, write_files

from components.movielens_example_gen.files.layouts import recognise
from components.movielens_example_gen.reading.catalog import read_catalog
from marquee.errors import DataError


def catalog(folder):
    return read_catalog(recognise(str(folder), custom(folder)))


def test_100k_is_latin_1_and_its_genre_unknown_is_no_genre(tmp_path):
    found = catalog(write_100k(tmp_path, "7\t1\t3\t5\n"))
    assert found.items == {"1": film("Café (1995)", "Action", "Comedy"), "2": film("unknown")}
    assert found.users["7"] == person(24.0, "M", "technician", "85711")
    assert found.bad.count == 0


def test_1m_spells_its_occupation_codes_out(tmp_path):
    write_files(
        tmp_path,
        ratings__dat="1::1::5::9\n",
        movies__dat="1::Misérables, Les (1995)::Drama|Musical\n".encode("latin-1"),
        users__dat="1::F::1::10::48067\n",
    )
    found = catalog(tmp_path)
    assert found.items == {"1": film("Misérables, Les (1995)", "Drama", "Musical")}
    assert found.users == {"1": person(1.0, "F", "K-12 student", "48067")}


def test_the_csv_family_quotes_titles_and_has_no_users(tmp_path):
    write_files(
        tmp_path,
        ratings__csv="userId,movieId,rating,timestamp\n1,1,5,9\n",
        movies__csv='movieId,title,genres\r\n11,"American President, The (1995)",Comedy|Drama\r\n'
        "12,Black Mirror,(no genres listed)\r\n",
    )
    found = catalog(tmp_path)
    assert found.items == {
        "11": film("American President, The (1995)", "Comedy", "Drama"),
        "12": film("Black Mirror"),
    }
    assert found.users is None


def test_recbole_titles_are_put_together_again(tmp_path):
    write_files(
        tmp_path,
        a__inter="user_id:token\titem_id:token\trating:float\n1\t1\t3\n",
        a__item="item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq\n"
        "1\tToy Story\t1995\tAnimation Children's\n267\tunkonwn\tunkonwn\tunknown\n",
    )
    assert catalog(tmp_path).items == {
        "1": film("Toy Story (1995)", "Animation", "Children's"),
        "267": film("unknown"),
    }


def test_users_of_ones_own_may_leave_out_what_they_like(tmp_path):
    write_files(
        tmp_path,
        ratings__csv="user_id,movie_id,rating\n1,1,5\n",
        users__csv="user_id,age,gender\n1,33,F\n2,,\n",
    )
    assert catalog(tmp_path).users == {"1": person(33.0, "F", None, None), "2": {}}


def test_bad_lines_are_counted_and_named(tmp_path):
    write_100k(tmp_path, "7\t1\t3\t5\n")
    (tmp_path / "u.user").write_text("7|old|M|other|1\n8|53|F\n|20|M|other|1\n")
    (tmp_path / "u.item").write_text(u_item(1, "A") + u_item(2, "B").replace("|0\n", "|x\n"))
    assert [(row.line, row.field, row.value) for row in catalog(tmp_path).bad.samples] == [
        (2, "genre Western", "x"),
        (1, "age", "old"),
        (2, "line", "8|53|F"),
        (3, "user id", ""),
    ]


def test_a_movies_file_without_ids_is_refused(tmp_path):
    write_files(tmp_path, ratings__csv="user_id,movie_id,rating\n1,1,5\n", movies__csv="title\nHeat\n")
    with pytest.raises(DataError, match=r"movies.csv, line 1: no column for the movie's id"):
        catalog(tmp_path)
