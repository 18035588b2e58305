"""The data for the evaluation of lists: train, eval and its users, read from an executor's inputs."""

import json
from dataclasses import dataclass
from functools import cached_property

from tfx.types import artifact_utils

from components.bars import Overlap
from components.baseline import BASELINE, eval_overlap
from components.described import description_of
from components.inputs import split_files
from marquee.progress import report
from trainer.data import features
from trainer.data.pairs.trained_on import rating_pairs
from trainer.data.rating_data import RatingData
from trainer.evaluation.held_out import HeldOut


@dataclass(frozen=True, eq=False)
class EvalSplit:
    """Train, eval, and the users whose lists are evaluated.

    Attributes:
        data: train, and eval as the held-out ratings.
        held_out: the users and their held-out items.
    """

    data: RatingData
    held_out: HeldOut
    _input_dict: dict

    @classmethod
    def read(cls, input_dict, exec_properties) -> "EvalSplit":
        """Reads the inputs and parameters of a `ListEvaluator`, without a missing baseline."""
        report("reading train and eval")
        data = RatingData.read(
            split_files(input_dict["examples"], features.TRAIN),
            split_files(input_dict["examples"], features.EVAL),
            artifact_utils.get_single_uri(input_dict["transform_graph"]),
            description_of(exec_properties),
        )
        min_rating = json.loads(exec_properties["min_rating"] or "null")
        assert data.evaluation is not None  # it was just read
        most = json.loads(exec_properties["max_users"])
        held_out = HeldOut.of_split(data.evaluation, data.eval_files, data.catalogue, min_rating, most)
        return cls(data, held_out, input_dict)

    @cached_property
    def overlap(self) -> Overlap | None:
        """Returns the share of eval that the baseline was trained on; None if there is no baseline."""
        if not self._input_dict.get(BASELINE):
            return None
        pairs = rating_pairs(self.data.eval_files, self.data.catalogue.description)
        return eval_overlap(self._input_dict, pairs)
