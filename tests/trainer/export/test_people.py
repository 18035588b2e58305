"""Exported models that know people by a history and by what they say of themselves."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from serving.client import GrpcClient, RestClient
from serving.client.recommendations import ask_for_fan
from serving.client.user_features import known_user_features
from serving.contract import departures
from serving.errors import ServingError
from serving.server.config import ServerConfig
from serving.server.server import EmbeddedServer
from tests.trainer import people
from trainer.export.given.features import GivenFeatures, input_name
from trainer.export.ranking import RankingServer, export_ranking
from trainer.export.recommender import assemble
from trainer.export.retrieval import export_retrieval
from trainer.export.trained_answers import trained_answers
from trainer.export.verify import verify_export
from trainer.models.ranking.registry import model_class
from trainer.training.ranking import RankingSettings, train_ranking
from trainer.training.retrieval import RetrievalSettings, train_retrieval

NAMES = people.NAMES
LOOP = {"epochs": 6, "batch_size": 512, "patience": 0, "learning_rate": 0.05}
NONE = np.iinfo(np.int64).min
FLOATS = {"age_in_years", "user_weight", "face", "weight"}
NOTHING = {
    "country": [""],
    "city": [""],
    "age_in_years": [np.nan],
    "user_weight": [np.nan],
    "joined": [NONE],
    "hobbies": [[""]],
    "about": [""],
    "face": [[0.0, 0.0, 0.0]],
}
NORTH = {"country": ["NO"], "city": ["Bergen"], "hobbies": [["chess", "skiing"]], "about": ["cold"]}
SOUTH = {"country": ["IT"], "city": ["Rome"], "hobbies": [["opera", ""]], "about": ["Sun, sea!"]}
OTHERS = {"age_in_years": [70.0], "user_weight": [50.0], "joined": [10**9], "face": [[9.0, 0.0, -9.0]]}
CROSSES = [["country", "movie_id"], ["age", "movie_id"]]
BY_FEATURES = {
    "dcn": {"dim": 4, "hidden": [8], "dense": "all"},
    "wide_deep": {"dim": 4, "hidden": [8], "bins": 500, "crosses": CROSSES},
    "mlp": {"dim": 4, "hidden": [64], "features": "all"},
}
ARTISTS = [f"m{item}" for item in range(30)]
EVEN = np.arange(30) % 2 == 0  # those of the north


@pytest.fixture(scope="module")
def data():
    return people.data(people.DESCRIPTION.named(NAMES))


@pytest.fixture(scope="module")
def models(data, tmp_path_factory):
    """The folder of three models, `<name>/1`, and the answers of each trained one, by name."""
    folder = tmp_path_factory.mktemp("people")
    paths = {name: folder / name / "1" for name in ("ranking", "retrieval", "recommender")}
    ranking = trained_ranking(data, kind="mf", dim=4, members=2)
    export_ranking(ranking, str(paths["ranking"]))
    settings = {"model": {"kind": "two_tower", "dim": 8}, "train": LOOP}
    retrieval = train_retrieval(RetrievalSettings.of(settings, None), data).model
    answers = {"ranking": trained_answers(ranking, pairs=24)}
    answers["retrieval"], _ = export_retrieval(retrieval, str(paths["retrieval"]), "exact")
    answers["recommender"] = assemble(*paths.values(), candidates=30)
    return SimpleNamespace(folder=folder, paths=paths, answers=answers)


@pytest.fixture(scope="module")
def call(models):
    """Calls a signature of the exported models; features that are left out are not given."""
    loaded = {name: tf.saved_model.load(str(path)).signatures for name, path in models.paths.items()}

    def call(model, signature, **inputs):
        return answered(loaded[model][signature], inputs)

    return call


def answered(signature, inputs):
    features = NOTHING if "country" in signature.structured_input_signature[1] else {}
    outputs = signature(**{name: tensor(name, value) for name, value in {**features, **inputs}.items()})
    return {name: column.numpy() for name, column in outputs.items()}


def tensor(name, value):
    kind = tf.float32 if name in FLOATS else tf.int64 if name == "joined" else None
    return tf.constant(value, kind)


def trained_ranking(data, **model):
    return train_ranking(RankingSettings.of({"model": model, "train": LOOP}, None), data).model


def drawn(data, **model):
    """A model whose weights are drawn at random: training would say no more of how features reach them."""
    config = RankingSettings.of({"model": model}, None).model
    labels = {"stars": np.array([0.0, 1.0], np.float32), "star_share": np.array([0.5, 0.5])}
    made = model_class(config)(config, replace(data.catalogue, **labels))
    made({"user_id": tf.constant([1]), "movie_id": tf.constant([1])})
    random = np.random.default_rng(3)
    for weight in made.trainable_weights:
        weight.assign(random.normal(0, 0.2, weight.shape))
    return made


@pytest.mark.parametrize("model", ["ranking", "retrieval", "recommender"])
def test_people_are_answered_in_a_v1_session_as_by_the_trained_models(models, model):
    of_people = [each for each in models.answers[model] if each.signature.endswith("of_user")]
    assert len(of_people) == 1
    assert set(NOTHING) < set(of_people[0].inputs)
    assert verify_export(str(models.paths[model]), of_people) < 1e-5


def test_a_rating_depends_on_what_somebody_says(call):
    asked = {"artist_id": [ARTISTS], "history_id": [["m1", "m5"]], "weight": [[1.0, 2.0]]}

    def chances(**features):
        return call("ranking", "rate_ids_for_history_of_user", **asked, **features)["interaction"][0]

    by_history = call("ranking", "rate_ids_for_history", **asked)["interaction"][0]
    np.testing.assert_allclose(chances(), by_history, atol=1e-6)
    np.testing.assert_allclose(chances(country=["XX"], hobbies=[["golf", ""]]), by_history, atol=1e-6)
    lead = chances(**NORTH) - chances(**SOUTH)
    assert lead[EVEN].mean() > 0.01 > -0.01 > lead[~EVEN].mean()
    for name, value in OTHERS.items():
        assert np.abs(chances(**{name: value}) - by_history).max() > 1e-5, name


@pytest.mark.parametrize("kind", BY_FEATURES)
def test_a_kind_that_knows_no_histories_rates_by_what_somebody_says(kind, data):
    model = drawn(data, kind=kind, head="chance", **BY_FEATURES[kind])
    served = RankingServer(model)

    def chances(artists, **features):
        given = [tensor(name, features.get(name, NOTHING[name])) for name in served.given.inputs]
        return served.rate_ids_of_user(tf.constant(artists), *given)["user_rating"].numpy()

    nobody = served.rate_ids(tf.constant(["nobody"] * 30), tf.constant(ARTISTS))["user_rating"]
    np.testing.assert_allclose(chances([ARTISTS])[0], nobody, atol=1e-6)
    for name, value in {**NORTH, **OTHERS}.items():
        assert np.abs(chances([ARTISTS], **{name: value})[0] - nobody).max() > 1e-3, name
    # The answer that exports are verified with: people with the features of users of train, by its tables.
    answer = next(each for each in trained_answers(model, pairs=9) if each.signature == "rate_ids_of_user")
    inputs = {name: [*value] for name, value in answer.inputs.items()}
    got = chances(inputs.pop("movie_id"), **inputs)
    np.testing.assert_allclose(got, answer.outputs["user_rating"], atol=1e-6)


def test_what_is_retrieved_depends_on_what_somebody_says(call):
    def scores(history, weight, **features):
        brought = {"artist_id": [history], "weight": [weight], "k": 60}
        found = call("retrieval", "candidates_for_history_of_user", **brought, **features)
        ids = [name.decode() for name in found["artist_id"][0]]
        return dict(zip(ids, found["score"][0].tolist(), strict=True))

    liked = ["m2", "m4"]
    found = call("retrieval", "candidates_for_history", artist_id=[liked], weight=[[1.0, 1.0]], k=60)
    plain = zip(found["artist_id"][0], found["score"][0].tolist(), strict=True)
    assert scores(liked, [1.0, 1.0]) == pytest.approx(
        {name.decode(): score for name, score in plain}, abs=1e-5
    )

    north, south = (scores([""], [0.0], **said) for said in (NORTH, SOUTH))
    lead = {name: north[name] - south[name] for name in north}
    assert np.mean([lead[name] for name in ARTISTS[::2]]) > 0.1
    assert np.mean([lead[name] for name in ARTISTS[1::2]]) < -0.1
    # Beside a history of n artists that count alike, features count 1 / n of what they count alone.
    north, south = (scores(liked, [1.0, 1.0], **said) for said in (NORTH, SOUTH))
    for name in north:
        assert north[name] - south[name] == pytest.approx(lead[name] / 2, abs=1e-4)


def test_both_stages_of_the_recommender_use_what_somebody_says(call):
    def recommended(history=("m7", "m9"), **features):
        brought = {"artist_id": [list(history)], "weight": [[1.0] * len(history)], "k": 20}
        return call("recommender", "recommend_for_history_of_user", **brought, **features)

    silent = call("recommender", "recommend_for_history", artist_id=[["m7", "m9"]], weight=[[1.0, 1.0]], k=20)
    for name, column in recommended().items():
        assert column.tolist() == silent[name].tolist() or np.allclose(column, silent[name], atol=1e-5)
    north = recommended([""], **NORTH)
    names = [name.decode() for name in north["artist_id"][0]]
    rated = call(
        "ranking",
        "rate_ids_for_history_of_user",
        artist_id=[names],
        history_id=[[""]],
        weight=[[0.0]],
        **NORTH,
    )
    np.testing.assert_allclose(north["interaction"], rated["interaction"], atol=1e-6)
    found = call(
        "retrieval", "candidates_for_history_of_user", artist_id=[[""]], weight=[[0.0]], k=60, **NORTH
    )
    near = dict(zip([name.decode() for name in found["artist_id"][0]], found["score"][0], strict=True))
    odds = np.log(rated["interaction"][0] / (1 - rated["interaction"][0]))
    np.testing.assert_allclose(
        north["score"][0], [near[name] for name in names] + 0.5 * 0.2 * odds, atol=1e-4
    )
    even = {name for name in names if int(name[1:]) % 2 == 0}
    south = {name.decode() for name in recommended([""], **SOUTH)["artist_id"][0]}
    assert len(even) > len([name for name in south if int(name[1:]) % 2 == 0])


def test_people_are_answered_over_rest_and_grpc_as_in_process(models, call):
    said = {
        "country": ["NO"],
        "user_weight": [60.0],
        "joined": [1_600_041_600],
        "hobbies": [["skiing", "chess"]],
    }
    typed = ["country=NO", "user_weight=60", "joined=2020-09-14", "hobbies=skiing", "hobbies=chess"]
    history = {"artist_id": [["m2", "m4"]], "weight": [[1.0, 3.0]], "k": 5}
    wanted = call("recommender", "recommend_for_history_of_user", **history, **said)
    with (
        EmbeddedServer(models.folder, ServerConfig(rest_port=0, grpc_port=0)) as server,
        RestClient(server.rest_url) as rest,
        GrpcClient(server.grpc_address) as grpc,
    ):
        for client in (rest, grpc):
            assert (
                departures("recommender", client.metadata("recommender"), client.names("recommender")) == []
            )
            answer = ask_for_fan(client, ["m2", "Artist 4=3"], 5, typed)
            assert [item.movie_id for item in answer.items] == [
                name.decode() for name in wanted["artist_id"][0]
            ]
            np.testing.assert_allclose([item.score for item in answer.items], wanted["score"][0], atol=1e-5)
        known = known_user_features(rest)
        with pytest.raises(ServingError, match='train has no country "XX"'):
            ask_for_fan(rest, ["m2"], 5, ["country=XX"])
    assert {name: feature.type for name, feature in known.items()} == {
        "country": "category",
        "city": "category",
        "age_in_years": "number",
        "user_weight": "number",
        "joined": "time",
        "hobbies": "categories",
        "about": "text",
        "face": "vector",
    }
    assert known["city"].read(["a city that shares its vector with others"])  # hashed: any word is one
    assert (known["user_weight"].low, known["user_weight"].high) == (50.0, 86.0)


def test_each_person_of_a_batch_is_answered_as_alone(call):
    rows = {
        "country": ["NO", "IT", ""],
        "city": ["", "Rome", ""],
        "age_in_years": [np.nan, 25.0, np.nan],
        "user_weight": [60.0, np.nan, np.nan],
        "joined": [NONE, 1_600_000_000, NONE],
        "hobbies": [["skiing", "chess"], ["opera", "opera"], ["", ""]],
        "about": ["cold", "Sun and the sea, the sea", ""],
        "face": [[1.0, 2.0, 3.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]],
        "artist_id": [["m1", "m2"], ["m3", ""], ["", ""]],
        "weight": [[1.0, 3.0], [1.0, 0.0], [0.0, 0.0]],
    }
    together = call("recommender", "recommend_for_history_of_user", **rows, k=60)
    for row in range(3):
        one = {name: value[row : row + 1] for name, value in rows.items()}
        alone = call("recommender", "recommend_for_history_of_user", **one, k=60)
        width = alone["artist_id"].shape[1]
        np.testing.assert_allclose(together["score"][row, :width], alone["score"][0], atol=1e-5)
        assert together["artist_id"][row, :width].tolist() == alone["artist_id"][0].tolist()
    for model, signature in (
        ("recommender", "recommend_for_history_of_user"),
        ("retrieval", "candidates_for_history_of_user"),
    ):
        for countries in (["NO", "IT"], ["NO", "IT", "", ""]):
            with pytest.raises(
                tf.errors.InvalidArgumentError, match="country must have a value for each row"
            ):
                call(model, signature, **rows | {"country": countries}, k=60)


def test_what_is_not_said_is_the_declared_default(data):
    features = people.DESCRIPTION.user_features
    declared = {
        **features,
        "country": features["country"].model_copy(update={"default": "IT"}),
        "age": features["age"].model_copy(update={"default": 33.0}),
    }
    description = people.DESCRIPTION.model_copy(update={"user_features": declared})
    lookup = GivenFeatures(people.data(description).catalogue, ["country", "age", "about", "joined"])
    said = {
        "country": ["", "NO"],
        "age_in_years": [np.nan, 70.0],
        "about": ["", "SEA, sea and snow"],
        "joined": [NONE, 0],
    }
    columns = lookup([tensor(name, said[name]) for name in lookup.inputs], tf.constant(2))
    keys = data.catalogue.table("country").keys
    assert [keys[place] for place in columns["country"].numpy()] == ["IT", "NO"]
    assert columns["age_in_years"].numpy().tolist() == [2, 3]  # 20 to 40, and 40 and over
    assert columns["joined"].numpy().tolist() == [0, 1]  # unknown, and before all others
    words = data.catalogue.table("about").keys
    assert [[words[place - 1] for place in row if place] for row in columns["about"].numpy()] == [
        [],
        ["sea", "and"],
    ]


def test_an_input_that_signatures_use_otherwise_is_called_after_its_owner():
    assert input_name("k", ["k"]) == "user_k"
    assert input_name("k", ["k", "user_k"]) == "user_user_k"
