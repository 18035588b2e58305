"""Formats are recognised from the first bytes of a file."""

import bz2
import gzip
import json
import lzma

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from marquee.errors import DataError
from pipeline.inspection.looking.files import DataFile, find_files
from pipeline.inspection.looking.formats import has_header, recognise_format
from pipeline.inspection.looking.tables import read_table
from tests.pipeline.inspection.shops import interactions, write


def _table(path):
    return read_table(DataFile(None, (path,)))


@pytest.mark.parametrize("separator", [",", "\t", ";", "|", "::", " "])
@pytest.mark.parametrize("header", [True, False])
def test_a_separator_and_a_header_are_recognised(tmp_path, separator, header):
    names = separator.join(("user_id", "item_id", "rating", "timestamp")) if header else ""
    path = write(tmp_path / "data", interactions(), names, separator)

    found = recognise_format(path)

    assert (found.format.kind, found.format.separator, found.format.header) == ("text", separator, header)
    assert found.columns == (("user_id", "item_id", "rating", "timestamp") if header else None)
    assert not found.doubts


_WORD = st.text("abcdefghij", min_size=1, max_size=8)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    separator=st.sampled_from([",", "\t", ";", "|", "::"]),
    rows=st.lists(st.tuples(_WORD, _WORD, st.integers(0, 99), _WORD), min_size=3, max_size=40),
)
def test_whatever_is_written_with_a_header_comes_back(tmp_path, separator, rows):
    path = write(tmp_path / "data.txt", rows, separator.join(("user", "item", "plays", "device")), separator)

    table = _table(path)

    assert list(table.columns) == ["user", "item", "plays", "device"]
    assert list(zip(*table.columns.values(), strict=True)) == [tuple(map(str, row)) for row in rows]
    assert (table.whole, table.total) == (True, len(rows))


def test_decimal_commas(tmp_path):
    path = write(
        tmp_path / "data.csv", [("a", "b", "2,5"), ("a", "c", "3"), ("b", "c", "4,0")], "user;item;stars", ";"
    )

    table = _table(path)

    assert (table.format.separator, table.format.decimal) == (";", ",")
    assert table.profiles["stars"].numbers.tolist() == [2.5, 3, 4]


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("gzip", gzip.compress),
        ("bzip2", bz2.compress),
        ("xz", lzma.compress),
        ("zstd", lambda data: pa.compress(data, "zstd", asbytes=True)),
    ],
)
def test_packed_files_are_read_as_they_are(tmp_path, name, pack):
    path = write(tmp_path / "data", interactions(), "user,item,rating,time")
    packed = tmp_path / "packed"
    packed.write_bytes(pack(path.read_bytes()))

    table = _table(packed)

    assert table.columns == _table(path).columns
    assert name in table.recognised.how


def test_json_lines_parquet_and_entries_by_id(tmp_path):
    rows = [{"user": "a", "item": 7, "tags": ["x", "y"]}, {"user": "b", "item": 8, "rating": 4}]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "b.parquet")
    (tmp_path / "c.json").write_text(json.dumps({"7": ["x"], "8": ["y", "z"]}))
    (tmp_path / "d.json").write_text(json.dumps({"7": {"brand": "x"}, "8": {"brand": "y"}}))
    (tmp_path / "e.json").write_text(json.dumps(rows))

    lines, parquet, entries, objects, document = (_table(path) for path in sorted(tmp_path.iterdir()))

    assert lines.columns["rating"] == [None, 4]
    assert (lines.format.kind, parquet.format.kind) == ("jsonl", "parquet")
    assert parquet.columns["tags"] == [["x", "y"], None]
    assert (entries.format.kind, entries.columns) == (
        "json",
        {"item_id": ["7", "8"], "value": [["x"], ["y", "z"]]},
    )
    assert objects.columns == {"item_id": ["7", "8"], "brand": ["x", "y"]}
    assert document.columns == lines.columns


def test_sequences_are_a_user_and_any_number_of_items(tmp_path):
    path = tmp_path / "sequences.txt"
    path.write_text("1 5 6 7\n2 8 9\n3 5 6 7 8 9 10 11\n4 1 2\n")

    table = _table(path)

    assert table.format.kind == "sequences"
    assert table.columns["user_id"][:4] == ["1", "1", "1", "2"]
    assert table.columns["item_id"][:4] == ["5", "6", "7", "8"]
    assert table.rows == 14


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([["user", "item"], ["a", "b"], ["c", "d"]], (True, False)),
        ([["1", "2"], ["3", "4"]], (False, False)),
        ([["who", "what", "n"], ["a", "b", "1"], ["c", "d", "2"]], (True, False)),
        ([["ann", "soap"], ["ann", "towel"], ["bob", "soap"]], (False, False)),
        ([["who", "what"], ["ann", "towel"], ["bob", "soap"]], (True, True)),
        ([["2024-01-01", "a"], ["2024-01-02", "b"]], (False, False)),
    ],
)
def test_a_header_is_told_from_a_row(rows, expected):
    assert has_header(rows) == expected


def test_latin_1_is_read_and_said(tmp_path):
    path = tmp_path / "data.csv"
    path.write_bytes("user,item,title\n1,2,Café\n1,3,Bar\n".encode("latin-1"))

    found = recognise_format(path)

    assert found.format.encoding == "latin-1"
    assert "not UTF-8" in found.doubts[0]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty"),
        (b"<html><body>no</body></html>", "a web page"),
        (b"\x00\x01\x02binary\x00", "binary"),
        ("user,item\n1,2\n".encode("utf-16"), "UTF-16"),
        (b"A text about nothing.\nIt has several lines, and none is a row.\nThe end.\n", "no table"),
        (b'{"user": 1}\nnot json\n', "line 2"),
        (b"user,item\n", "no row"),
    ],
)
def test_what_is_no_table_is_one_clear_error(tmp_path, content, said):
    path = tmp_path / "data.csv"
    path.write_bytes(content)

    with pytest.raises(DataError, match=said) as error:
        _table(path)
    assert str(path) in str(error.value)


def test_shards_are_one_table_and_junk_is_none(tmp_path):
    rows = interactions(30)
    for shard in range(3):
        write(tmp_path / f"part-{shard}.csv", rows[10 * shard : 10 * shard + 10], "user,item,rating,time")
    (tmp_path / "README.md").write_text("# nothing")
    (tmp_path / ".DS_Store").write_text("nothing")

    (file,) = find_files(tmp_path, tmp_path)

    assert file.within == "part-*.csv"
    assert read_table(file).rows == 30


def test_a_large_file_is_read_in_part_and_its_rows_are_estimated(tmp_path, monkeypatch):
    monkeypatch.setattr("pipeline.inspection.looking.tables.ROWS", 5_000)
    monkeypatch.setattr("pipeline.inspection.looking.tables.BYTES", 1_000)
    path = write(tmp_path / "data.csv", interactions(40_000), "user,item,rating,time")

    table = _table(path)

    assert not table.whole
    assert 5_000 <= table.rows < 15_000
    assert 30_000 < table.total < 50_000
