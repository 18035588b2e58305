"""Whatever bytes are given as ratings: an accepted parse or a DataError that can be printed, and no hang."""

from described_files import catalog, shop
from described_files import read as read_described
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.movielens_example_gen.files.one_file import read_one_file
from marquee.errors import ConfigError, DataError

HEADERS = st.sampled_from(
    [
        b"",
        b"user_id,movie_id,rating,timestamp\n",
        b'"user"\t"item"\t"stars"\n',
        b"uid;iid;rating;date\r\n",
        b"\x1f\x8b",
    ]
)
CELLS = st.one_of(
    st.sampled_from(
        [b"1", b"5.0", b'"', b'"a', b"nan", b"1e400", b"2024-01-01", b"9" * 30, b"", b"\xff", b"\r"]
    ),
    st.binary(max_size=5),
)
TABLES = st.lists(st.lists(CELLS, max_size=5).map(lambda row: b",".join(row)), max_size=8).map(b"\n".join)
SETTINGS = settings(
    max_examples=150, deadline=5_000, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@SETTINGS
@given(
    name=st.sampled_from(["ratings.csv", "mine.tsv", "ratings.csv.gz", "a.zip", "x.bin"]),
    header=HEADERS,
    body=st.one_of(TABLES, st.binary(max_size=200)),
)
def test_any_bytes_end_in_an_accepted_parse_or_a_data_error(tmp_path, name, header, body):
    _read(tmp_path / name, header + body)


@SETTINGS
@given(
    header=st.sampled_from([b"", b"movie_id,title,genres\n", b"id\tname\n"]),
    body=st.one_of(TABLES, st.binary()),
)
def test_any_bytes_beside_the_ratings_do_too(tmp_path, header, body):
    (tmp_path / "movies.csv").write_bytes(header + body)
    _read(tmp_path / "ratings.csv", b"user_id,movie_id,rating\n1,2,3\n")


def _read(path, content):
    path.write_bytes(content)
    try:
        parsed = read_one_file(path, path.parent / "cache")
    except DataError as error:
        said = str(error)
    else:
        assert parsed.rows >= 0
        said = "\n".join([*map(str, parsed.bad.samples), *parsed.notes])
    assert said.replace("\n", "").isprintable() or not any(
        ord(c) < 32 or 127 <= ord(c) < 160 for c in said if c != "\n"
    )


FORMATS = st.fixed_dictionaries(
    {
        "kind": st.sampled_from([None, "text", "jsonl", "json", "parquet", "sequences"]),
        "separator": st.sampled_from([None, ",", " ", "::"]),
        "columns": st.sampled_from([None, ["who", "what"], ["who", "what", "n"]]),
        "encoding": st.sampled_from(["utf-8", "latin-1", "cp1252"]),
    }
)
STARTS = [
    b"",
    b"who,what,n\n",
    b'{"who":1,"what":2,"n":3}\n',
    b"[",
    b"PAR1",
    b"\x28\xb5\x2f\xfd",
    b"\x1f\x8b",
]


@SETTINGS
@given(
    start=st.sampled_from(STARTS),
    body=st.one_of(TABLES, st.binary(max_size=200)),
    form=FORMATS,
    strength=st.sampled_from([{}, {"count": "n"}, {"rating": {"column": "n", "min": 0, "max": 5}}]),
    kind=st.sampled_from(["category", "categories", "number", "text", "time"]),
)
def test_any_bytes_do_however_they_are_described(tmp_path, start, body, form, strength, kind):
    (tmp_path / "e").write_bytes(start + body)
    features = {"features": {"x": {"type": kind, "column": "n"}}}
    try:
        given = {"format": form, **strength, **({} if strength else features)}
        config = shop(tmp_path / "e", interactions=given, items={"id": "what", "format": form, **features})
        _, bad, _ = read_described(config, tmp_path / "cache")
        said = "\n".join([*bad, *map(str, catalog(config, tmp_path / "cache").bad.samples)])
    except (ConfigError, DataError) as error:
        said = str(error)
    assert said.replace("\n", "").isprintable() or not any(
        ord(c) < 32 or 127 <= ord(c) < 160 for c in said if c != "\n"
    )
