"""Ratings as people have them: other names, other spellings, other encodings. Nothing is lost in silence."""

import gzip
import io
import tarfile
import zipfile

import pytest
from movielens_files import custom, film, person, read_all, write_files

from components.movielens_example_gen.files.layouts import recognise
from components.movielens_example_gen.files.one_file import read_one_file
from components.movielens_example_gen.reading import times
from components.movielens_example_gen.reading.catalog import read_catalog
from components.movielens_example_gen.reading.ids import plain_id, without_zeros
from marquee.errors import DataError

RATINGS = "user_id,movie_id,rating,timestamp\n7,1,3,881250949\n8,2,4.5,881250950\n"


def catalog(folder):
    return read_catalog(recognise(str(folder), custom(folder)))


def notes(folder):
    return read_one_file(folder, folder / "cache").notes


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (" 242 ", "242"),
        ("242.0", "242"),
        ("007", "007"),
        ("1.5", "1.5"),
        ("1.00", "1.00"),
        ("\xa0tt1\t", "tt1"),
    ],
)
def test_an_id_is_read_by_one_rule(written, read):
    assert plain_id(written) == read


def test_only_numbers_lose_their_zeros():
    assert [without_zeros(id) for id in ("007", "000", "0x1", "7")] == ["7", "0", "0x1", "7"]


def test_ids_are_read_alike_in_ratings_movies_and_users(tmp_path):
    write_files(
        tmp_path,
        ratings__csv="user_id,movie_id,rating\n 1 ,5.0,3 \n1.0,5 ,4\n",
        movies__csv="movie_id,title,genres\n 5.0 ,Heat (1995),Crime\n",
        users__csv="user_id,age\n1.0,33\n",
    )
    assert read_all(tmp_path, custom(tmp_path)) == ([("1", "5", 3.0, 0), ("1", "5", 4.0, 0)], [])
    found = catalog(tmp_path)
    assert (list(found.items), list(found.users)) == (["5"], ["1"])


@pytest.mark.parametrize("header", ["movieId,Title,Genres", "id,name,genre", "Movie ID,movie_title,GENRE"])
def test_the_columns_of_movies_go_by_many_names(tmp_path, header):
    write_files(tmp_path, ratings__csv=RATINGS, movies__csv=f"\ufeff{header}\n1,Heat (1995),Crime|Drama\n")
    assert catalog(tmp_path).items == {"1": film("Heat (1995)", "Crime", "Drama")}


def test_the_columns_of_users_go_by_many_names(tmp_path):
    write_files(tmp_path, ratings__csv=RATINGS, users__csv="UserID;Age;sex;zip;Job\n7;33;F;94043;writer\n")
    assert catalog(tmp_path).users == {"7": person(33.0, "F", "writer", "94043")}


def test_a_movies_file_without_a_title_or_a_genre_is_refused(tmp_path):
    write_files(tmp_path, ratings__csv=RATINGS, movies__csv="movie_id,imdb\n1,2\n")
    with pytest.raises(DataError, match=r"movies.csv, line 1: no column beside the ids .*'imdb'"):
        catalog(tmp_path)


def test_columns_that_are_not_used_are_named(tmp_path):
    write_files(
        tmp_path,
        ratings__csv="user_id,movie_id,rating,comment\n7,1,3,good\n",
        movies__csv="movie_id,title,imdb\n1,Heat,5\n",
    )
    assert notes(tmp_path) == [
        "ratings.csv has no column of times: every time is 0",
        "ratings.csv: columns not used: 'comment'",
        "movies.csv has no column of genres",
        "movies.csv: columns not used: 'imdb'",
    ]


@pytest.mark.parametrize("name", ["Timestamp", "time", "date", "unix_timestamp", "datetime", "Rated At"])
def test_a_column_of_times_goes_by_many_names(tmp_path, name):
    write_files(tmp_path, ratings__csv=f"userId,movieId,rating,{name}\n1,2,3,881250949\n")
    assert read_all(tmp_path, custom(tmp_path)) == ([("1", "2", 3.0, 881250949)], [])
    assert f"ratings.csv: times are read from the column {name!r}" in notes(tmp_path)


def test_a_column_of_times_that_holds_none_is_not_used_and_named(tmp_path):
    write_files(tmp_path, ratings__csv="userId,movieId,rating,date\n1,2,3,yesterday\n")
    assert read_all(tmp_path, custom(tmp_path)) == ([("1", "2", 3.0, 0)], [])
    assert "ratings.csv: columns not used: 'date'" in notes(tmp_path)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("881250949000", "in milliseconds"),
        ("881250949123456", "in microseconds"),
        ("881250949123456789", "in nanoseconds"),
        ("1997-12-04T15:55:49", "as ISO 8601"),
        ("1997-12-04 15:55:49.5", "as ISO 8601"),
        ("1997-12-04T16:55:49+01:00", "as ISO 8601"),
        ("1997-12-04T15:55:49Z", "as ISO 8601"),
        ("19971204155549", "as ISO 8601"),
    ],
)
@pytest.mark.parametrize("name", ["timestamp", "date"])
def test_times_are_read_in_the_unit_that_they_are_written_in(tmp_path, name, written, said):
    write_files(tmp_path, ratings__csv=f"userId,movieId,rating,{name}\n1,2,3,{written}\n")
    assert read_all(tmp_path, custom(tmp_path)) == ([("1", "2", 3.0, 881250949)], [])
    assert f"ratings.csv: times are written {said}, and read as such" in notes(tmp_path)
    # Line by line, where Arrow found something wrong in the piece.
    (tmp_path / "ratings.csv").write_text((tmp_path / "ratings.csv").read_text() + f"1,3,good,{written}\n")
    rows, bad = read_all(tmp_path, custom(tmp_path))
    assert (rows, len(bad)) == ([("1", "2", 3.0, 881250949)], 1)


