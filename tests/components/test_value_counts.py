"""Counts of values that are added up in parts."""

import pickle

import pyarrow as pa

from components import value_counts as module
from components.value_counts import ValueCounts, most_frequent


def counted(*parts):
    counts = ValueCounts()
    for part in parts:
        counts.add(pa.array(part, pa.large_binary()))
    return counts


def as_dict(table):
    return dict(zip(table["value"].to_pylist(), table["count"].to_pylist(), strict=True))


def test_parts_are_added_up():
    assert as_dict(counted([b"a", b"b", b"a"], [b"a", b""]).table()) == {b"a": 3, b"b": 1, b"": 1}


def test_counts_that_are_summed_in_between_are_the_same(monkeypatch):
    monkeypatch.setattr(module, "_PENDING", 1)

    assert as_dict(counted(*[[b"a", b"%d" % (n % 3)] for n in range(30)]).table()) == {
        b"a": 30, b"0": 10, b"1": 10, b"2": 10,
    }  # fmt: skip


def test_counts_of_several_workers_are_merged():
    there = pickle.loads(pickle.dumps(counted([b"a", b"c"])))
    here = counted([b"a"])
    here.merge([there, ValueCounts()])

    assert as_dict(here.table()) == {b"a": 2, b"c": 1}


def test_the_most_frequent_come_first_and_of_ties_the_greatest_bytes():
    counts = counted([b"b", b"a", "ä".encode(), b"a", b"B", b"b"])

    assert most_frequent(counts.table())["value"].to_pylist() == [b"b", b"a", "ä".encode(), b"B"]
    assert most_frequent(counts.table(), 2)["value"].to_pylist() == [b"b", b"a"]


def test_nothing_is_counted_of_nothing():
    assert counted().table().num_rows == counted([]).table().num_rows == 0
