"""Models of a data set with names of its own, from the export to what clients and bulk runs are answered."""

import json
from dataclasses import replace

import pyarrow.parquet as pq
import pytest

from serving.bulk.bulk import BulkRequest, bulk
from serving.client import RestClient
from serving.client.recommendations import ask_for_fan, ask_for_user
from serving.contract import departures
from serving.data_words import description_of
from serving.names import Names as ServedNames
from serving.server.config import ServerConfig
from serving.server.model import LoadedModel
from serving.server.server import EmbeddedServer
from tests.trainer import implicit
from trainer.data.description import Description
from trainer.data.names import Names
from trainer.export.answers import write_answers
from trainer.export.ranking import export_ranking
from trainer.export.recommender import assemble
from trainer.export.retrieval import export_retrieval
from trainer.export.saved_model import SavedModel
from trainer.export.tower import export_tower
from trainer.export.trained_answers import trained_answers
from trainer.export.verify import verify_export
from trainer.training.ranking import RankingSettings, train_ranking
from trainer.training.retrieval import RetrievalSettings, train_retrieval

NAMES = Names(
    user="listener_id", item="artist_id", title="artist_name", rating="interaction", time="at", words="tags"
)
SERVED = ServedNames("listener_id", "artist_id", "artist_name", "interaction", "tags")


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """The folder of three models, `<name>/1`, and the trained ranking model."""
    data = implicit.data(Description(feedback="implicit", strength="count", names=NAMES))
    folder, loop = tmp_path_factory.mktemp("named") / "models", {"epochs": 1, "batch_size": 512}
    settings = {"model": {"kind": "mf", "dim": 4, "members": 1}, "train": loop}
    ranking = train_ranking(RankingSettings.of(settings, None), data).model
    settings = {"model": {"kind": "two_tower", "dim": 8}, "train": loop}
    retrieval = train_retrieval(RetrievalSettings.of(settings, None), data).model
    paths = {name: folder / name / "1" for name in ("ranking", "retrieval", "recommender")}
    export_ranking(ranking, str(paths["ranking"]))
    answers, _ = export_retrieval(retrieval, str(paths["retrieval"]), "exact")
    assert verify_export(str(paths["retrieval"]), answers) < 1e-4
    together = assemble(paths["ranking"], paths["retrieval"], paths["recommender"], candidates=30)
    assert verify_export(str(paths["recommender"]), together) < 1e-4
    export_tower(retrieval, "item", str(folder.parent / "tower"))
    return folder, ranking


def test_signatures_have_the_data_sets_names_and_no_others(models):
    folder, _ = models
    for name in ("ranking", "retrieval", "recommender"):
        path = folder / name / "1"
        signatures = LoadedModel(path).signatures
        assert departures(name, signatures, SERVED) == []
        assert ServedNames.of(description_of(path)) == SERVED
        tensors = {tensor for each in signatures.values() for tensor in (*each.inputs, *each.outputs)}
        assert not {tensor for tensor in tensors if tensor.startswith(("movie_", "user_"))}
        assert not [each for each in signatures if each.endswith("of_user")]  # users have no features here
        assert ("item_vector" in signatures, "movie_vector" in signatures) == (name == "retrieval", False)
    assert [*LoadedModel(folder.parent / "tower").signatures["serving_default"].inputs] == ["artist_id"]


def test_every_signature_is_the_trained_model_under_the_keys_of_code(models):
    folder, ranking = models
    path, answers = str(folder / "ranking" / "1"), trained_answers(ranking, pairs=5)
    assert verify_export(path, answers) < 1e-5
    write_answers(path, answers)
    written = json.loads((folder / "ranking" / "1" / "assets.extra" / "trained_answers.json").read_text())
    by_id = next(each for each in written if each["signature_name"] == "rate_ids")
    assert sorted(by_id["inputs"]) == ["artist_id", "listener_id"]
    assert [*by_id["outputs"]] == ["interaction"]


def test_examples_of_its_own_names_are_rated(models, example):
    folder, _ = models
    with SavedModel(str(folder / "ranking" / "1")) as model:
        rated = model.ask("rate_ids", user_id=["u3"], movie_id=["m1"])["user_rating"]
        nobody = model.ask("rate_ids", user_id=["nobody"], movie_id=["nothing"])["user_rating"]
        own = example(listener_id="u3", artist_id="m1", at=10**9)
        others = example(user_id="u3", movie_id="m1", timestamp=10**9)
        found = model.ask("serving_examples", examples=[own, others])["user_rating"]
    assert found == pytest.approx([rated[0], nobody[0]], abs=1e-5)
    assert rated[0] != nobody[0]


def test_clients_ask_and_answer_in_its_names(models):
    folder, _ = models
    with (
        EmbeddedServer(folder, ServerConfig(rest_port=0, grpc_port=0)) as server,
        RestClient(server.rest_url) as client,
    ):
        told = client.names("recommender")
        answer = ask_for_user(client, "u3", 3, seen=False)
        by_title = ask_for_fan(client, ["Artist 1"], 3)
        by_id = ask_for_fan(client, ["m1=2"], 3)
        raw = client.predict("recommender", {"listener_id": ["u3"]})
    assert told == replace(SERVED, words="movie_genres")  # only the retrieval model has words
    assert answer.names == SERVED
    assert sorted(raw) == ["artist_id", "artist_name", "interaction", "score"]
    assert [item.movie_id for item in answer.items] == raw["artist_id"][0, :3].tolist()
    plain = answer.items[0].named(SERVED)
    assert plain["artist_id"] == raw["artist_id"][0, 0]
    assert plain["interaction"] == pytest.approx(raw["interaction"][0, 0])
    assert set(plain) == {
        *("rank", "artist_id", "artist_name", "tags", "interaction", "score", "because", "ratings")
    }
    assert len(by_title.items) == len(by_id.items) == 3
    assert not answer.stranger


def test_a_bulk_run_writes_its_names(models, tmp_path):
    folder, _ = models
    bulk(folder / "recommender" / "1", tmp_path / "all", BulkRequest(k=2, format="both"))
    table = pq.read_table(tmp_path / "all" / "parquet")
    assert table.column_names == ["listener_id", "rank", "artist_id", "artist_name", "interaction", "score"]
    assert table.num_rows == 240