@pytest.mark.parametrize(
    ("cells", "unit"),
    [
        (["0", "5", "881250949"], "seconds"),
        (["99999999999"], "seconds"),
        (["0", "0", "1700000000000"], "milliseconds"),
        (["-1700000000000"], "milliseconds"),
        (["", "2024-01-01"], times.ISO),
        (["now", "then"], None),
        (["20120131", "19991231"], times.ISO),
        (["20120131101112"], times.ISO),
        (["20120131", "881250949"], "seconds"),
        ([], "seconds"),
    ],
)
def test_the_unit_of_a_file_is_told_from_the_size_of_its_times(cells, unit):
    assert times.unit_of(cells) == unit


def test_a_day_in_digits_is_read_as_one_and_no_day_is_a_bad_row(tmp_path):
    write_files(tmp_path, ratings__csv="userId,movieId,rating,date\n1,2,3,20120131\n")
    assert read_all(tmp_path, custom(tmp_path)) == ([("1", "2", 3.0, 1327968000)], [])
    (tmp_path / "ratings.csv").write_text("userId,movieId,rating,date\n1,2,3,20120131\n1,3,3,20120231\n")
    rows, bad = read_all(tmp_path, custom(tmp_path))
    assert (len(rows), bad[0].value, bad[0].reason) == (1, "20120231", "is not a time as ISO 8601 has it")


def test_times_in_two_units_are_said_to_be_so(tmp_path):
    rows = "".join(f"1,{film},3,{881250949 * (1000 if film == 3 else 1)}\n" for film in range(9))
    write_files(tmp_path, ratings__csv="userId,movieId,rating,timestamp\n" + rows)
    assert "ratings.csv: 1 of the first 9 times look like another unit than seconds" in notes(tmp_path)


def test_one_bad_byte_costs_its_own_line_and_is_named(tmp_path):
    movies = "movie_id,title,genres\n1,Amélie (2001),Drama\n2,Café (1999),Drama\n".encode()
    write_files(tmp_path, ratings__csv=RATINGS, movies__csv=movies + b"3,Caf\xe9 (1999),Drama\n")
    found = catalog(tmp_path)
    assert [movie.title for movie in found.items.values()] == ["Amélie (2001)", "Café (1999)"]
    assert [str(row) for row in found.bad.samples] == [
        f"{tmp_path}/movies.csv, line 4, line: '3,Caf\\\\xe9 (1999),Drama' "
        "is not UTF-8: byte 0xe9 at place 6 of the line"
    ]


@pytest.mark.parametrize(
    ("movies", "titles", "bad"),
    [
        ("1::Café (1999)::Drama\n2::Heat::Crime\n".encode("latin-1"), ["Café (1999)", "Heat"], 0),
        ("1::Café – “x”::Drama\n".encode("cp1252"), ["Café – “x”"], 0),
        ("1::Café (1999)::Drama\n".encode() + b"2::Caf\xe9::Crime\n", ["Café (1999)"], 1),
    ],
)
def test_the_older_layouts_are_latin_1_unless_they_have_utf_8_in_them(tmp_path, movies, titles, bad):
    write_files(tmp_path, ratings__dat="7::1::3::5\n", movies__dat=movies)
    found = catalog(tmp_path)
    assert [movie.title for movie in found.items.values()] == titles
    assert found.bad.count == bad


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_quotes_are_taken_off_whatever_parts_the_fields(tmp_path, delimiter):
    row = delimiter.join
    text = row(['"user_id"', '"movie_id"', '"rating"']) + "\n" + row(['"u1"', '"m1"', "5"]) + "\n"
    write_files(tmp_path, ratings__csv=text, movies__csv=row(["id", "title"]) + "\n" + row(['"m1"', '"A"']))
    assert read_all(tmp_path, custom(tmp_path)) == ([("u1", "m1", 5.0, 0)], [])
    assert catalog(tmp_path).items == {"m1": film("A")}


def test_a_quote_that_is_never_closed_in_movies_counts_every_line_that_it_swallows(tmp_path):
    write_files(tmp_path, ratings__csv=RATINGS, movies__csv='id,title\n1,"A\n2,B,\n3,C\n')
    assert [row.line for row in catalog(tmp_path).bad.samples] == [2, 3, 4]


