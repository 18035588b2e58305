"""Described data: any format, any columns, any feedback, as one kind of rows, items and users."""

import datetime
import lzma
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from described_files import catalog, examples, lines, plain, read, shop, zipped
from movielens_files import write_files

from components.movielens_example_gen.reading.catalog import Item

ROWS = [("a", "x", 1.0, 10), ("a", "y", 2.5, 20), ("b", "x", 4.0, 30)]
CSV = "who,what,stars,at\n" + "".join(f"{u},{i},{s:g},{t}\n" for u, i, s, t in ROWS)
STARS = {"rating": {"column": "stars"}, "time": {"column": "at"}}


@pytest.mark.parametrize(
    ("text", "form"),
    [
        (CSV, {}),
        ("\ufeff" + CSV.replace("\n", "\r\n"), {}),
        (CSV.replace(",", "\t"), {}),
        (CSV.replace(",", "|"), {"separator": "|"}),
        (CSV.replace(",", " ~ "), {"separator": " ~ "}),
        (CSV.replace(",", "::").split("\n", 1)[1], {"columns": ["who", "what", "stars", "at"]}),
        ("  " + CSV.replace(",", "   ").replace("\n", "  \n"), {"separator": " "}),
        (CSV.replace(",", ";").replace(".", ","), {"decimal": ","}),
        (CSV.replace("a,x", '"a", x '), {}),
        (CSV.replace("a,", "a.0,").replace("a.0", "7.0"), {}),
    ],
)
def test_tables_of_text_read_the_same_whatever_stands_between_their_cells(tmp_path, text, form):
    write_files(tmp_path, mine__txt=text)
    rows, bad, _ = read(shop(tmp_path / "mine.txt", interactions={**STARS, "format": form}))
    users = {"a": "7"} if "7.0" in text else {}
    assert plain(rows) == [(users.get(u, u), *rest) for u, *rest in ROWS]
    assert bad == []


def test_json_lines_and_parquet_read_like_a_table(tmp_path):
    objects = [dict(zip(("who", "what", "stars", "at"), row, strict=True)) for row in ROWS]
    write_files(tmp_path, a__jsonl=lines(*objects) + "\n", b__json=str(objects).replace("'", '"'))
    pq.write_table(pa.Table.from_pylist(objects), tmp_path / "c.parquet", row_group_size=2)
    for name in ("a.jsonl", "b.json", "c.parquet"):
        rows, bad, _ = read(shop(tmp_path / name, interactions=STARS), tmp_path / "cache")
        assert plain(rows) == ROWS
        assert bad == []
    rows, _, _ = read(shop(tmp_path / "c.parquet", interactions=STARS, shards=2))
    assert plain(rows) == ROWS


