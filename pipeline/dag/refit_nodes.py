"""Nodes that refit blessed models on all ratings for serving."""

from collections.abc import Mapping
from dataclasses import dataclass

from tfx.types import BaseChannel

from components.recommender_assembler import RecommenderAssembler
from components.refit import Refit
from pipeline.config.schema import RunConfig
from pipeline.dag.described import description_json
from pipeline.dag.fingerprints import code_fingerprint
from pipeline.dag.place import NOTHING
from pipeline.dag.training_nodes import Judged, Prepared, task_settings


@dataclass(frozen=True)
class Served:
    """Nodes that make the served models, and these models by name."""

    nodes: list
    models: dict[str, BaseChannel]


def refit_nodes(
    config: RunConfig,
    prepared: Prepared,
    judged: Mapping[str, Judged],
    blessings: Mapping[str, BaseChannel],
) -> Served:
    """Returns RankingRefit, RetrievalRefit and RecommenderRefit, which need every blessing to do anything.

    Args:
        config: configuration of the run; `refit` is `all` or `seen`.
        prepared: outputs of the data nodes.
        judged: judged model of each task.
        blessings: required blessings, by the name of what was judged.
    """
    gate = prepared.place.gate({task: each.model for task, each in judged.items()}, blessings)
    nodes, refit = [*gate.nodes], {}
    for task, each in judged.items():
        name = f"{task.capitalize()}Refit"
        examples = prepared.examples if config.data.spans else None
        warm = config.warm_start and config.refit == "all"
        base = prepared.place.refit_base(task, f"{config.name}.{name}", examples) if warm else NOTHING
        node = Refit(
            task=task,
            mode=config.refit,
            description=description_json(config),
            examples=prepared.examples,
            transform_graph=prepared.transform_graph,
            judged_run=each.run,
            judged_model=gate.models[task],
            blessings=gate.blessings,
            base_model=base.channel,
            backup_dir=prepared.resume_folder("refit", task_settings(task, getattr(config, task))),
            code_fingerprint=code_fingerprint("components.refit", "trainer"),
        ).with_id(name)
        nodes += [*base.nodes, node]
        refit[task] = node.outputs["model"]
    assembled = assembler(config, **refit).with_id("RecommenderRefit")
    return Served([*nodes, assembled], {**refit, "recommender": assembled.outputs["model"]})


def assembler(config: RunConfig, ranking: BaseChannel, retrieval: BaseChannel) -> RecommenderAssembler:
    """Returns the node that assembles the recommender from two models."""
    return RecommenderAssembler(
        ranking=ranking,
        retrieval=retrieval,
        candidates=config.recommender.candidates,
        rating_weight=config.recommender.rating_weight,
        description=description_json(config),
        code_fingerprint=code_fingerprint("components.recommender_assembler"),
    )
