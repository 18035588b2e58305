"""Nodes that deliver two judged models: assembly, validation, push, report."""

import json

from components.atomic_pusher import AtomicPusher
from components.bulk_recommender import BulkRecommender
from components.run_report import RunReport
from components.serving_validator import ServingValidator
from pipeline.config.schema import RunConfig
from pipeline.dag.described import description_json
from pipeline.dag.fingerprints import code_fingerprint
from pipeline.dag.judging_nodes import recommender_nodes, temporal_nodes
from pipeline.dag.refit_nodes import Served, assembler, refit_nodes
from pipeline.dag.training_nodes import Judged, Prepared


def delivery_nodes(config: RunConfig, prepared: Prepared, ranking: Judged, retrieval: Judged) -> list:
    """Returns RecommenderAssembler, its evaluator, refit, ServingValidator, AtomicPusher, lists, RunReport.

    The report is on the judged models, which have not learned `test`. The served models are validated, pushed
    and used for bulk lists.
    """
    assembled = assembler(config, ranking.model, retrieval.model)
    judged = {
        "ranking": ranking.model,
        "retrieval": retrieval.model,
        "recommender": assembled.outputs["model"],
    }
    judging, blessing = recommender_nodes(config, prepared, judged["recommender"])
    blessings = {"ranking": ranking.blessing, "retrieval": retrieval.blessing, "recommender": blessing}
    served = Served([], judged)
    if config.refit != "none":
        served = refit_nodes(config, prepared, {"ranking": ranking, "retrieval": retrieval}, blessings)
    validator = ServingValidator(
        **served.models, code_fingerprint=code_fingerprint("components.serving_validator", "serving")
    )
    travelling = prepared.place.push_trained and config.refit != "none"
    pusher = AtomicPusher(
        **served.models,
        **{f"{name}_blessing": blessing for name, blessing in blessings.items()},
        infra_blessing=validator.outputs["blessing"],
        serving_models=prepared.place.serving_models,
        keep=config.push.keep,
        with_trained=prepared.place.push_trained,
        judged=judged if travelling else {},
        code_fingerprint=code_fingerprint("components.atomic_pusher", "serving"),
    )
    bulk = []
    if config.bulk.enabled:
        bulk = [
            BulkRecommender(
                model=served.models["recommender"],
                pushed_model=pusher.outputs["pushed_model"],
                k=config.bulk.k,
                exclude_seen=config.bulk.exclude_seen,
                code_fingerprint=code_fingerprint("components.bulk_recommender", "serving"),
            )
        ]
    report = RunReport(
        examples=prepared.examples,
        transform_graph=prepared.transform_graph,
        **judged,
        labelled=prepared.labelled if config.data.description.implicit else None,
        min_rating=json.dumps(config.retrieval.model.min_rating),
        max_users=json.dumps(config.judged_users),
        description=description_json(config),
        code_fingerprint=code_fingerprint("components.run_report", "trainer"),
    )
    temporal = temporal_nodes(config, prepared, ranking, retrieval)
    for node in temporal:
        node.add_upstream_node(pusher)  # its failure does not prevent the push
        report.add_upstream_node(node)
    report.add_upstream_node(pusher)  # last, so that `test` is read after all decisions
    return [assembled, *judging, *served.nodes, validator, pusher, *bulk, *temporal, report]