def test_two_stray_quotes_in_movies_with_tabs_swallow_no_line_in_silence(tmp_path):
    write_files(
        tmp_path,
        ratings__csv=RATINGS,
        movies__csv=b'id\ttitle\n1\tA\n2\t"B\n3\tC\n4\tD"\n' + b'\xe9\n5\t"E"\n',
    )
    found = catalog(tmp_path)
    assert list(found.items) == ["1", "5"]
    assert [row.line for row in found.bad.samples] == [3, 4, 5, 6]
    assert found.bad.samples[1].reason == "is in a quote that line 3 opens, closed only in line 5"


def test_an_id_with_a_control_character_is_a_bad_row_and_a_title_loses_it(tmp_path):
    write_files(
        tmp_path,
        ratings__csv="user_id,movie_id,rating\na\x1b[2Jb,1,3\n7,1,3\n",
        movies__csv='id,title\n1,"A\x1b\nB"\n',
    )
    rows, bad = read_all(tmp_path, custom(tmp_path))
    assert rows == [("7", "1", 3.0, 0)]
    assert str(bad[0]).endswith(r"line 2, user id: 'a\x1b[2Jb' holds a control character")
    assert catalog(tmp_path).items["1"].title == "A B"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PAR1\x15\x04\x15", r"this is Parquet.*read_parquet"),
        (RATINGS.encode("utf-16"), r"this is UTF-16.*iconv"),
        (RATINGS.encode("utf-16-le"), r"this is UTF-16"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", r"xls"),
        (b"SQLite format 3\x00", r"SQLite"),
        (b'{"user": 1}\n', r"JSON.*read_json"),
        (b"user_id,movie_id,rating\n\x00\x01", r"binary file.*byte 24 is 0x00"),
        (b"user_id,movie_id,rating\r1,2,3\r", r"carriage return alone"),
        (b"user_id," * 10_000, r"does not end within 65,536 bytes"),
    ],
)
@pytest.mark.parametrize("file", ["ratings.csv", "movies.csv"])
def test_what_is_no_text_is_named_as_what_it_is(tmp_path, file, content, message):
    write_files(tmp_path, ratings__csv=RATINGS)
    (tmp_path / file).write_bytes(content)
    if file == "movies.csv" and "65,536" in message:
        return
    with pytest.raises(DataError, match=f"(?s){file}.*{message}") as error:
        read_one_file(tmp_path, tmp_path / "cache")
    assert str(error.value).replace("\n", "").isprintable()


def tar_gz(**files):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content.encode()))
    return buffer.getvalue()


def zipped(**files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("ratings.csv.gz", gzip.compress(RATINGS.encode())),
        ("mine.csv.gz", gzip.compress(RATINGS.encode())),
        ("no_suffix", gzip.compress(RATINGS.encode())),
        ("a.tar.gz", tar_gz(**{"mine/ratings.csv": RATINGS, "README": "hello"})),
        ("a.tgz", tar_gz(**{"my.csv": RATINGS})),
        (
            "mac.zip",
            zipped(**{"mine/ratings.csv": RATINGS, "__MACOSX/mine/._ratings.csv": "x", ".DS_Store": ""}),
        ),
        ("readme.zip", zipped(**{"mine/ratings.csv": RATINGS, "README.txt": "hello"})),
        ("deep.zip", zipped(**{"a/b/ratings.csv": RATINGS, "a/other.txt": "x"})),
    ],
    # Not the content, which holds the time of its making: test processes must agree on names.
    ids=["csv.gz", "other.csv.gz", "no suffix", "tar.gz", "tgz", "mac.zip", "readme.zip", "deep.zip"],
)
def test_archives_are_read_whatever_else_is_in_them(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    for _ in range(2):
        assert read_one_file(tmp_path / name, tmp_path / "cache").rows == 2


def test_an_archive_without_ratings_lists_what_it_holds(tmp_path):
    (tmp_path / "a.zip").write_bytes(zipped(**{"x/a.pdf": "1", "x/b.csv": "2", "y/c.csv": "3"}))
    with pytest.raises(DataError, match=r"no ratings in this archive; it holds x/a.pdf, x/b.csv, y/c.csv"):
        read_one_file(tmp_path / "a.zip", tmp_path / "cache")


def test_the_movies_beside_a_compressed_file_of_ratings_are_read(tmp_path):
    (tmp_path / "ratings.csv.gz").write_bytes(gzip.compress(RATINGS.encode()))
    (tmp_path / "movies.csv").write_text("id,title,year\n1,A,1990\n")
    assert (
        "movies.csv: columns not used: 'year'"
        in read_one_file(tmp_path / "ratings.csv.gz", tmp_path / "c").notes
    )


def test_a_damaged_gzip_is_a_data_error_and_leaves_nothing(tmp_path):
    (tmp_path / "ratings.csv.gz").write_bytes(gzip.compress(RATINGS.encode() * 100)[:-20])
    with pytest.raises(DataError, match="not a whole archive"):
        read_one_file(tmp_path / "ratings.csv.gz", tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []
