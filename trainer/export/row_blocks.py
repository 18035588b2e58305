"""Answers in blocks of rows, inside the graph: a request's memory grows with what it is answered.

To score a row takes as many numbers as there are films, and to rate it hundreds of vectors. For all rows of a
large request at once that is gigabytes, which a server keeps. Blocks need no more than the first of them.
"""

from collections.abc import Callable, Mapping

import tensorflow as tf

BLOCK = 256  # rows: 60,000 films take 61 MB of scores


def in_blocks(
    call: Callable[..., dict[str, tf.Tensor]],
    inputs: Mapping[str, tf.Tensor],
    outputs: Mapping[str, tf.DType],
    block: int = BLOCK,
) -> dict[str, tf.Tensor]:
    """Returns what `call(**inputs)` returns, computed for `block` rows at a time if there are more.

    Args:
        call: a function whose answer for a row does not depend on the other rows, except for its width: all
            its outputs are [B, n], and rows with less are padded with "" or 0.
        inputs: tensors of B rows each.
        outputs: the types of the outputs.
        block: the largest number of rows that are answered at once.

    Returns:
        The outputs, [B, n] with the largest n of all blocks.
    """
    rows = tf.shape(next(iter(inputs.values())))[0]
    count = tf.maximum((rows + block - 1) // block, 1)

    def answered(number, widths, *parts):
        some = slice(number * block, tf.minimum((number + 1) * block, rows))
        found = call(**{name: each[some] for name, each in inputs.items()})
        first = next(iter(outputs))
        return (
            number + 1,
            widths.write(number, tf.fill(tf.shape(found[first])[:1], tf.shape(found[first])[1])),
            *(
                part.write(number, tf.reshape(found[name], [-1]))
                for name, part in zip(outputs, parts, strict=True)
            ),
        )

    # One block is a loop of one turn. A branch of its own would save a tenth of a millisecond, and double the
    # graph and the seconds that a server takes to load it.
    empty = [_array(kind, count) for kind in (tf.int32, *outputs.values())]
    _, widths, *parts = tf.while_loop(
        lambda number, *_: number < count, answered, (tf.constant(0), *empty), parallel_iterations=1
    )
    lengths = widths.concat()
    found = {
        name: tf.RaggedTensor.from_row_lengths(part.concat(), lengths, validate=False).to_tensor()
        for name, part in zip(outputs, parts, strict=True)
    }
    for each in found.values():
        each.set_shape([None, None])
    return found


def _array(kind: tf.DType, count: tf.Tensor) -> tf.TensorArray:
    return tf.TensorArray(kind, size=count, infer_shape=False, element_shape=[None])
