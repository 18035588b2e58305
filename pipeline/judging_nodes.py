"""Nodes that judge the two models together: by their lists, and on the next span by time."""

import json

from tfx.types import BaseChannel

from components.recommender_evaluator import RecommenderEvaluator
from components.temporal_check import TemporalCheck
from pipeline.config import RunConfig, limits
from pipeline.fingerprints import code_fingerprint
from pipeline.training_nodes import Judged, Prepared


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
        bars=_json(limits(bless.bars)),
        over_popularity=_json(bless.over_popularity),
        min_rating=_json(config.retrieval.model.min_rating),
        code_fingerprint=code_fingerprint(
            "components.recommender_evaluator",
            "components.list_evaluation",
            "components.bars",
            "components.baseline",
            "components.blessing",
            "trainer",
        ),
    )
    return [*last.nodes, evaluator], evaluator.outputs["blessing"]


def temporal_nodes(config: RunConfig, prepared: Prepared, ranking: Judged, retrieval: Judged) -> list:
    """The TemporalCheck, unless it is switched off."""
    if config.temporal_check == "never":
        return []
    settings = [
        getattr(config, task).model_dump(mode="json", exclude={"bless"}) for task in ("ranking", "retrieval")
    ]
    return [
        TemporalCheck(
            examples=prepared.examples,
            ranking_run=ranking.run,
            retrieval_run=retrieval.run,
            mode=config.temporal_check,
            candidates=config.recommender.candidates,
            rating_weight=config.recommender.rating_weight,
            min_rating=_json(config.retrieval.model.min_rating),
            backup_dir=prepared.resume_folder("temporal", *settings),
            code_fingerprint=code_fingerprint("components.temporal_check", "components.intervals", "trainer"),
        )
    ]


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True)
