"""Tuner and Trainer nodes of a task, ranking or retrieval."""

from dataclasses import dataclass
from typing import Any

from tfx.components import Trainer
from tfx.proto import trainer_pb2
from tfx.types import BaseChannel

from components.tuner import AccountingTuner
from pipeline.config.schema import RankingConfig, RetrievalConfig, RunConfig
from pipeline.dag.data_source import DataSource
from pipeline.dag.described import description_tree
from pipeline.dag.fingerprints import code_fingerprint, content_fingerprint
from pipeline.dag.place import NOTHING, Found, Place
from trainer.data import features


@dataclass(frozen=True)
class Prepared:
    """Outputs of the data nodes, and the place where the pipeline runs.

    Attributes:
        labelled: what a ranking model is judged on: `examples`, or for implicit feedback its held-out
            interactions with sampled negatives.
    """

    examples: BaseChannel
    transform_graph: BaseChannel
    schema: BaseChannel
    source: DataSource
    place: Place
    labelled: BaseChannel

    def resume_folder(self, *settings: object) -> str | None:
        """Returns the folder that keeps interrupted work with these settings on this data."""
        return self.place.resume_folder(content_fingerprint(repr((self.source.fingerprint, settings))))


@dataclass(frozen=True)
class Judged:
    """A judged model, its blessing, the output of its training, and the nodes that made and judged it."""

    nodes: list
    model: BaseChannel
    run: BaseChannel
    blessing: BaseChannel


@dataclass(frozen=True)
class Trained:
    """Nodes that train a model, the model, the output of its training, and its baseline."""

    nodes: list
    model: BaseChannel
    run: BaseChannel
    last_blessed: BaseChannel | None


def training_nodes(task: str, config: RunConfig, prepared: Prepared) -> Trained:
    """Returns Tuner (unless switched off), Trainer, and the nodes that find the warm start and the baseline.

    Args:
        task: `ranking` or `retrieval`, the name of a section of the configuration.
        config: configuration of the run.
        prepared: outputs of the data nodes.
    """
    section: RankingConfig | RetrievalConfig = getattr(config, task)
    name = task.capitalize()
    settings = {**task_settings(task, section), "description": description_tree(config)}
    inputs = {"examples": prepared.examples, "transform_graph": prepared.transform_graph}
    nodes = []
    tuner = None
    if section.tune.enabled:
        tune = section.tune.model_dump(mode="json")
        tuner = AccountingTuner(
            **inputs,
            tuner_fn="tuner.tuner_fn.tuner_fn",
            custom_config={
                **settings,
                "tune": tune,
                "trials_dir": prepared.resume_folder(settings, tune),
                "component": code_fingerprint("components.tuner"),
            },
        ).with_id(f"{name}Tuner")
        nodes.append(tuner)
    base = _base(task, config, prepared)
    trainer = Trainer(
        **inputs,
        hyperparameters=tuner.outputs["best_hyperparameters"] if tuner else None,
        base_model=base.channel,
        run_fn="trainer.run_fn.run_fn",
        train_args=trainer_pb2.TrainArgs(splits=[features.TRAIN]),
        eval_args=trainer_pb2.EvalArgs(splits=[features.EVAL]),
        custom_config={
            **settings,
            "served": config.refit == "none",
            "backup_dir": prepared.resume_folder(settings, bool(tuner)),
        },
    ).with_id(f"{name}Trainer")
    last = prepared.place.last_blessed(task, trainer.outputs["model"])
    made = trainer.outputs
    return Trained(
        [*nodes, *base.nodes, trainer, *last.nodes], made["model"], made["model_run"], last.channel
    )


def _base(task: str, config: RunConfig, prepared: Prepared) -> Found:
    """Returns the model that a warm start begins from.

    For data in spans it must not have seen the newest span: a model of the same data has little left to
    learn, and a run without a new span has nothing to do. If evaluation uses the newest span only, a model
    that was refit on all earlier spans has not learned the evaluation data, and may be used too.
    """
    if not config.warm_start:
        return NOTHING
    examples = prepared.examples if config.data.spans else None
    name = f"{config.name}.{task.capitalize()}"
    or_refit = f"{name}Refit" if examples and config.data.split.kind == "newest_span" else ""
    return prepared.place.base_model(task, f"{name}Trainer", examples, or_refit)


def task_settings(task: str, section: RankingConfig | RetrievalConfig) -> dict[str, Any]:
    """Returns the task's settings for `trainer.run_fn`: the section without the settings of other nodes."""
    plain = section.model_dump(mode="json", exclude={"tune", "bless"})
    return {"task": task, **plain, "code_fingerprint": code_fingerprint("trainer", "tuner")}
