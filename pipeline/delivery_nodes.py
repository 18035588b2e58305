"""From two judged models to what is served: assemble, try out, push, report."""

import json
from dataclasses import dataclass

from tfx.types import BaseChannel

from components.atomic_pusher import AtomicPusher
from components.bulk_recommender import BulkRecommender
from components.recommender_assembler import RecommenderAssembler
from components.run_report import RunReport
from components.serving_validator import ServingValidator
from pipeline.config import RunConfig
from pipeline.fingerprints import code_fingerprint
from pipeline.training_nodes import Prepared


@dataclass(frozen=True)
class Judged:
    """A model, whether it is blessed, and the nodes that made and judged it."""

    nodes: list
    model: BaseChannel
    blessing: BaseChannel


def delivery_nodes(config: RunConfig, prepared: Prepared, ranking: Judged, retrieval: Judged) -> list:
    """RecommenderAssembler, ServingValidator, AtomicPusher, BulkRecommender (if wanted) and RunReport."""
    assembler = RecommenderAssembler(
        ranking=ranking.model,
        retrieval=retrieval.model,
        candidates=config.recommender.candidates,
        rating_weight=config.recommender.rating_weight,
        code_fingerprint=code_fingerprint(
            "components.recommender_assembler", "trainer.recommender", "trainer.answers", "trainer.verify"
        ),
    )
    models = {
        "ranking": ranking.model,
        "retrieval": retrieval.model,
        "recommender": assembler.outputs["model"],
    }
    validator = ServingValidator(
        **models, code_fingerprint=code_fingerprint("components.serving_validator", "serving")
    )
    pusher = AtomicPusher(
        **models,
        ranking_blessing=ranking.blessing,
        retrieval_blessing=retrieval.blessing,
        infra_blessing=validator.outputs["blessing"],
        serving_models=prepared.place.serving_models,
        keep=config.push.keep,
        with_trained=prepared.place.push_trained,
        code_fingerprint=code_fingerprint("components.atomic_pusher", "serving"),
    )
    bulk = []
    if config.bulk.enabled:
        bulk = [
            BulkRecommender(
                model=models["recommender"],
                pushed_model=pusher.outputs["pushed_model"],
                k=config.bulk.k,
                exclude_seen=config.bulk.exclude_seen,
                code_fingerprint=code_fingerprint("components.bulk_recommender", "serving"),
            )
        ]
    report = RunReport(
        examples=prepared.examples,
        transform_graph=prepared.transform_graph,
        **models,
        min_rating=json.dumps(config.retrieval.model.min_rating),
        code_fingerprint=code_fingerprint("components.run_report", "trainer"),
    )
    report.add_upstream_node(pusher)  # last: `test` is read when everything is decided
    return [assembler, validator, pusher, *bulk, report]
