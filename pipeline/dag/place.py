"""Interface of the places where a pipeline runs: storage of results, and access to earlier ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ml_metadata.proto import metadata_store_pb2
from tfx.dsl.components.base.base_node import BaseNode
from tfx.types import BaseChannel


@dataclass(frozen=True)
class Found:
    """Nodes that find an artifact, and its channel; the channel is None if there is nothing to find."""

    nodes: list[BaseNode]
    channel: BaseChannel | None


NOTHING = Found([], None)


@dataclass(frozen=True)
class Gate:
    """Channels of models that pass only if they are blessed.

    Args:
        nodes: nodes that let the models pass.
        models: channels by task; a closed one is empty.
        blessings: blessings that the reader has to check itself, by the name of what was judged.
    """

    nodes: list[BaseNode]
    models: Mapping[str, BaseChannel]
    blessings: Mapping[str, BaseChannel]


class Place(Protocol):
    """Place of a pipeline: this machine (`pipeline.dag.local_place`) or a cluster (`pipeline.kubeflow`).

    Attributes:
        root: folder, or object store, of artifacts.
        serving_models: folder that models are pushed to.
        metadata: connection to ML Metadata; None if the cluster has its own.
        push_trained: whether models must be pushed with their training state, so that later runs find it.
    """

    root: str
    serving_models: Any
    metadata: metadata_store_pb2.ConnectionConfig | None
    push_trained: bool

    def schema(self, text: str) -> Found:
        """Returns the committed schema, as a Schema artifact."""

    def previous_statistics(self, statistics: BaseChannel, validator: str) -> Found:
        """Returns the last accepted statistics before these; nothing in the first run.

        Args:
            statistics: statistics of this run.
            validator: node that accepted them, as `pipeline.node`.
        """

    def keep_statistics(self, statistics: BaseChannel) -> list[BaseNode]:
        """Returns the nodes that keep statistics for the next run; none if they are kept anyway."""

    def base_model(self, task: str, trainer: str, examples: BaseChannel | None, or_refit: str) -> Found:
        """Returns the last blessed model of a task, from which a warm start begins.

        Args:
            task: `ranking` or `retrieval`.
            trainer: node that makes it, as `pipeline.node`.
            examples: if given, the model must be older than these.
            or_refit: node whose refit models may be used too, if they are newer; "" for none.
        """

    def refit_base(self, task: str, node: str, examples: BaseChannel | None) -> Found:
        """Returns the last refit model of a task, from which a refit with a warm start begins.

        Args:
            task: `ranking` or `retrieval`.
            node: node that makes it, as `pipeline.node`.
            examples: if given, the model must be older than these.
        """

    def gate(self, models: Mapping[str, BaseChannel], blessings: Mapping[str, BaseChannel]) -> Gate:
        """Lets models pass if every blessing is given, so that a new judgement alone causes no training."""

    def last_blessed(self, task: str, model: BaseChannel) -> Found:
        """Returns the baseline of `model`: the last blessed judged model of a task other than `model`."""

    def resume_folder(self, key: str) -> str | None:
        """Returns the folder that keeps interrupted work; None if nothing survives an interruption."""
