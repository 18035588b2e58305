import weakref

import numpy as np
import pytest

from serving.errors import ServingError, StatusError
from serving.server.model import LoadedModel
from serving.server.registry import Registry
from serving.server.service import QUICK_SECONDS
from serving.signature import TensorSpec
from serving.versions.versions import push

from .conftest import TINY_1, TINY_2


def strings(*values):
    return np.array([value.encode() for value in values], dtype=object)


@pytest.fixture(scope="module")
def tiny():
    model = LoadedModel(TINY_1)
    yield model
    model.close()


def test_a_signature_answers_with_arrays_by_name(tiny):
    answer = tiny.run("recommend", {"user_id": strings("42"), "k": np.array(2, np.int32)})
    assert answer["movie_title"].tolist() == [["Amélie (2001)".encode(), b"Speed (1994)"]]
    assert answer["user_rating"].tolist() == [[4.25, 4.0]]


def test_a_filter_chooses_outputs_and_their_order(tiny):
    inputs = {"user_id": strings("42"), "k": np.array(1, np.int32)}
    assert list(tiny.run("recommend", inputs, ["user_rating"])) == ["user_rating"]
    assert list(tiny.run("recommend", inputs, ["user_rating", "movie_title"])) == [
        "user_rating",
        "movie_title",
    ]
    with pytest.raises(
        StatusError, match=r"not found in signature: nope Outputs expected .*movie_title,user_rating"
    ):
        tiny.run("recommend", inputs, ["nope"])
    with pytest.raises(StatusError, match="duplicate output tensor alias: user_rating"):
        tiny.run("recommend", inputs, ["user_rating", "user_rating"])


def test_a_stranger_among_the_inputs_is_named(tiny):
    with pytest.raises(
        StatusError, match=r"alias not found in signature: age\. .*set \{movie_title,user_id\}"
    ):
        tiny.run("", {"user_id": strings("42"), "age": strings("3")})


def test_shapes_that_the_graph_refuses_are_the_requests_fault(tiny):
    with pytest.raises(StatusError) as error:
        tiny.run("", {"user_id": strings("1", "2", "3"), "movie_title": strings("a", "b")})
    assert error.value.code == "INVALID_ARGUMENT"


def test_a_small_network_is_quick_enough_for_the_event_loop(tiny):
    inputs = {"user_id": strings("42"), "k": np.array(1, np.int32)}
    assert tiny.seconds("recommend", inputs) < QUICK_SECONDS
    tiny._seconds["recommend"] = 0.1
    assert tiny.seconds("recommend", inputs) == 0.1
    assert tiny.seconds("", {"user_id": strings("42"), "movie_title": strings("a")}) < QUICK_SECONDS


def test_what_a_large_batch_takes_is_learned_from_large_batches(tiny):
    inputs = {"user_id": strings("42").repeat(1000), "movie_title": strings("a").repeat(1000)}
    tiny._seconds_a_value.clear()
    tiny._seconds["serving_default"] = 0.001
    assert tiny.seconds("serving_default", inputs) == 1.0
    tiny.run("serving_default", inputs)
    assert tiny._seconds_a_value.keys() == {"serving_default"}
    tiny._seconds_a_value["serving_default"] = 1e-7
    assert tiny.seconds("serving_default", inputs) == pytest.approx(1e-4)
    tiny._seconds.clear()
    tiny._seconds_a_value.clear()
    assert tiny.seconds("serving_default", inputs) == np.inf


@pytest.mark.parametrize(
    ("dtype", "values", "expected"),
    [
        ("string", ["é", b"\xff"], ["é".encode(), b"\xff"]),
        ("int32", 3, 3),
        ("float", [1, 0.5], [1.0, 0.5]),
        ("bool", True, True),
    ],
)
def test_plain_values_become_the_signatures_dtype(dtype, values, expected):
    array = TensorSpec(dtype, None).array(values)
    assert array.tolist() == expected
    assert array.dtype == {"string": object, "int32": "int32", "float": "float32", "bool": bool}[dtype]


@pytest.mark.parametrize(
    ("dtype", "values"), [("int32", 1.5), ("string", [1]), ("float", ["a"]), ("int32", [[1], [1, 2]])]
)
def test_values_of_another_kind_are_refused(dtype, values):
    with pytest.raises(ServingError, match=f"into a tensor of {dtype}"):
        TensorSpec(dtype, None).array(values)


def test_a_replaced_version_answers_the_requests_that_it_began(tmp_path):
    push(TINY_1, tmp_path, "tiny", keep=2)
    registry = Registry(tmp_path)
    registry.poll()
    inputs = {"user_id": strings("42"), "movie_title": strings("Speed (1994)")}
    with registry.lease("tiny") as old:
        push(TINY_2, tmp_path, "tiny", keep=2)
        registry.poll()
        assert [(status.version, status.state) for status in registry.status("tiny")] == [
            (2, "AVAILABLE"),
            (1, "UNLOADING"),
        ]
        assert old.run("", inputs)["user_rating"] == [4.0]
        with registry.lease("tiny") as new:
            assert new.run("", inputs)["user_rating"] == [4.125]
    assert [status.state for status in registry.status("tiny")] == ["AVAILABLE", "END"]
    registry.stop()
    assert [status.state for status in registry.status("tiny")] == ["END", "END"]


def test_the_graph_of_a_replaced_version_is_freed_once_nobody_uses_it(tmp_path):
    push(TINY_1, tmp_path, "tiny", keep=2)
    registry = Registry(tmp_path)
    registry.poll()
    with registry.lease("tiny") as old:
        graph = weakref.ref(old._session.graph)
        push(TINY_2, tmp_path, "tiny", keep=2)
        registry.poll()
        assert graph() is not None
    del old
    registry.poll()
    assert graph() is None
    registry.stop()


def test_a_server_started_over_a_broken_newest_version_serves_the_one_before(tmp_path):
    push(TINY_1, tmp_path, "tiny", keep=2)
    push(TINY_2, tmp_path, "tiny", keep=2)
    (tmp_path / "tiny" / "2" / "variables" / "variables.index").unlink()
    registry = Registry(tmp_path)
    registry.poll()
    assert registry.loaded() == {"tiny": 1}
    assert registry.waiting() == []
    registry.stop()


def test_a_name_always_has_a_version_while_it_is_replaced(tmp_path):
    class Names(dict):
        def pop(self, *_):
            raise AssertionError("for a moment nothing answers")

    push(TINY_1, tmp_path, "tiny", keep=2)
    registry = Registry(tmp_path)
    registry._in_front = Names()
    registry.poll()
    push(TINY_2, tmp_path, "tiny", keep=2)
    registry.poll()
    assert registry.loaded() == {"tiny": 2}
    registry._in_front = dict(registry._in_front)
    registry.stop()
    assert registry.loaded() == {}