def test_parquet_with_its_own_times_nulls_and_categories(tmp_path):
    noon = datetime.datetime(2024, 5, 1, 12, tzinfo=datetime.UTC)
    table = pa.table(
        {
            "who": pa.array([1, 2, None], pa.int64()),
            "what": pa.array(["x", "y", "x"]).dictionary_encode(),
            "at": pa.array([noon, noon, noon], pa.timestamp("ms", "Europe/Berlin")),
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")
    rows, bad, _ = read(shop(tmp_path / "a.parquet", interactions={"time": {"column": "at"}}))
    second = int(noon.timestamp())
    assert plain(rows) == [("1", "x", 1.0, second), ("2", "y", 1.0, second)]
    assert bad == [f"{tmp_path}/a.parquet, line 3, who: '' is empty"]


def test_the_place_in_a_sequence_is_the_time(tmp_path):
    write_files(tmp_path, s__txt="7 x y  x\n\n8.0 z\n9\n")
    config = shop(tmp_path / "s.txt", interactions={"format": {"kind": "sequences"}}, shards=9)
    rows, bad, _ = read(config)
    assert plain(rows) == [("7", "x", 1, 0), ("7", "y", 1, 1), ("7", "x", 1, 2), ("8", "z", 1, 0)]
    assert bad == []


def test_counts_and_events_say_what_an_interaction_is_worth(tmp_path):
    write_files(tmp_path, plays__csv="who,what,n\na,x,352698\na,y,1\n", one__csv="who,what\na,x\n")
    rows, _, _ = read(shop(tmp_path / "plays.csv", interactions={"count": "n"}))
    assert [row["rating"] for row in rows] == [352698.0, 1.0]
    assert [row["rating"] for row in read(shop(tmp_path / "one.csv"))[0]] == [1.0]
    write_files(tmp_path, e__csv="who,what,event\na,x,view\na,y, buy\nb,x,hover\nb,y,\nb,z,view\n")
    weights = {"view": 1, "buy": 5}
    event = {"weights": weights, "others": "skip"}
    rows, bad, skipped = read(shop(tmp_path / "e.csv", interactions={"event": event}))
    assert [(row["movie"], row["rating"]) for row in rows] == [("x", 1.0), ("y", 5.0), ("z", 1.0)]
    assert [row["event_type"] for row in rows] == ["view", "buy", "view"]
    assert (bad, skipped) == ([], {"hover": 1, "": 1})
    rows, bad, skipped = read(shop(tmp_path / "e.csv", interactions={"event": {"weights": weights}}))
    assert bad == [
        f"{tmp_path}/e.csv, line 4, event: 'hover' is none of the described event types (view, buy)",
        f"{tmp_path}/e.csv, line 5, event: '' is none of the described event types (view, buy)",
    ]
    assert [row["event_type"] for row in rows] == ["view", "buy", "view"]  # read row by row
    one = {"weights": {"view": 1}, "others": "skip"}  # of one type there is nothing to tell
    rows, _, _ = read(shop(tmp_path / "e.csv", interactions={"event": one}))
    assert [row.get("event_type") for row in rows] == [None, None]


@pytest.mark.parametrize(
    ("unit", "written"),
    [
        ("s", "1300000000"),
        ("ms", "1300000000123"),
        ("us", "1300000000123456"),
        ("ns", "1300000000123456789"),
        ("iso", "2011-03-13T07:06:40Z"),
    ],
)
@pytest.mark.parametrize("said", ["auto", None])
def test_times_in_any_unit(tmp_path, unit, written, said):
    write_files(tmp_path, a__csv=f"who,what,at\na,x,{written}\n")
    rows, bad, _ = read(shop(tmp_path, interactions={"time": {"column": "at", "unit": said or unit}}))
    assert plain(rows) == [("a", "x", 1.0, 1_300_000_000)]
    assert bad == []


FEATURES = {
    "brand": {"type": "category", "none": ["?"]},
    "tags": {"type": "categories", "separator": ";", "none": ["misc"]},
    "price": {"type": "number", "pattern": r"\$([\d.]+)"},
    "about": {"type": "text"},
    "image": {"type": "vector", "length": 2, "separator": ";"},
    "since": {"type": "time", "column": "released", "unit": "iso"},
}
ITEMS = """item_id,name,brand,tags,price,about,image,released
x,Lamp,Acme,home;misc;light,$9.50,"A lamp, bright",0.5;1,1970-01-02
y,,?,,free,,,
x2.0,Other,B,,$1,,1;2,1970-01-01
"""
USERS = "id\tage\tland\na\t33\tDE\nb\t\t\n"


def test_items_and_users_with_features_of_every_type(tmp_path):
    write_files(tmp_path, e__csv="who,what\na,x\nb,y\nc,z\n", items__csv=ITEMS, people__tsv=USERS)
    land = {"type": "category", "name": "country"}
    config = shop(
        tmp_path,
        interactions={"path": "e.csv"},
        items={"path": "items.csv", "title": "name", "features": FEATURES},
        users={"path": "people.tsv", "id": "id", "features": {"age": {"type": "number"}, "land": land}},
    )
    found = catalog(config)
    assert found.items["x"] == Item(
        "Lamp",
        {
            "brand": "Acme", "tags": ("home", "light"), "price": 9.5, "about": "A lamp, bright",
            "image": (0.5, 1.0), "since": 86400,
        },
    )  # fmt: skip
    assert found.items["y"] == Item("y")
    assert found.users == {"a": {"age": 33.0, "land": "DE"}, "b": {}}
    first, second, third = examples(config)
    assert first == {
        "user_id": [b"a"], "age": [33.0], "country": [b"DE"], "item_id": [b"x"], "item_title": [b"Lamp"],
        "brand": [b"Acme"], "tags": [b"home", b"light"], "price": [9.5], "about": [b"A lamp, bright"],
        "image": [0.5, 1.0], "since": [86400], "interaction": [1.0], "timestamp": [0],
    }  # fmt: skip
    nothing = {name: [] for name in ("brand", "tags", "price", "about", "image", "since", "age", "country")}
    implicit = {"interaction": [1.0], "timestamp": [0]}
    assert second == {"user_id": [b"b"], "item_id": [b"y"], "item_title": [b"y"], **nothing, **implicit}
    assert third == {"user_id": [b"c"], "item_id": [b"z"], "item_title": [b"z"], **nothing, **implicit}


def test_items_in_json_by_id_in_json_lines_and_in_parquet(tmp_path):
    objects = [{"item_id": 1, "tags": ["a;b", "c"], "v": [1, 2]}, {"item_id": 2, "tags": [], "v": None}]
    write_files(
        tmp_path,
        e__csv="who,what\na,1\n",
        by_id__json='{"1": ["a;b", "c"], "2": []}',
        objects__json='{"1": {"tags": ["a;b", "c"]}, "2": {}}',
        rows__jsonl=lines(*objects),
    )
    pq.write_table(pa.Table.from_pylist(objects), tmp_path / "rows.parquet")
    tags = {"type": "categories", "separator": ";"}
    for name, column in [("by_id.json", "value"), ("objects.json", "tags"), ("rows.jsonl", "tags")]:
        items = {"path": name, "features": {"tags": {**tags, "column": column}}}
        found = catalog(shop(tmp_path, interactions={"path": "e.csv"}, items=items))
        assert found.items == {"1": Item("1", {"tags": ("a;b", "c")}), "2": Item("2")}, name
        assert found.bad.count == 0
    features = {"tags": tags, "v": {"type": "vector", "length": 2}}
    items = {"path": "rows.parquet", "features": features}
    found = catalog(shop(tmp_path, interactions={"path": "e.csv"}, items=items))
    assert found.items == {"1": Item("1", {"tags": ("a;b", "c"), "v": (1.0, 2.0)}), "2": Item("2")}


def test_context_is_of_each_row(tmp_path):
    text = 'who,what,device,n,w,seen,tags\na,x,tv,3,"1 2",2024-01-01,p|q\na,x,,,,,\n'
    write_files(tmp_path, e__csv=text)
    features = {
        "device": {"type": "category"},
        "n": {"type": "number"},
        "w": {"type": "vector", "length": 2},
        "seen": {"type": "time"},
        "tags": {"type": "categories"},
    }
    first, second = examples(shop(tmp_path / "e.csv", interactions={"features": features}))
    assert [first[name] for name in features] == [[b"tv"], [3.0], [1.0, 2.0], [1704067200], [b"p", b"q"]]
    assert [second[name] for name in features] == [[], [], [], [], []]
    assert second["user_id"] == [b"a"]


def test_shards_by_pattern_a_folder_and_archives_with_a_folder_around(tmp_path):
    head, *rows = CSV.splitlines(True)
    parts = {f"part-{place}.csv": head + row for place, row in enumerate(rows)}
    for name, text in parts.items():
        (tmp_path / "in" / "events").mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / "events" / name).write_text(text)
    (tmp_path / "in" / "README.txt").write_text("Read me.")
    (tmp_path / "in" / "events" / "_SUCCESS").write_text("")
    for path in ("events/*.csv", "events"):
        config = shop(tmp_path / "in", interactions={**STARS, "path": path})
        assert plain(read(config)[0]) == ROWS
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("__MACOSX/outer/._part-0.csv", "junk")
        archive.writestr("LICENSE", "All yours.")
        for name, text in parts.items():
            archive.writestr(f"outer/events/{name}.gz", zipped(text))
    config = shop(tmp_path / "a.zip", interactions={**STARS, "path": "events/*.csv.gz"})
    assert plain(read(config, tmp_path / "cache")[0]) == ROWS


def packed(kind, text):
    if kind == "gz":
        return zipped(text)
    if kind == "xz":
        return lzma.compress(text.encode())
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, {"zst": "zstd", "bz2": "bz2"}[kind]) as stream:
        stream.write(text.encode())
    return sink.getvalue().to_pybytes()


