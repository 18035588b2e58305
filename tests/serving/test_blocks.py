"""Long batches are answered in blocks of rows, with the answers of the whole batch."""

import re
import threading
import time
from dataclasses import replace

import grpc
import httpx
import numpy as np
import pytest
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from serving.client import GrpcClient, RestClient
from serving.errors import ServingError, StatusError
from serving.server import blocks
from serving.server.blocks import Limits, check, run_in_blocks, width_of
from serving.server.metrics import Call
from serving.server.model import LoadedModel
from serving.server.server import EmbeddedServer

from .conftest import FREE_PORTS
from .tiny_recommender import FILMS, WATCHED, export_tiny

LIMITS = Limits(rows=100_000, answer_values=4_000_000)


def column(*values: str) -> np.ndarray:
    array = np.empty(len(values), dtype=object)
    array[:] = [value.encode() for value in values]
    return array


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    export_tiny(folder)
    return folder


@pytest.fixture(scope="module")
def recommender(models):
    model = LoadedModel(models / "recommender" / "1")
    yield model
    model.close()


def users(count: int) -> np.ndarray:
    known = [*WATCHED, "stranger"]
    return column(*(known[number % len(known)] for number in np.random.RandomState(3).randint(0, 99, count)))


def histories(count: int, length: int) -> np.ndarray:
    titles = ["", "no such film", *(title for _, title, _, _ in FILMS)]
    drawn = np.random.RandomState(4).randint(0, len(titles), (count, length))
    return column(*(titles[number] for number in drawn.ravel())).reshape(count, length)


def in_blocks(model, signature, inputs, limits=LIMITS, go_on=lambda: None):
    sizes = []

    def run(part):
        sizes.append(blocks.rows_of(part))
        return model.run(signature, part)

    return run_in_blocks(run, inputs, limits, {}, signature, go_on), sizes


@pytest.mark.parametrize(
    ("signature", "inputs"),
    [
        ("serving_default", {"user_id": users(3_001)}),
        ("recommend", {"user_id": users(1_000), "k": np.int32(3), "exclude_seen": np.bool_(True)}),
        ("recommend", {"user_id": users(1_000), "k": np.int32(2**31 - 1), "exclude_seen": np.bool_(False)}),
        ("recommend_from_history", {"movie_title": histories(700, 5), "k": np.int32(4)}),
        ("recommend_from_history", {"movie_title": histories(700, 0), "k": np.int32(4)}),
    ],
)
def test_the_answer_is_that_of_the_whole_batch(recommender, signature, inputs):
    inputs = {name: np.asarray(value) for name, value in inputs.items()}
    whole = recommender.run(signature, inputs)
    found, sizes = in_blocks(recommender, signature, inputs)
    assert len(sizes) > 1
    assert max(sizes) <= blocks.MOST_ROWS
    assert found.keys() == whole.keys()
    for name, array in whole.items():
        assert found[name].dtype == array.dtype
        if array.dtype == object:
            assert found[name].tolist() == array.tolist()
        else:
            np.testing.assert_allclose(found[name], array, rtol=1e-6)


def test_lists_of_blocks_of_other_lengths_are_padded():
    answers = {b"a": 1, b"b": 3}

    def run(part):
        width = max(answers[user] for user in part["user_id"])
        return {
            "movie_id": np.full((len(part["user_id"]), width), b"x", dtype=object),
            "score": np.ones((len(part["user_id"]), width), np.float32),
        }

    inputs = {"user_id": column(*("a" * 64 + "b" * 10))}
    found = run_in_blocks(run, inputs, LIMITS, {}, "any", lambda: None)
    assert found["movie_id"].tolist() == [[b"x", b"", b""]] * 64 + [[b"x"] * 3] * 10
    assert found["score"].tolist() == [[1, 0, 0]] * 64 + [[1] * 3] * 10


def test_an_input_with_a_row_for_each_of_the_others_is_cut_and_a_single_one_is_not():
    seen = []

    def run(part):
        seen.append({name: array.shape for name, array in part.items()})
        return {"score": np.zeros(len(part["user_id"]), np.float32)}

    inputs = {
        "user_id": users(100),
        "k": np.arange(1, 101, dtype=np.int32),
        "exclude_seen": np.array([True]),
        "limit": np.int32(3),
    }
    run_in_blocks(run, inputs, LIMITS, {}, "any", lambda: None)
    assert seen[0] == {"user_id": (64,), "k": (64,), "exclude_seen": (1,), "limit": ()}
    assert seen[1] == {"user_id": (36,), "k": (36,), "exclude_seen": (1,), "limit": ()}


