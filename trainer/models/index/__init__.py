"""Top-k search by inner product, in core TensorFlow operations only."""

from trainer.models.index.choose import IndexKind, IndexReport, build_index, recall_at
from trainer.models.index.exact import ExactIndex
from trainer.models.index.ivf import IvfIndex
from trainer.models.index.streaming import StreamingIndex

__all__ = ["ExactIndex", "IndexKind", "IndexReport", "IvfIndex", "StreamingIndex", "build_index", "recall_at"]
