"""Answers in blocks of rows are those for all rows at once."""

import numpy as np
import pytest
import tensorflow as tf

from trainer.export.row_blocks import in_blocks

KINDS = {"name": tf.string, "score": tf.float32}
WIDTHS = np.array([2, 1, 0, 3, 1, 0, 0], np.int32)


def lists(width, seen=None):
    """Rows with as many entries as `width` says: the block's widest decides how many columns there are."""
    if seen is not None:
        tf.py_function(lambda rows: seen.append(int(rows)), [tf.shape(width)[0]], [])
    columns = tf.range(tf.reduce_max(tf.concat([[0], width], axis=0)))
    there = columns[None] < width[:, None]
    score = tf.where(there, tf.cast(width[:, None] * 10 + columns[None], tf.float32), 0.0)
    return {"name": tf.where(there, tf.strings.as_string(score), ""), "score": score}


@pytest.mark.parametrize("block", [1, 2, 3, 7, 100])
@pytest.mark.parametrize("rows", [0, 1, 2, 7])
def test_blocks_are_joined_to_the_width_of_the_widest(block, rows):
    @tf.function(input_signature=[tf.TensorSpec([None], tf.int32)])
    def answered(width):
        return in_blocks(lists, {"width": width}, KINDS, block)

    found, whole = answered(WIDTHS[:rows]), lists(tf.constant(WIDTHS[:rows]))
    assert found.keys() == whole.keys()
    for name, column in whole.items():
        np.testing.assert_array_equal(found[name], column)


def test_no_more_rows_than_a_block_are_answered_at_once():
    seen = []

    @tf.function(input_signature=[tf.TensorSpec([None], tf.int32)])
    def answered(width):
        return in_blocks(lambda width: lists(width, seen), {"width": width}, KINDS, 3)

    answered(WIDTHS)
    assert seen == [3, 3, 1]


def test_what_answers_rows_is_traced_once_for_one_block_and_for_many():
    traces = []

    def lists_told(width):
        traces.append(width.shape)
        return lists(width)

    answered = tf.function(lambda width: in_blocks(lists_told, {"width": width}, KINDS, 3))
    answered.get_concrete_function(tf.TensorSpec([None], tf.int32))
    assert len(traces) == 1
