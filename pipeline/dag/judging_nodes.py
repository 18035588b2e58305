"""Nodes that judge the two models together: by their lists, and on the next span by time."""

import json

from tfx.types import BaseChannel

from components.list_evaluation.component import ListEvaluator
from components.recommender_evaluator import RecommenderEvaluator
from components.temporal_check import TemporalCheck
from pipeline.config.bars import limits
from pipeline.config.schema import RecommenderBlessConfig, RetrievalBlessConfig, RunConfig
from pipeline.dag.described import description_json
from pipeline.dag.fingerprints import code_fingerprint
from pipeline.dag.training_nodes import Judged, Prepared


def recommender_nodes(
    config: RunConfig, prepared: Prepared, recommender: BaseChannel
) -> tuple[list, BaseChannel]:
    """Returns the nodes that find the last blessed recommender, the RecommenderEvaluator, and its blessing.

    Args:
        config: configuration of the run.
        prepared: outputs of the data nodes.
        recommender: recommender assembled from models that were trained on `train` only.
    """
    last = prepared.place.last_blessed("recommender", recommender)
    evaluator = list_evaluator(
        RecommenderEvaluator, config, prepared, recommender, last.channel, config.recommender.bless
    )
    return [*last.nodes, evaluator], evaluator.outputs["blessing"]


def list_evaluator(
    kind: type[ListEvaluator],
    config: RunConfig,
    prepared: Prepared,
    model: BaseChannel,
    baseline: BaseChannel | None,
    bless: RetrievalBlessConfig | RecommenderBlessConfig,
) -> ListEvaluator:
    """Returns the RetrievalEvaluator or RecommenderEvaluator of `model`, with the thresholds of `bless`."""
    return kind(
        examples=prepared.examples,
        transform_graph=prepared.transform_graph,
        model=model,
        baseline_model=baseline,
        bars=as_json(limits(bless.bars)),
        over_popularity=as_json(bless.over_popularity),
        min_rating=as_json(config.retrieval.model.min_rating),
        max_users=as_json(config.judged_users),
        description=description_json(config),
        code_fingerprint=code_fingerprint(kind.__module__.rpartition(".")[0], "trainer"),
    )


def temporal_nodes(config: RunConfig, prepared: Prepared, ranking: Judged, retrieval: Judged) -> list:
    """Returns the TemporalCheck node, unless it is switched off."""
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
            min_rating=as_json(config.retrieval.model.min_rating),
            description=description_json(config),
            backup_dir=prepared.resume_folder("temporal", *settings),
            code_fingerprint=code_fingerprint("components.temporal_check", "trainer"),
        )
    ]


def as_json(value: object) -> str:
    """Returns a value as the text of a node's parameter; equal values give equal texts."""
    return json.dumps(value, sort_keys=True)
