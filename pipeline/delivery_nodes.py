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
from pipeline.lineage import Lineage
from pipeline.training_nodes import Prepared
from pipeline.workspace import Workspace
from serving.contract import MODELS
from serving.placement import front, in_front


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
        code_fingerprint=code_fingerprint("components.recommender_assembler", "trainer.recommender"),
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
        serving_models=str(prepared.workspace.serving_models.resolve()),
        keep=config.push.keep,
        disturbed=_disturbed(config, prepared.workspace),
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


def _disturbed(config: RunConfig, workspace: Workspace) -> str:
    """Empty while what this pipeline pushed last is in front; else the versions that are there."""
    runs = Lineage(workspace.metadata_db).runs(config.name)
    outputs = [output for run in runs if (output := run.output("AtomicPusher", "pushed_model"))]
    last = next((o.properties["content"] for o in outputs if o.properties.get("pushed")), None)
    if last is None or in_front(workspace.serving_models, MODELS) == last:
        return ""
    return f"in front: { {name: front(workspace.serving_models, name) for name in MODELS} }"