def test_inputs_that_do_not_agree_are_a_sentence(recommender):
    inputs = {"user_id": users(100), "movie_title": users(99)}
    with pytest.raises(StatusError, match="different numbers of rows: user_id has 100, movie_title has 99"):
        run_in_blocks(lambda part: {}, inputs, LIMITS, {}, "any", lambda: None)


@pytest.mark.parametrize("scalar", [np.asarray(b"42", dtype=object), np.asarray(2.5)])
def test_a_request_of_scalars_alone_is_one_value_wide(scalar):
    assert width_of({"user_id": scalar}) == 1


def test_an_answer_that_would_be_too_large_is_refused_after_its_first_rows():
    asked = []

    def run(part):
        asked.append(len(part["user_id"]))
        return {"score": np.zeros((len(part["user_id"]), 60_000), np.float32)}

    inputs = {"user_id": users(30_000), "k": np.asarray(np.int32(2_000_000_000))}
    with pytest.raises(StatusError, match=r"about 1800000000 values, over the limit of 4000000 a request"):
        run_in_blocks(run, inputs, LIMITS, {}, "any", lambda: None)
    assert asked == [1]


def ones_of_width_k(part):
    width = int(min(part["k"].max(), 1_682))
    return {"score": np.ones((len(part["k"]), width), np.float32)}


@pytest.mark.parametrize("place", [0, 50_000, -1])
def test_one_row_that_wants_everything_is_refused_before_all_are_padded_to_it(place):
    k = np.ones(100_000, np.int32)
    k[place] = 2**31 - 1
    asked = {"user_id": users(1).repeat(100_000), "k": k}
    limits = Limits(rows=100_000, answer_values=50_000_000)
    with pytest.raises(StatusError, match="about 168200000 values, over the limit of 50000000 a request"):
        run_in_blocks(ones_of_width_k, asked, limits, {"any": blocks.MOST_ROWS}, "any", lambda: None)
    k[:] = 10
    found = run_in_blocks(ones_of_width_k, asked, limits, {}, "any", lambda: None)
    assert found["score"].shape == (100_000, 10)


def test_a_block_is_as_large_as_takes_its_time_and_no_larger():
    learned: dict[str, int] = {}

    def run(part):
        time.sleep(0.001 * len(part["user_id"]))
        return {"score": np.zeros(len(part["user_id"]), np.float32)}

    run_in_blocks(run, {"user_id": users(200)}, LIMITS, learned, "slow", lambda: None)
    assert 10 <= learned["slow"] <= 50
    run_in_blocks(
        lambda part: {"score": np.zeros(len(part["user_id"]))},
        {"user_id": users(5_000)},
        LIMITS,
        learned,
        "slow",
        lambda: None,
    )
    assert learned["slow"] == blocks.MOST_ROWS


def test_rows_too_many_and_too_wide_are_refused_before_anything_is_computed():
    check({"user_id": users(10), "k": np.asarray(1)}, Limits(10, 10), row_wise=True)
    with pytest.raises(StatusError, match="Input user_id has 11 rows, over the limit of 10 a request"):
        check({"user_id": users(11)}, Limits(10, 10), row_wise=True)
    wide = {"movie_title": np.full((1, blocks.MOST_VALUES_A_ROW + 1), b"", dtype=object)}
    with pytest.raises(StatusError, match="Input movie_title has 100001 values in a row"):
        check(wide, LIMITS, row_wise=True)
    check(wide, LIMITS, row_wise=False)  # of another model nothing is known


@pytest.fixture(scope="module")
def server(models):
    with EmbeddedServer(models, replace(FREE_PORTS, max_answer_values=100_000)) as running:
        yield running


def model_of(server) -> LoadedModel:
    with server.registry.lease("recommender") as model:
        return model


@pytest.mark.parametrize(
    ("rows", "k", "seconds_a_value", "where"),
    [
        (1, 10, None, "quick"),
        (1, 1_001, None, "beside"),  # earlier calls, of a small k, do not tell its time
        (1_000, 10, 1e-6, "quick"),
        (1_000, 10, 1e-4, "beside"),
        (1_000, 10, 1e-3, "long"),
        (1_000, 2**31 - 1, 1e-6, "long"),
        (500, 10, 1e-3, "beside"),
        (1_000, 10, None, "long"),  # no batch has told yet
    ],
)
def test_a_request_is_answered_where_the_time_it_takes_belongs(
    server, monkeypatch, rows, k, seconds_a_value, where
):
    servable = server.registry.lease("recommender")
    with servable as model:
        known = {} if seconds_a_value is None else {"recommend": seconds_a_value}
        monkeypatch.setattr(model, "_seconds_a_value", known)
        monkeypatch.setattr(model, "_seconds", {"recommend": 0.0015})
        inputs = {"user_id": users(rows), "k": np.asarray(np.int32(k))}
        call = Call("REST", "predict")
        work = server._service.work(call, servable, "recommend", inputs, lambda: None)
    assert (work.quick, work.long) == (where == "quick", where == "long")


