"""Where a pipeline runs: where results go, and how what earlier runs left is found again."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ml_metadata.proto import metadata_store_pb2
from tfx.dsl.components.base.base_node import BaseNode
from tfx.types import BaseChannel


@dataclass(frozen=True)
class Found:
    """Nodes that bring something, and the channel on which it comes; no channel where there is nothing."""

    nodes: list[BaseNode]
    channel: BaseChannel | None


NOTHING = Found([], None)


@dataclass(frozen=True)
class Gate:
    """Models that come through only while they are blessed.

    Args:
        nodes: that let them through.
        models: by task; a channel that is shut brings nothing.
        blessings: those that the reader has to look at itself, by the name of what was judged.
    """

    nodes: list[BaseNode]
    models: Mapping[str, BaseChannel]
    blessings: Mapping[str, BaseChannel]


class Place(Protocol):
    """This machine (`pipeline.dag.local_place`), or a cluster (`pipeline.kubeflow.cluster`).

    Attributes:
        root: the folder, or object store, of artifacts.
        serving_models: where models are pushed to.
        metadata: of ML Metadata; None where the cluster has its own.
        push_trained: whether what models learned must be pushed with them, to be found again.
    """

    root: str
    serving_models: Any
    metadata: metadata_store_pb2.ConnectionConfig | None
    push_trained: bool

    def schema(self, text: str) -> Found:
        """The committed schema, as a Schema artifact."""

    def previous_statistics(self, statistics: BaseChannel, validator: str) -> Found:
        """The last statistics before these that were accepted; nothing the first time.

        Args:
            statistics: the run's own.
            validator: by which node they were accepted, as `pipeline.node`.
        """

    def keep_statistics(self, statistics: BaseChannel) -> list[BaseNode]:
        """What keeps statistics for the run after this one; no nodes where they are kept anyway."""

    def base_model(self, task: str, trainer: str, examples: BaseChannel | None, or_refit: str) -> Found:
        """The last blessed model of a task, which a warm start begins from.

        Args:
            task: `ranking` or `retrieval`.
            trainer: the node that makes it, as `pipeline.node`.
            examples: where given, the model must be older than these.
            or_refit: a node whose refit models are begun from as well, being newer; "" for none.
        """

    def refit_base(self, task: str, node: str, examples: BaseChannel | None) -> Found:
        """The last refit model of a task, which a refit that starts warm begins from.

        Args:
            task: `ranking` or `retrieval`.
            node: the node that makes it, as `pipeline.node`.
            examples: where given, the model must be older than these.
        """

    def gate(self, models: Mapping[str, BaseChannel], blessings: Mapping[str, BaseChannel]) -> Gate:
        """Lets models through while every blessing is given, so that a new judgement alone trains nothing."""

    def last_blessed(self, task: str, model: BaseChannel) -> Found:
        """The last blessed judged model of a task, other than `model`, which `model` is compared with."""

    def resume_folder(self, key: str) -> str | None:
        """Where interrupted work is kept; None where nothing outlives an interruption."""