@pytest.mark.parametrize("kind", ["gz", "zst", "bz2", "xz"])
def test_what_is_compressed_is_unpacked_once_and_named_by_its_own_name(tmp_path, kind):
    file = tmp_path / f"e.csv.{kind}"
    file.write_bytes(packed(kind, CSV + "c,x,bad,1\n"))
    config = shop(file, interactions=STARS)
    for _ in range(2):
        rows, bad, _ = read(config, tmp_path / "cache")
        assert plain(rows) == ROWS
        assert bad == [f"{file}, line 5, stars: 'bad' is not a number"]
    assert len(list((tmp_path / "cache").iterdir())) == 1
    file.write_bytes(packed(kind, CSV))
    assert read(config, tmp_path / "cache")[1] == []


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252"])
def test_text_of_before_utf_8(tmp_path, encoding):
    (tmp_path / "e.csv").write_bytes("who,what,größe\né,Zoë,ü\n".encode(encoding))
    features = {"size": {"type": "category", "column": "größe"}}
    rows, bad, _ = read(
        shop(tmp_path / "e.csv", interactions={"format": {"encoding": encoding}, "features": features})
    )
    assert [(row["user"], row["movie"], row["size"]) for row in rows] == [("é", "Zoë", "ü")]
    assert bad == []
