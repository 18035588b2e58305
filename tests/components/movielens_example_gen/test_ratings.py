import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from movielens_files import custom, read_all, u_item, write_100k, write_files

from components.movielens_example_gen.config import DataConfig
from marquee.errors import DataError

ROWS = [("7", "1", 3.0, 881250949), ("8", "2", 4.5, 0)]


def write(folder, layout, rows, line_end="\n"):
    def lines(delimiter):
        return "".join(delimiter.join((u, m, f"{r:g}", str(t))) + line_end for u, m, r, t in rows)

    if layout == "u":
        return write_100k(folder, lines("\t"))
    if layout == "dat":
        return write_files(folder, ratings__dat=lines("::"), movies__dat="1::A (1990)::Drama\n")
    if layout == "csv":
        return write_files(folder, ratings__csv=f"userId,movieId,rating,timestamp{line_end}" + lines(","))
    header = f"user_id:token\titem_id:token\trating:float\ttimestamp:float{line_end}"
    return write_files(folder, x__inter=header + lines("\t"))


LAYOUTS = ("u", "dat", "csv", "recbole")


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_every_layout_reads_the_same_rows(tmp_path, layout, line_end):
    assert read_all(write(tmp_path, layout, ROWS, line_end), custom(tmp_path)) == (ROWS, [])


IDS = st.text("abcdefghij0123456789_-é ", min_size=1, max_size=8).map(str.strip).filter(bool)
RATINGS = st.integers(1, 10).map(lambda halves: halves / 2)
TABLES = st.lists(st.tuples(IDS, IDS, RATINGS, st.integers(0, 10**11 - 1)), min_size=1, max_size=30)
SLOW = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.parametrize("layout", LAYOUTS)
@SLOW
@given(rows=TABLES, shards=st.integers(1, 9), line_end=st.sampled_from(["\n", "\r\n"]))
def test_what_is_written_is_read_back_whatever_the_pieces(tmp_path, layout, rows, shards, line_end):
    write(tmp_path, layout, rows, line_end)
    assert read_all(tmp_path, custom(tmp_path, shards=shards)) == (rows, [])


@pytest.mark.parametrize("layout", LAYOUTS)
@SLOW
@given(rows=TABLES, at=st.floats(0, 1), junk=st.binary(max_size=6), cut=st.integers(0, 5))
def test_damage_never_ends_in_anything_but_a_data_error(tmp_path, layout, rows, at, junk, cut):
    write(tmp_path, layout, rows)
    name = {"u": "u.data", "dat": "ratings.dat", "csv": "ratings.csv", "recbole": "x.inter"}[layout]
    data = (tmp_path / name).read_bytes()
    place = int(at * len(data))
    (tmp_path / name).write_bytes(data[:place] + junk + data[place + cut :])
    try:
        kept, _ = read_all(tmp_path, custom(tmp_path))
    except DataError:
        return
    assert all(u and m and math.isfinite(r) for u, m, r, _ in kept)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("9\t1\t3", "line 2, line: '9\\t1\\t3' has 3 fields and not 4"),
        ("\t1\t3\t5", "line 2, user id: '' is empty"),
        ("9\t1\tgood\t5", "line 2, rating: 'good' is not a number"),
        ("9\t1\tnan\t5", "line 2, rating: 'nan' is not a number"),
        ("9\t1\t1e99\t5", "line 2, rating: '1e99' is not a number"),
        ("9\t1\t3\tnow", "line 2, timestamp: 'now' is not a number"),
        (
            b"\xff\t1\t3\t5",
            "line 2, line: '\\\\xff\\t1\\t3\\t5' is not UTF-8: byte 0xff at place 1 of the line",
        ),
    ],
)
def test_a_bad_row_is_left_out_and_named_by_line_field_and_value(tmp_path, line, message):
    line = line if isinstance(line, bytes) else line.encode()
    write_100k(tmp_path, b"7\t1\t3\t881250949\n" + line + b"\n8\t2\t4.5\t0\n")
    rows, bad = read_all(tmp_path, custom(tmp_path))
    assert rows == ROWS
    assert [str(row) for row in bad] == [f"{tmp_path}/u.data, {message}"]


def test_a_rating_of_nine_is_read_because_the_schema_is_to_judge_it(tmp_path):
    write_100k(tmp_path, "7\t1\t9\t5\n")
    assert read_all(tmp_path, custom(tmp_path)) == ([("7", "1", 9.0, 5)], [])


def test_a_byte_order_mark_blank_lines_and_a_missing_last_line_end_are_nothing(tmp_path):
    write_100k(tmp_path, "\ufeff7\t1\t3\t881250949\n\n8\t2\t4.5\t0")
    assert read_all(tmp_path, custom(tmp_path)) == (ROWS, [])
    write_100k(tmp_path, "7\t1\t3\t881250949\r\n8\t2\t4.5\t0\r\n\r\n\n")
    assert read_all(tmp_path, custom(tmp_path)) == (ROWS, [])


def test_ones_own_csv_may_quote_reorder_add_columns_and_have_no_times(tmp_path):
    write_files(tmp_path, mine__csv='rating,note,"item_id",user_id\n4.5,"x, y","1","8"\n3,z,2,7\n')
    config = custom(tmp_path / "mine.csv")
    assert read_all(tmp_path / "mine.csv", config) == ([("8", "1", 4.5, 0), ("7", "2", 3.0, 0)], [])


def test_a_quote_that_is_never_closed_costs_its_own_line_only(tmp_path):
    write_files(tmp_path, ratings__csv='userId,movieId,rating\n1,2,3\n"1,2,3\n4,5,"1"\n')
    rows, bad = read_all(tmp_path, custom(tmp_path))
    assert rows == [("1", "2", 3.0, 0), ("4", "5", 1.0, 0)]
    assert [(row.line, row.reason) for row in bad] == [(3, "has a quote that is not closed")]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"ratings__csv": "<!DOCTYPE html>\n<html>"}, "web page"),
        ({"ratings__csv": ""}, "empty"),
        ({"ratings__csv": "who,what,mark\n1,2,3\n"}, "the user's id and the movie's id and rating"),
        ({"ratings__csv": "1,2,3,4\n"}, "this is no header, all of it is numbers"),
        ({"ratings__csv": "user_id,userId,item_id,rating\n1,1,2,3\n"}, "a column is there twice"),
        ({"mine__csv": "user_id,item_id,rating\n1,2,3\n"}, "it holds mine.csv\nName the file itself"),
        ({"ratings__dat": "1::2::3::4\n"}, "movies.dat: the file is missing"),
        ({"u__item": u_item(1, "A")}, "u.data: the file is missing"),
        ({"readme__txt": "hello"}, "no ratings here"),
    ],
)
def test_files_that_are_no_data_set_are_refused_by_name(tmp_path, files, message):
    write_files(tmp_path, **files)
    with pytest.raises(DataError, match=message):
        read_all(tmp_path, custom(tmp_path))


def test_a_folder_of_another_data_set_than_the_configuration_says_is_refused(tmp_path):
    write(tmp_path, "csv", ROWS)
    with pytest.raises(DataError, match="not those of ml-100k"):
        read_all(tmp_path, DataConfig(path=str(tmp_path)))
