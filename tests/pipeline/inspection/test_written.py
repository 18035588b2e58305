"""What is written: a configuration that a run takes, and a schema that the data keeps."""

import importlib.util
from pathlib import Path

import pyarrow as pa
import pytest
import tfx  # noqa: F401 - it stands in for a module that tensorflow_data_validation still imports
import yaml
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

import tensorflow_data_validation as tfdv  # isort: skip
from tensorflow_data_validation.statistics import stats_impl  # isort: skip

from marquee.errors import DataError
from pipeline.config.load import load_config
from pipeline.inspection.inspect import inspect
from pipeline.inspection.propose import propose
from pipeline.inspection.writing.files import write_all
from pipeline.inspection.writing.rows import rows_as_read
from tests.pipeline.inspection.shops import interactions, shop, write


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("written")
    inspect(shop(folder / "shop"), folder / "Mine 1.yaml")
    return folder


def test_the_configuration_is_the_proposal(written):
    config = load_config(str(written / "Mine 1.yaml"))

    assert config.name == "mine-1"
    assert config.data.described == propose(written / "shop").described
    assert config.data.path == str(written / "shop")
    assert config.validate_.schema_name == str(written / "Mine 1.pbtxt")
    assert config.data.split.kind == "hash"


def test_reasons_are_comments(written):
    text = (written / "Mine 1.yaml").read_text()

    assert "# 40 users; by its name" in text
    assert "# lists, " in text
    assert "Please check: the events' weights are guesses" in " ".join(text.split())


def test_domains_and_ranges_are_in_the_schema(written):
    schema = text_format.Parse((written / "Mine 1.pbtxt").read_text(), schema_pb2.Schema())
    features = {feature.name: feature for feature in schema.feature}
    domains = {domain.name: list(domain.value) for domain in schema.string_domain}

    assert domains == {
        "event": ["view", "cart", "purchase"],
        "brand": ["a", "b"],
        "tags": ["gift", "new", "vegan"],
        "country": ["DE", "FR", "US"],
    }
    assert features["price"].float_domain.max >= 10 * 17
    assert features["price"].float_domain.min == 0
    assert features["product_title"].presence.min_fraction == 1
    assert features["tags"].presence.min_fraction < 0.67
    assert not features["customer_id"].HasField("int_domain")
    assert set(features) == {
        *("customer_id", "product_id", "product_title", "timestamp", "interaction", "event"),
        *("brand", "price", "tags", "country", "age"),
    }


def test_the_data_keeps_the_schema_and_other_data_does_not(written):
    schema = text_format.Parse((written / "Mine 1.pbtxt").read_text(), schema_pb2.Schema())
    rows = list(rows_as_read(propose(written / "shop")))

    assert not _anomalies(rows, schema)
    for row in rows:
        row["price"] = [100 * price for price in row["price"]]
        row["country"] = ["Atlantis"]
    assert set(_anomalies(rows, schema)) == {"price", "country"}


def _anomalies(rows, schema):
    types = {"interaction": pa.float32(), "price": pa.float32(), "age": pa.float32(), "timestamp": pa.int64()}
    columns = {
        name: pa.array([row[name] or None for row in rows], pa.list_(types.get(name, pa.string())))
        for name in rows[0]
    }
    statistics = stats_impl.generate_statistics_in_memory(
        pa.RecordBatch.from_pydict(columns), tfdv.StatsOptions()
    )
    return tfdv.validate_statistics(statistics, schema).anomaly_info


def test_stars_keep_their_scale(tmp_path):
    path = write(tmp_path / "data.csv", interactions(2_000), "user,item,rating,time")
    out = tmp_path / "mine.yaml"

    inspect(path, out)

    config = load_config(str(out))
    schema = text_format.Parse(out.with_suffix(".pbtxt").read_text(), schema_pb2.Schema())
    (rating,) = [feature for feature in schema.feature if feature.name == "user_rating"]
    assert (rating.float_domain.min, rating.float_domain.max) == (1, 5)
    assert config.data.interactions.rating.step == 1
    assert config.ranking.bless.bars["rmse"].max == pytest.approx(1.07)


def test_existing_files_are_kept_without_force(tmp_path):
    path = write(tmp_path / "data.csv", interactions(), "user,item,rating,time")
    out = tmp_path / "mine.yaml"
    out.with_suffix(".pbtxt").write_text("mine")

    with pytest.raises(DataError, match=r"mine\.pbtxt exists already"):
        inspect(path, out)
    assert not out.exists()

    inspect(path, out, force=True)
    assert out.exists()
    assert out.with_suffix(".pbtxt").read_text() != "mine"
    assert {each.name for each in tmp_path.iterdir()} == {"data.csv", "mine.yaml", "mine.pbtxt"}


def test_of_two_files_none_is_written_in_part(tmp_path):
    with pytest.raises(UnicodeEncodeError):
        write_all({tmp_path / "a": "good", tmp_path / "b": "\ud800"})

    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("out", "said"),
    [("mine.txt", "a configuration is a .yaml file"), ("nowhere/mine.yaml", "there is no folder")],
)
def test_a_place_that_cannot_be_written_is_said_before_anything_is_read(tmp_path, out, said):
    with pytest.raises(DataError, match=said):
        inspect(tmp_path / "unread", tmp_path / out)


def test_movielens_is_proposed_as_such(tmp_path):
    package = Path(importlib.util.find_spec("recbole").submodule_search_locations[0])
    rows = [
        line.split("\t")
        for line in (package / "dataset_example/ml-100k/ml-100k.inter").read_text().splitlines()
    ]
    write(
        tmp_path / "u.data", [[cell.removesuffix(".0") for cell in row] for row in rows[1:]], separator="\t"
    )
    for name in ("u.item", "u.user"):
        (tmp_path / name).write_text("1|a\n")
    out = tmp_path / "mine.yaml"

    found = inspect(tmp_path, out)

    config = load_config(str(out))
    assert (found.release.dataset, config.data.dataset, config.data.path) == (
        "ml-100k",
        "ml-100k",
        str(tmp_path),
    )
    assert config.validate_.schema_name == "demographics"
    assert config.name == "mine"
    assert found.written == (out,)
    assert (
        yaml.safe_load(out.read_text())["ranking"]
        == yaml.safe_load(Path("configs/ml-100k.yaml").read_text())["ranking"]
    )
