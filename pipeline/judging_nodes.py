"""Nodes that judge the two models together: by their lists."""

import json

from tfx.types import BaseChannel

from components.recommender_evaluator import RecommenderEvaluator
from pipeline.config import RunConfig
from pipeline.fingerprints import code_fingerprint
from pipeline.training_nodes import Prepared


def recommender_nodes(
    config: RunConfig, prepared: Prepared, recommender: BaseChannel
) -> tuple[list, BaseChannel]:
    """What finds the last blessed recommender, the RecommenderEvaluator, and its blessing.

    Args:
        config: what to run.
        prepared: the data.
        recommender: assembled of models that were trained on `train` alone.
    """
    bless = config.recommender.bless
    last = prepared.place.last_blessed("recommender", recommender)
    evaluator = RecommenderEvaluator(
        examples=prepared.examples,
        transform_graph=prepared.transform_graph,
        model=recommender,
        baseline_model=last.channel,
        bars=_json({name: bar.model_dump() for name, bar in bless.bars.items()}),
        over_popularity=_json(bless.over_popularity),
        min_rating=_json(config.retrieval.model.min_rating),
        code_fingerprint=code_fingerprint(
            "components.recommender_evaluator", "components.list_evaluation", "components.bars", "trainer"
        ),
    )
    return [*last.nodes, evaluator], evaluator.outputs["blessing"]


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True)
