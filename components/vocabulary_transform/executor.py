"""Counts first, and then has TFX's Transform write its graph around the files, without a look at the data."""

import json
import os

import tensorflow as tf
import tensorflow_transform as tft
from tfx.components.transform import executor
from tfx.dsl.io import fileio
from tfx.types import artifact_utils
from tfx.utils import io_utils, json_utils

from components.inputs import split_files
from components.vocabulary_transform.counting import learned_by_words, write_vocabularies
from trainer.data.description import Description
from trainer.data.features import TRAIN

_CONFIG = "custom_config"
_METADATA = tft.TFTransformOutput.TRANSFORMED_METADATA_DIR


class Executor(executor.Executor):
    """Executes VocabularyTransform."""

    def Do(self, input_dict, output_dict, exec_properties) -> None:
        """See VocabularyTransform."""
        config = json_utils.loads(exec_properties[_CONFIG])
        schema = io_utils.SchemaReader().read(
            io_utils.get_only_uri_in_dir(artifact_utils.get_single_uri(input_dict["schema"]))
        )
        learned = learned_by_words(Description.model_validate(config["description"]), schema)
        files = [
            file
            for pattern in split_files(input_dict["examples"], TRAIN)
            for file in sorted(tf.io.gfile.glob(pattern))
        ]
        graph = artifact_utils.get_single_uri(output_dict["transform_graph"])
        counted = os.path.join(graph, "counted")
        fileio.makedirs(counted)
        with self._make_beam_pipeline() as pipeline:
            write_vocabularies(pipeline, files, schema, learned, counted)
        vocabularies = {name: os.path.join(counted, name) for name in learned}
        with_files = json_utils.dumps({**config, "vocabularies": vocabularies})
        super().Do(input_dict, output_dict, {**exec_properties, _CONFIG: with_files})
        fileio.rmtree(counted)
        asset_map = os.path.join(graph, _METADATA, tft.TFTransformOutput.ASSET_MAP)
        io_utils.write_string_file(asset_map, json.dumps({name: name for name in learned}))