@pytest.mark.parametrize("protocol", ["rest", "grpc"])
def test_a_server_answers_a_long_batch_as_its_rows_one_by_one(server, protocol):
    client = RestClient(server.rest_url) if protocol == "rest" else GrpcClient(server.grpc_address)
    asked = [*WATCHED, "stranger"] * 200
    with client:
        long = client.predict("recommender", {"user_id": asked})
        short = client.predict("recommender", {"user_id": asked[:4]})
        for name, array in short.items():
            assert long[name].tolist() == array.tolist() * 200
        with pytest.raises(ServingError, match="over the limit of 100000 a request: ask for fewer rows"):
            client.predict("recommender", {"user_id": asked * 6})


def test_a_server_answers_rows_and_columns_alike(server):
    url = f"{server.rest_url}/v1/models/recommender:predict"
    asked = [*WATCHED, "stranger"] * 100
    rows = httpx.post(url, json={"instances": asked}).json()["predictions"]
    columns = httpx.post(url, json={"inputs": asked}).json()["outputs"]
    assert len(rows) == 400
    assert {name: [row[name] for row in rows] for name in rows[0]} == columns


def test_too_large_an_answer_is_429_over_rest_and_resource_exhausted_over_grpc(server):
    url = f"{server.rest_url}/v1/models/recommender:predict"
    response = httpx.post(url, json={"inputs": ["u1"] * 6_000})
    assert response.status_code == 429
    request = predict_pb2.PredictRequest(model_spec={"name": "recommender"})
    request.inputs["user_id"].dtype = 7
    request.inputs["user_id"].tensor_shape.dim.add(size=6_000)
    request.inputs["user_id"].string_val.append(b"u1")
    with grpc.insecure_channel(server.grpc_address) as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        with pytest.raises(grpc.RpcError) as refusal:
            stub.Predict(request, timeout=20)
    assert refusal.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert refusal.value.details() == response.json()["error"]


def test_a_version_is_released_when_the_client_of_a_long_request_has_gone(server):
    servable = server.registry.lease("recommender")
    servable.release()
    request = predict_pb2.PredictRequest(model_spec={"name": "recommender"})
    request.inputs["user_id"].dtype = 7
    request.inputs["user_id"].tensor_shape.dim.add(size=2_000)
    with grpc.insecure_channel(server.grpc_address) as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        calls = [stub.Predict.future(request) for _ in range(10)]
        for call in calls:
            call.cancel()
    deadline = time.monotonic() + 10
    while servable._users:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def refusals(server) -> float:
    """RESOURCE_EXHAUSTED over REST, as the metrics count it."""
    text = httpx.get(f"{server.rest_url}/metrics").text
    found = re.search(r'entrypoint="REST",[^}]*status="RESOURCE_EXHAUSTED"} (\S+)', text)
    return float(found[1]) if found else 0


def test_long_requests_wait_in_a_line_that_ends(server, monkeypatch):
    before = refusals(server)
    gate = threading.Event()
    model = model_of(server)
    right = model.run
    monkeypatch.setattr(model, "run", lambda *arguments: gate.wait(20) and right(*arguments))
    monkeypatch.setitem(model._seconds_a_value, "serving_default", 1.0)  # such requests are not quick
    monkeypatch.setattr("serving.server.dispatch.LONG_WAITING", 3)
    url = f"{server.rest_url}/v1/models/recommender:predict"
    statuses = []

    def ask():
        statuses.append(httpx.post(url, json={"inputs": ["u1"] * 600}, timeout=30).status_code)

    asking = [threading.Thread(target=ask) for _ in range(5)]
    for thread in asking:
        thread.start()
    deadline = time.monotonic() + 10
    while len(statuses) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    gate.set()
    for thread in asking:
        thread.join()
    assert sorted(statuses) == [200, 200, 200, 429, 429]
    assert refusals(server) == before + 2


def test_a_long_rest_request_ends_when_its_client_goes(server, monkeypatch):
    model = model_of(server)
    right, asked = model.run, []

    def slowly(*arguments):
        asked.append(1)
        time.sleep(0.1)
        return right(*arguments)

    monkeypatch.setattr(model, "run", slowly)
    url = f"{server.rest_url}/v1/models/recommender:predict"
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(url, json={"inputs": ["somebody"] * 2_400}, timeout=0.5)
    time.sleep(0.5)
    given_up_after = len(asked)
    time.sleep(0.5)
    assert len(asked) == given_up_after < 20
