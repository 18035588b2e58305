"""Logs read back: whole, torn at any byte, damaged, of another's making."""

import gzip
import re

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tensorflow_serving.apis import prediction_log_pb2

from serving.errors import ServingError
from serving.prediction_log.encode import json_line, tf_record
from serving.prediction_log.framing import frame
from serving.prediction_log.reader import fingerprint, log_files, read

from .exchanges import EXCHANGES, assert_same, exchange

ENCODERS = {"jsonl": json_line, "tfrecord": lambda each: tf_record(each, 1.0)}
encoders = pytest.mark.parametrize("encode", ENCODERS.values(), ids=ENCODERS)
properties = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


def reading(path):
    faults = []
    return list(read(log_files(str(path)), faults)), faults


@encoders
@properties
@given(st.lists(EXCHANGES, max_size=4))
def test_what_is_written_is_read_back(encode, tmp_path, exchanges):
    (tmp_path / "log").write_bytes(b"".join(map(encode, exchanges)))
    found, faults = reading(tmp_path / "log")

    assert faults == []
    assert_same(found, exchanges)


@encoders
@properties
@given(st.lists(EXCHANGES, min_size=1, max_size=3), st.data())
def test_a_log_torn_at_any_byte_gives_what_is_whole_before_and_says_so(encode, tmp_path, exchanges, data):
    records = [encode(each) for each in exchanges]
    cut = data.draw(st.integers(0, sum(map(len, records))))
    (tmp_path / "log").write_bytes(b"".join(records)[:cut])
    found, faults = reading(tmp_path / "log")

    ends = np.cumsum([len(record) for record in records])
    whole = int((ends <= cut).sum())
    if encode is json_line and cut + 1 in ends:  # nothing but the line break is missing
        whole += 1
    assert_same(found, exchanges[:whole])
    torn = cut > 0 and cut not in ends and not (encode is json_line and cut + 1 in ends)
    assert [fault.torn for fault in faults] == [True] * torn


@properties
@given(st.lists(EXCHANGES, min_size=1, max_size=3), st.data())
def test_a_byte_that_changed_costs_its_record_alone_or_is_said(tmp_path, exchanges, data):
    records = [ENCODERS["tfrecord"](each) for each in exchanges]
    content = bytearray(b"".join(records))
    at = data.draw(st.integers(12, len(content) - 1))
    content[at] ^= data.draw(st.integers(1, 255))
    (tmp_path / "log").write_bytes(content)
    found, [fault] = reading(tmp_path / "log")

    hurt = int(np.searchsorted(np.cumsum([len(record) for record in records]), at, side="right"))
    in_head = at - sum(map(len, records[:hurt])) < 12
    assert fault.where == f"record {hurt + 1}"
    assert_same(found, exchanges[:hurt] if in_head else exchanges[:hurt] + exchanges[hurt + 1 :])


@properties
@given(st.binary(max_size=200))
def test_whatever_a_file_holds_the_reader_goes_on_to_the_next(tmp_path, content):
    (tmp_path / "a").write_bytes(content)
    (tmp_path / "b").write_bytes(json_line(exchange()))
    found, _ = reading(tmp_path)

    assert_same(found[-1:], [exchange(protocol="REST")])


def test_a_damaged_line_is_named_and_the_others_are_read(tmp_path):
    lines = [json_line(exchange(user)) for user in (b"1", b"2", b"3")]
    (tmp_path / "log.jsonl").write_bytes(lines[0] + b'{"time": "yesterday"}\n\n' + lines[1] + lines[2][:-9])
    found, faults = reading(tmp_path)

    assert [each.inputs["user_id"][0] for each in found] == [b"1", b"2"]
    assert [(fault.file, fault.where, fault.torn) for fault in faults] == [
        (str(tmp_path / "log.jsonl"), "line 2", False),
        (str(tmp_path / "log.jsonl"), "the end", True),
    ]
    assert "yesterday" in faults[0].what


def test_a_line_says_when_who_what_and_how_long(tmp_path):
    assert json_line(exchange(b"\xff", outputs={"user_rating": np.array([np.nan, 0.1], np.float32)})) == (
        b'{"time":"2026-11-26T03:00:00.250000+00:00","model":"ranking","version":3,'
        b'"signature":"serving_default","protocol":"REST","latency_ms":1.5,'
        b'"inputs":{"user_id":[{"b64":"/w=="}],"movie_title":["Speed (1994)"]},'
        b'"outputs":{"user_rating":[NaN,0.1]}}\n'
    )


