"""Tuner and Trainer of one task, ranking and retrieval alike."""

from dataclasses import dataclass
from typing import Any

from tfx.components import Trainer
from tfx.proto import trainer_pb2
from tfx.types import BaseChannel

from components.tuner import AccountingTuner
from pipeline.config.schema import RankingConfig, RetrievalConfig, RunConfig
from pipeline.dag.data_source import DataSource
from pipeline.dag.fingerprints import code_fingerprint, content_fingerprint
from pipeline.dag.place import NOTHING, Found, Place
from trainer.data import features


@dataclass(frozen=True)
class Prepared:
    """What the data nodes made, and where the pipeline runs."""

    examples: BaseChannel
    transform_graph: BaseChannel
    schema: BaseChannel
    source: DataSource
    place: Place

    def resume_folder(self, *settings: object) -> str | None:
        """Where interrupted work of exactly these settings on exactly this data is kept."""
        return self.place.resume_folder(content_fingerprint(repr((self.source.fingerprint, settings))))


@dataclass(frozen=True)
class Judged:
    """A model, whether it is blessed, what its training wrote, and the nodes that made and judged it."""

    nodes: list
    model: BaseChannel
    run: BaseChannel
    blessing: BaseChannel


@dataclass(frozen=True)
class Trained:
    """The nodes that train one model, the model, what its training wrote, and what it is compared with."""

    nodes: list
    model: BaseChannel
    run: BaseChannel
    last_blessed: BaseChannel | None


def training_nodes(task: str, config: RunConfig, prepared: Prepared) -> Trained:
    """Tuner (unless switched off), Trainer, and the nodes that find what is begun from and compared with.

    Args:
        task: `ranking` or `retrieval`, the name of a section of the configuration.
        config: what to run.
        prepared: the data.
    """
    section: RankingConfig | RetrievalConfig = getattr(config, task)
    name = task.capitalize()
    settings = task_settings(task, section)
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
        custom_config={**settings, "backup_dir": prepared.resume_folder(settings, bool(tuner))},
    ).with_id(f"{name}Trainer")
    last = prepared.place.last_blessed(task, trainer.outputs["model"])
    made = trainer.outputs
    return Trained(
        [*nodes, *base.nodes, trainer, *last.nodes], made["model"], made["model_run"], last.channel
    )


def _base(task: str, config: RunConfig, prepared: Prepared) -> Found:
    """What training begins from.

    Of data in spans a model that never saw the newest: what was learned from this very data has little left
    to learn, and a run that finds no new span has nothing to do. Where the newest span alone is judged by,
    a model that was refit on all earlier ones has not learned what this one is judged by, and is begun from.
    """
    if not config.warm_start:
        return NOTHING
    examples = prepared.examples if config.data.spans else None
    name = f"{config.name}.{task.capitalize()}"
    or_refit = f"{name}Refit" if examples and config.data.split.kind == "newest_span" else ""
    return prepared.place.base_model(task, f"{name}Trainer", examples, or_refit)


def task_settings(task: str, section: RankingConfig | RetrievalConfig) -> dict[str, Any]:
    """What `trainer.run_fn` calls the task's settings: the section without what other nodes read."""
    plain = section.model_dump(mode="json", exclude={"tune", "bless"})
    return {"task": task, **plain, "code_fingerprint": code_fingerprint("trainer", "tuner")}
