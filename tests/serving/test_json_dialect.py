"""TF Serving's JSON beyond what was recorded; the words are those of its util/json_tensor.cc."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.errors import StatusError
from serving.server.http.json_dialect import parse_object, read_request, signature_name, write_answer
from serving.signature import NUMPY_DTYPES, Signature, TensorSpec


def one(dtype):
    return Signature({"x": TensorSpec(dtype, (-1,))}, {})


TWO = Signature({"a": TensorSpec("string", (-1,)), "b": TensorSpec("float", (-1, 2))}, {})


def read(document, signature):
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return read_request(parse_object(body), signature)


@pytest.mark.parametrize(
    ("dtype", "values"),
    [
        ("string", [b"caf\xc3\xa9", b""]),
        ("float", [1.5, -2.0]),
        ("double", [0.1, 1e300]),
        ("int32", [-(2**31), 2**31 - 1]),
        ("int64", [-(2**63), 2**63 - 1]),
        ("uint32", [0, 2**32 - 1]),
        ("uint64", [0, 2**64 - 1]),
        ("int8", [-128, 127]),
        ("bool", [True, False]),
    ],
)
@pytest.mark.parametrize("key", ["instances", "inputs"])
def test_every_dtype_is_read_in_rows_and_columns(dtype, values, key):
    written = [value.decode() if isinstance(value, bytes) else value for value in values]
    request = read({key: written}, one(dtype))
    assert request.rows == (key == "instances")
    assert request.inputs["x"].dtype == NUMPY_DTYPES[dtype]
    assert request.inputs["x"].tolist() == values


def test_rows_and_columns_of_named_nested_inputs_are_the_same_arrays():
    rows = read({"instances": [{"a": "p", "b": [1, 2]}, {"b": [3, 4.5], "a": "q"}]}, TWO).inputs
    columns = read({"inputs": {"a": ["p", "q"], "b": [[1, 2], [3, 4.5]]}}, TWO).inputs
    for arrays in (rows, columns):
        assert arrays["a"].tolist() == [b"p", b"q"]
        assert arrays["b"].dtype == np.float32
        assert arrays["b"].tolist() == [[1, 2], [3, 4.5]]


def test_base64_is_bytes_wherever_a_string_may_stand():
    assert read({"instances": [{"b64": "//4="}, {"b64": "YQ"}]}, one("string")).inputs["x"].tolist() == [
        b"\xff\xfe",
        b"a",
    ]
    assert read({"inputs": {"x": [{"b64": "YQ=="}]}}, one("string")).inputs["x"].tolist() == [b"a"]
    assert read({"inputs": {"b64": "YQ=="}}, one("string")).inputs["x"].tolist() == b"a"


def test_nan_and_infinity_are_numbers_both_ways():
    values = read(b'{"inputs": [NaN, Infinity, -Infinity, 1]}', one("float")).inputs["x"]
    np.testing.assert_array_equal(values, np.array([np.nan, np.inf, -np.inf, 1], np.float32))
    assert write_answer({"x": np.append(values, np.float32(0.1))}, rows=False) == (
        b'{"outputs":[NaN,Infinity,-Infinity,1.0,0.1]}'
    )


PARSE = "JSON Parse error: "
SECOND_ROW = "Failed to process element: 1 of 'instances' list. Error: INVALID_ARGUMENT: "


@pytest.mark.parametrize(
    ("dtype", "document", "message"),
    [
        ("float", b"{} x", PARSE + "The document root must not be followed by other values. at offset: 3"),
        ("string", b'{"inputs": ["\xff"]}', PARSE + "Invalid encoding in string. at offset: 13"),
        (
            "float",
            {"instances": 1},
            "JSON Value: {\n    \"instances\": 1\n} Expecting 'instances' to be an list/array",
        ),
        (
            "float",
            {"inputs": [[1, 2], [3]]},
            "Encountered list at unexpected size: 1 at level: 1 expected size: 2",
        ),
        ("float", {"inputs": [1, [2]]}, "Encountered list at unexpected level: 1 expected < 1"),
        (
            "float",
            {"inputs": [[1], 2]},
            "JSON Value: 2 found at incorrect level: 2 in the JSON DOM. Expected at level: 2",
        ),
        (
            "float",
            {"inputs": [2**24]},
            "Cannot convert JSON value: 16777216 to float without loss of precision.",
        ),
        ("float", {"inputs": [1e39]}, "Cannot convert JSON value: 1e+39 to float without loss of precision."),
        ("float", {"inputs": [True]}, "JSON Value: true Type: True is not of expected type: float"),
        ("int32", {"inputs": [2**31]}, "JSON Value: 2147483648 Type: Number is not of expected type: int32"),
        ("int32", {"inputs": [1.0]}, "JSON Value: 1.0 Type: Number is not of expected type: int32"),
        ("bool", {"inputs": [1]}, "JSON Value: 1 Type: Number is not of expected type: bool"),
        ("string", {"inputs": [{"b64": "?"}]}, "Unable to base64 decode"),
        (
            "string",
            {"inputs": [{"c": 1}]},
            'JSON Value: {\n    "c": 1\n} not formatted correctly for base64 data',
        ),
        ("half", {"inputs": [1]}, "Conversion of JSON Value: [\n    1\n] to type: half"),
        ("float", {"instances": [[1], [1, 2]]}, SECOND_ROW + "Expecting tensor size: 1 but got: 2"),
        (
            "float",
            {"instances": [[[1, 2]], [[1], [2]]]},
            SECOND_ROW + "Expecting shape [1,2] but got: [2,1]",
        ),
        (
            "float",
            {"instances": [1, {"x": 1}]},
            "Expecting value/list but got object at item 1 of input list",
        ),
        ("float", {"instances": [{"x": 1}, 1]}, "Expecting object but got list at item 1 of input list"),
    ],
)
def test_a_wrong_value_is_named_in_tf_servings_words(dtype, document, message):
    with pytest.raises(StatusError) as error:
        read(document, one(dtype))
    assert (error.value.code, error.value.message) == ("INVALID_ARGUMENT", message)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (
            {"instances": ["a"]},
            "instances is a plain list, but expecting list of objects as multiple input tensors",
        ),
        (
            {"inputs": ["a"]},
            "inputs is a plain value/list, but expecting an object as multiple input tensors",
        ),
    ],
)
def test_several_inputs_need_names(document, message):
    with pytest.raises(StatusError, match=message):
        read(document, TWO)


def test_the_signature_name_must_be_a_string():
    with pytest.raises(StatusError, match="'signature_name' key must be a string value"):
        signature_name({"signature_name": 1})


def test_deep_nesting_is_refused_and_not_fatal():
    with pytest.raises(StatusError, match="Maximum parse recursion depth exceeded"):
        parse_object(b'{"inputs": ' + b"[" * 1_000_000)


def test_a_long_value_is_cut_short_in_an_error():
    with pytest.raises(StatusError) as error:
        parse_object(json.dumps(["x" * 100_000]).encode())
    assert len(error.value.message) < 3000


def test_several_outputs_are_objects_by_row_or_by_column():
    outputs = {
        "title": np.array([["é".encode()], [b"b"]], dtype=object),
        "raw_bytes": np.array([b"\xff", b"a"], dtype=object),
        "score": np.array([[0.1], [2]], np.float32),
        "seen": np.array([True, False]),
    }
    assert json.loads(write_answer(outputs, rows=True)) == {
        "predictions": [
            {"title": ["é"], "raw_bytes": {"b64": "/w=="}, "score": [0.1], "seen": True},
            {"title": ["b"], "raw_bytes": {"b64": "YQ=="}, "score": [2.0], "seen": False},
        ]
    }
    assert json.loads(write_answer(outputs, rows=False)) == {
        "outputs": {
            "title": [["é"], ["b"]],
            "raw_bytes": [{"b64": "/w=="}, {"b64": "YQ=="}],
            "score": [[0.1], [2.0]],
            "seen": [True, False],
        }
    }


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        ({"x": np.float32(1)}, "Tensor name: x has no shape information "),
        ({"x": np.zeros(2), "y": np.zeros(3)}, "Tensor name: y has inconsistent batch size: 3 expecting: 2"),
    ],
)
def test_rows_need_outputs_of_one_batch_size(outputs, message):
    with pytest.raises(StatusError) as error:
        write_answer({name: np.asarray(array) for name, array in outputs.items()}, rows=True)
    assert error.value.message == message


def test_a_scalar_output_is_bare_in_column_form():
    assert write_answer({"x": np.asarray(np.float32(0.1))}, rows=False) == b'{"outputs":0.1}'


@given(st.floats(width=32, allow_nan=False))
def test_a_float_is_written_so_that_the_same_float_is_read_back(value):
    answer = write_answer({"x": np.array([value], np.float32)}, rows=False)
    text = answer.decode().removeprefix('{"outputs":[').removesuffix("]}")
    assert np.float32(float(text)) == np.float32(value)
    assert len(text) <= 16, "more digits than a float32 has"
