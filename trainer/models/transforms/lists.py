"""Conversion of list features between ragged, padded dense and sparse tensors."""

from typing import TypeAlias

import tensorflow as tf

Lists: TypeAlias = tf.Tensor | tf.RaggedTensor | tf.SparseTensor


def as_ragged(lists: Lists, padding=None) -> tf.RaggedTensor:
    """Returns ragged, dense or sparse lists as a ragged tensor [B, (n)].

    Args:
        lists: [B, n].
        padding: the padding value of a dense tensor, which is removed at the end of each list; None: no value
            is padding.

    Examples:
        >>> as_ragged(tf.constant([[1, 2], [3, 0]]), padding=0).to_list()
        [[1, 2], [3]]
    """
    if isinstance(lists, tf.RaggedTensor):
        return lists
    if isinstance(lists, tf.SparseTensor):
        return tf.RaggedTensor.from_sparse(lists)
    return tf.RaggedTensor.from_tensor(lists, padding=padding)


def as_dense(lists: Lists, padding=None, length: int | None = None) -> tf.Tensor:
    """Returns ragged, dense or sparse lists as a dense tensor [B, n].

    Args:
        lists: [B, n].
        padding: the value that fills up shorter lists; None: 0, "" or False, by the dtype.
        length: n; longer lists are truncated at the end. None: the length of the longest list.

    Examples:
        >>> as_dense(tf.ragged.constant([[1, 2, 3], [4]]), length=2).numpy().tolist()
        [[1, 2], [4, 0]]
    """
    if isinstance(lists, tf.SparseTensor):
        lists = tf.RaggedTensor.from_sparse(lists)
    if isinstance(lists, tf.Tensor):
        if length is None:
            return lists
        lists = tf.RaggedTensor.from_tensor(lists)
    return lists.to_tensor(padding, shape=[None, length])


def as_sparse(lists: Lists, padding=None) -> tf.SparseTensor:
    """Returns ragged, dense or sparse lists as a sparse tensor [B, n].

    Args:
        lists: [B, n].
        padding: as in `as_ragged`.

    Examples:
        >>> sparse = as_sparse(tf.constant([[1, 2], [3, 0]]), padding=0)
        >>> sparse.values.numpy().tolist(), sparse.indices.numpy().tolist()
        ([1, 2, 3], [[0, 0], [0, 1], [1, 0]])
    """
    return lists if isinstance(lists, tf.SparseTensor) else as_ragged(lists, padding).to_sparse()
