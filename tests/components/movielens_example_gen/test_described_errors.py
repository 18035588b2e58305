"""What is wrong with described files: one line that names file, line, field, value, and what to do."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from described_files import catalog, lines, plain, read, shop
from movielens_files import write_files

from marquee.errors import ConfigError, DataError

ROW = "who,what,stars,at\na,x,3,1300000000\n"
ALL = {"rating": {"column": "stars", "min": 0.5, "max": 4, "step": 0.5}, "time": {"column": "at"}}


@pytest.mark.parametrize(
    ("row", "wrong"),
    [
        (",x,3,1300000000", "who: '' is empty"),
        ("a,  ,3,1300000000", "what: '  ' is empty"),
        ("NaN,x,3,1300000000", "who: 'NaN' is NaN, which stands for a missing id"),
        ("a,x,good,1300000000", "stars: 'good' is not a number"),
        ("a,x,nan,1300000000", "stars: 'nan' is not a number"),
        ("a,x,4.5,1300000000", "stars: '4.5' is not on the scale from 0.5 to 4 in steps of 0.5"),
        ("a,x,3.7,1300000000", "stars: '3.7' is not on the scale from 0.5 to 4 in steps of 0.5"),
        ("a,x,3,yesterday", "at: 'yesterday' is not a number"),
        ("a,x,3", "line: 'a,x,3' has 3 fields and not 4"),
        ("a\x07b,x,3,1300000000", "who: 'a\\x07b' holds a control character"),
    ],
)
def test_a_row_that_is_wrong_is_named_with_line_field_and_value(tmp_path, row, wrong):
    write_files(tmp_path, e__csv=ROW * 1 + row + "\n")
    rows, bad, _ = read(shop(tmp_path / "e.csv", interactions=ALL))
    assert plain(rows) == [("a", "x", 3.0, 1_300_000_000)]
    assert bad == [f"{tmp_path}/e.csv, line 3, {wrong}"]


@pytest.mark.parametrize(
    ("given", "cell", "wrong"),
    [
        ({"count": "n"}, "0", "n: '0' is not above 0: leave out rows without an interaction"),
        ({"count": "n"}, "-3", "n: '-3' is not above 0: leave out rows without an interaction"),
        ({"features": {"n": {"type": "number"}}}, "much", "n: 'much' is not a number"),
        ({"features": {"n": {"type": "vector", "length": 3}}}, "1 2", "n: '1 2' has 2 numbers and not 3"),
        (
            {"features": {"n": {"type": "time", "unit": "iso"}}},
            "soon",
            "n: 'soon' is not a time as ISO 8601 has it",
        ),
        ({"count": "n", "format": {"decimal": ",", "separator": ";"}}, "1.5", "n: '1.5' is not a number"),
    ],
)
def test_counts_and_context_of_a_wrong_kind_are_named(tmp_path, given, cell, wrong):
    between = given.get("format", {}).get("separator", ",")
    text = f"who,what,n\na,x,\nb,y,{cell}\n".replace(",", between)
    write_files(tmp_path, e__csv=text)
    _, bad, _ = read(shop(tmp_path / "e.csv", interactions=given))
    assert bad[-1] == f"{tmp_path}/e.csv, line 3, {wrong}"


def test_a_broken_line_of_json_is_named(tmp_path):
    write_files(tmp_path, e__jsonl=lines({"who": 1, "what": 2}) + "{broken\n[1]\n" + lines({"who": 3}))
    _, bad, _ = read(shop(tmp_path / "e.jsonl"))
    assert [row.split(": ", 1)[0] for row in bad] == [
        f"{tmp_path}/e.jsonl, line {line}, {field}" for line, field in [(2, "line"), (3, "line"), (4, "what")]
    ]
    assert "is no JSON: unexpected" in bad[0] or "is no JSON" in bad[0]
    assert bad[1].endswith("is no JSON object")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("e.csv", ROW.encode("utf-16"), "this is UTF-16, not a text file"),
        ("e.csv", ROW.encode("utf-16-le"), "this is UTF-16 or UTF-32, not UTF-8"),
        ("e.csv", bytes(range(256)), "this is a binary file, not text: byte 0 is 0x00"),
        ("e.csv", b"", "the file is empty"),
        ("e.csv", b"SQLite format 3\x00", "this is an SQLite database"),
        ("e.jsonl", ROW.encode("utf-16"), "this is UTF-16, not a text file"),
        ("e.parquet", b"PAR1 and no more", "not a whole Parquet file"),
    ],
)
def test_a_file_of_another_kind_is_named(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message) as error:
        read(shop(tmp_path / name, interactions=ALL))
    assert str(tmp_path / name) in error.value.message


def test_a_missing_column_is_said_with_those_that_are_there(tmp_path):
    write_files(tmp_path, e__csv=ROW, e__jsonl=lines({"user": 1, "what": 2}))
    with pytest.raises(DataError) as error:
        read(shop(tmp_path / "e.csv", interactions={**ALL, "user": "customer", "count": None}))
    assert error.value.message == (
        f"{tmp_path}/e.csv, line 1: no column 'customer'; its columns are 'who', 'what', 'stars', 'at'"
    )
    assert "data.interactions" in error.value.hint
    with pytest.raises(DataError, match=r"e.jsonl: no column 'who'; its columns are 'user', 'what'"):
        read(shop(tmp_path / "e.jsonl"))
    pq.write_table(pa.table({"who": [1]}), tmp_path / "e.parquet")
    with pytest.raises(DataError, match=r"e.parquet: no column 'what'; its columns are 'who'"):
        read(shop(tmp_path / "e.parquet"))
    write_files(tmp_path, items__csv="item_id,brand\nx,A\n")
    items = {"path": "items.csv", "features": {"price": {"type": "number", "column": "cost"}}}
    with pytest.raises(
        DataError, match=r"items.csv, line 1: no column 'cost'; its columns are 'item_id', 'brand'"
    ):
        catalog(shop(tmp_path, interactions={"path": "e.csv"}, items=items))
    with pytest.raises(
        DataError, match=r"4 fields between ',', and data.interactions.format.columns names 2"
    ):
        read(
            shop(tmp_path / "e.csv", interactions={"format": {"columns": ["who", "what"], "separator": ","}})
        )


@pytest.mark.parametrize(
    ("unit", "written", "message"),
    [
        ("s", "1300000000123", "at: '1300000000123' looks like milliseconds, and its unit is described as s"),
        ("ms", "1300000000", "at: '1300000000' looks like seconds, and its unit is described as ms"),
        ("iso", "1300000000", "at: '1300000000' looks like seconds, and its unit is described as iso"),
        ("us", "2024-01-01", "at: '2024-01-01' looks like ISO 8601, and its unit is described as us"),
        ("auto", "noon", "at: 'noon' is no time: neither a number nor ISO 8601"),
    ],
)
def test_times_of_another_unit_than_the_described_one_stop_the_run(tmp_path, unit, written, message):
    write_files(tmp_path, e__csv=f"who,what,at\na,x,{written}\n")
    with pytest.raises(DataError) as error:
        read(shop(tmp_path / "e.csv", interactions={"time": {"column": "at", "unit": unit}}))
    assert error.value.message == f"{tmp_path}/e.csv, {message}"


def test_items_and_users_that_are_wrong_are_named(tmp_path):
    write_files(
        tmp_path,
        e__csv="who,what\na,x\n",
        items__csv="item_id,price\nx,1\n,2\ny,dear\nnan,3\n",
        people__jsonl=lines({"user_id": "a", "age": 3}, {"user_id": None}) + "oops\n",
    )
    number = {"type": "number"}
    found = catalog(
        shop(
            tmp_path,
            interactions={"path": "e.csv"},
            items={"path": "items.csv", "features": {"price": number}},
            users={"path": "people.jsonl", "features": {"age": number}},
        )
    )
    said = [str(row).removeprefix(f"{tmp_path}/") for row in found.bad.samples]
    assert said[:4] == [
        "items.csv, line 3, item_id: '' is empty",
        "items.csv, line 4, price: 'dear' is not a number",
        "items.csv, line 5, item_id: 'nan' is NaN, which stands for a missing id",
        "people.jsonl, line 2, user_id: '' is empty",
    ]
    assert said[4].startswith("people.jsonl, line 3, line: 'oops' is no JSON")


def test_a_file_that_is_not_there_is_said_with_those_that_are(tmp_path):
    write_files(tmp_path, e__csv=ROW)
    with pytest.raises(
        DataError, match=rf"{tmp_path}/plays.tsv: no such file for data.interactions; .* holds e.csv"
    ):
        read(shop(tmp_path, interactions={"path": "plays.tsv"}))
    with pytest.raises(ConfigError, match=r"within data\.path"):
        shop(tmp_path, interactions={"path": "../e.csv"})
    (tmp_path / "e.csv.gz").write_bytes(b"\x1f\x8b and no more")
    with pytest.raises(DataError, match=r"e.csv.gz: not a whole compressed file"):
        read(shop(tmp_path / "e.csv.gz"), tmp_path / "cache")


def test_items_that_are_described_must_be_there(tmp_path):
    write_files(tmp_path, e__csv=ROW)
    with pytest.raises(DataError, match=r"items.csv: no such file for data.items"):
        catalog(shop(tmp_path, interactions={"path": "e.csv"}, items={"path": "items.csv"}))
