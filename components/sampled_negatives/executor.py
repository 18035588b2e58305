"""Draws the negatives of every held-out interaction and writes them beside it."""

import os
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa
import tensorflow as tf
from tfx.components.util import examples_utils
from tfx.dsl.components.base import base_executor
from tfx.dsl.io import fileio
from tfx.proto import example_gen_pb2
from tfx.types import artifact_utils

from components.inputs import files_by_split
from components.movielens_example_gen.tfrecord import TFRecordWriter
from components.sampled_negatives.everything import Everything
from components.whole_json import write_json
from marquee.progress import report
from trainer.data import features
from trainer.data.description import Description
from trainer.data.examples import with_serialized
from trainer.data.implicit.negatives import Negatives, by_hash
from trainer.data.pairs.pair_hash import column_hashes, mixed

BATCH = 1 << 13
_IDS = (features.USER_ID, features.MOVIE_ID)


class Executor(base_executor.BaseExecutor):
    """Executes SampledNegatives."""

    def Do(self, input_dict, output_dict, exec_properties) -> None:
        """See SampledNegatives."""
        files = files_by_split(input_dict["examples"])
        labelled = artifact_utils.get_single_instance(output_dict["labelled"])
        report("reading what users have")
        description = Description.model_validate_json(exec_properties["description"])
        known = Everything.read([file for split in files.values() for file in split], description)
        drawn = known.negatives(exec_properties["negatives"])
        held_out = {split: files[split] for split in (features.EVAL, features.TEST) if split in files}
        counts = {}
        for place, (split, patterns) in enumerate(held_out.items()):
            report(f"drawing negatives for {split}", place / len(held_out))
            folder = os.path.join(labelled.uri, f"Split-{split}")
            fileio.makedirs(folder)
            path = os.path.join(folder, "data_tfrecord-00000-of-00001.gz")
            counts[split] = _write(path, patterns, known, drawn, description)
        write_json(os.path.join(labelled.uri, "negatives.json"), counts)
        labelled.split_names = artifact_utils.encode_split_names(list(held_out))
        examples_utils.set_payload_format(labelled, example_gen_pb2.FORMAT_TF_EXAMPLE)
        examples_utils.set_file_format(labelled, "tfrecords_gzip")


def _write(
    path: str, patterns: Sequence[str], known: Everything, drawn: Negatives, description: Description
) -> dict[str, int]:
    """Writes a split and returns the numbers of its positives and negatives."""
    positives = negatives = 0
    with TFRecordWriter(path) as writer:
        for serialized, raw in with_serialized(patterns, _IDS, BATCH, description).as_numpy_iterator():
            records = list(_labelled(serialized, _drawn(raw, known, drawn), known, description))
            writer.write(pa.array(records, pa.binary()))
            positives += len(serialized)
            negatives += len(records) - len(serialized)
    return {"positives": positives, "negatives": negatives}


def _drawn(raw: Mapping[str, np.ndarray], known: Everything, drawn: Negatives) -> np.ndarray:
    """Returns the negatives of each row, int32 [B, number]; 0 where the user has everything."""
    users, items = (column_hashes(raw[name].tolist()) for name in _IDS)
    rows = known.user_rows(users)
    found = np.zeros((len(rows), drawn.number), np.int32)
    some = np.flatnonzero(~drawn.exhausted[rows])
    slots = np.arange(drawn.number, dtype=np.uint64)
    keys = mixed(np.repeat(mixed(users, items)[some], drawn.number), np.tile(slots, len(some)))
    found[some] = drawn.draw(np.repeat(rows[some], drawn.number), by_hash(keys)).reshape(-1, drawn.number)
    return found


def _labelled(
    serialized: Sequence[bytes], items: np.ndarray, known: Everything, description: Description
) -> Iterator[bytes]:
    """Yields each row with label 1 as its rating, then its negatives with label 0 and no event type."""
    for record, drawn in zip(serialized, items, strict=True):
        example = tf.train.Example.FromString(record)
        label = example.features.feature[description.names.rating].float_list
        label.value[:] = [1.0]
        yield example.SerializeToString(deterministic=True)
        label.value[:] = [0.0]
        if description.events:
            example.features.feature.pop(description.events.name, None)  # an empty list could not be parsed
        for item in drawn[drawn > 0]:
            known.put_item(example, int(item))
            yield example.SerializeToString(deterministic=True)