def tf_serving_log(user):
    """As TF Serving's request logger makes it: the request as it came, and packed tensors in the answer."""
    log = prediction_log_pb2.PredictionLog()
    log.log_metadata.model_spec.name = "ranking"
    log.log_metadata.model_spec.version.value = 7
    log.log_metadata.sampling_config.sampling_rate = 0.5
    log.log_metadata.timestamp_secs = 1795662000
    asked, answered = log.predict_log.request, log.predict_log.response
    asked.model_spec.name = "ranking"
    asked.inputs["user_id"].CopyFrom(tf.make_tensor_proto([user]))
    asked.inputs["movie_title"].CopyFrom(tf.make_tensor_proto([b"Speed (1994)"]))
    answered.outputs["user_rating"].CopyFrom(tf.make_tensor_proto(np.array([3.5], np.float32)))
    answered.model_spec.name, answered.model_spec.signature_name = "ranking", "serving_default"
    answered.model_spec.version.value = 7
    return log.SerializeToString()


@pytest.mark.parametrize("compression", ["", "GZIP"])
def test_tf_servings_own_request_log_is_read(tmp_path, compression):
    other = prediction_log_pb2.PredictionLog()
    other.classify_log.request.model_spec.name = "somebody-elses"
    file = tmp_path / ("predictions.gz" if compression else "predictions")
    with tf.io.TFRecordWriter(str(file), compression) as writer:
        for record in (tf_serving_log(b"1"), other.SerializeToString(), tf_serving_log(b"2")):
            writer.write(record)
    found, faults = reading(tmp_path)

    assert faults == []
    assert_same(
        found,
        [
            exchange(user, time=1795662000.0, version=7, outputs={"user_rating": np.array([3.5])})
            for user in (b"1", b"2")
        ],
    )


def test_tensorflow_reads_what_is_written_as_tfrecord(tmp_path):
    (tmp_path / "log").write_bytes(b"".join(tf_record(exchange(user), 0.25) for user in (b"1", b"2")))
    logs = [
        prediction_log_pb2.PredictionLog.FromString(record)
        for record in tf.data.TFRecordDataset(str(tmp_path / "log")).as_numpy_iterator()
    ]

    assert [tf.make_ndarray(log.predict_log.request.inputs["user_id"]) for log in logs] == [b"1", b"2"]
    assert logs[0].log_metadata.sampling_config.sampling_rate == 0.25
    assert logs[0].log_metadata.timestamp_secs == 1795662000
    assert logs[0].predict_log.response.model_spec.version.value == 3


def test_a_gzipped_log_that_ends_too_early_is_torn(tmp_path):
    packed = gzip.compress(b"".join(map(frame, [tf_serving_log(b"1")] * 50)), mtime=0)
    (tmp_path / "log.gz").write_bytes(packed[:-20])
    found, [fault] = reading(tmp_path)

    assert fault.torn
    assert 0 < len(found) <= 50


def test_a_folder_a_file_and_a_pattern_name_logs_and_hidden_files_are_none(tmp_path):
    for name in ("a.jsonl", "b.tfrecord.partial", ".c.jsonl", "pod-1/d.jsonl"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")

    def names(where):
        return [str(file.relative_to(tmp_path)) for file in log_files(where)]

    assert names(str(tmp_path)) == ["a.jsonl", "b.tfrecord.partial", "pod-1/d.jsonl"]
    assert names(str(tmp_path / "a.jsonl")) == ["a.jsonl"]
    assert names(str(tmp_path / "**" / "*.jsonl")) == ["a.jsonl", "pod-1/d.jsonl"]
    assert names(str(tmp_path / "*.nothing")) == []


@pytest.mark.parametrize("where", ["nowhere", "nowhere/*.jsonl"])
def test_a_folder_that_is_not_there_is_a_clear_error(tmp_path, where):
    with pytest.raises(ServingError, match=re.escape(f"{tmp_path}/nowhere")):
        log_files(str(tmp_path / where))


def test_a_file_that_is_finished_while_it_is_read_is_found_and_its_fingerprint_stays(tmp_path):
    partial = tmp_path / "log.jsonl.partial"
    partial.write_bytes(json_line(exchange()))
    files = log_files(str(tmp_path))
    before = fingerprint(files)
    partial.rename(tmp_path / "log.jsonl")

    assert_same(list(read(files, [])), [exchange()])
    assert fingerprint(files) == fingerprint(log_files(str(tmp_path))) == before
    (tmp_path / "log.jsonl").write_bytes(json_line(exchange(b"43")))
    assert fingerprint(files) != before
