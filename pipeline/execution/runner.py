"""Runs a compiled pipeline node by node on this machine, and tells an observer about each."""

import datetime
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ml_metadata.proto import metadata_store_pb2
from tfx.dsl.compiler import constants
from tfx.dsl.io import fileio
from tfx.orchestration import metadata
from tfx.orchestration.local import runner_utils
from tfx.orchestration.portable import launcher, partial_run_utils, runtime_parameter_utils, tfx_runner
from tfx.proto.orchestration import pipeline_pb2

from marquee.errors import ConfigError

_RESOLVER, _IMPORTER = (
    "tfx.dsl.components.common.resolver.Resolver",
    "tfx.dsl.components.common.importer.Importer",
)
_STATE = metadata_store_pb2.Execution.State


@dataclass(frozen=True)
class NodeEvent:
    """Event of a node: its position among the shown nodes, and its result."""

    node: str
    number: int
    of: int
    seconds: float = 0.0
    cached: bool = False


class Observer(Protocol):
    """Receives the start and end of each node except Resolvers and Importers."""

    def started(self, event: NodeEvent) -> None:
        """Called when a node starts."""

    def finished(self, event: NodeEvent) -> None:
        """Called when a node has succeeded, by running or from the cache."""


class NodeFailedError(Exception):
    """A node failed; the exception is `__cause__`.

    Args:
        node: id of the node.
    """

    def __init__(self, node: str):
        super().__init__(node)
        self.node = node


class ObservedDagRunner(tfx_runner.IrBasedRunner):
    """`LocalDagRunner` with an observer, which detects silently failed nodes and cleans up after failures.

    Args:
        observer: receives the events of each node.
        run_id: id of this run in the metadata; the current time if not given.
        before: called with each node just before it is launched; may set its parameters.
    """

    def __init__(
        self,
        observer: Observer,
        run_id: str | None = None,
        before: Callable[[pipeline_pb2.PipelineNode], None] = lambda node: None,
    ):
        self._observer, self._before = observer, before
        self.run_id = run_id or datetime.datetime.now().strftime("%Y%m%d-%H%M%S")

    def run_with_ir(
        self, pipeline: pipeline_pb2.Pipeline, run_options: pipeline_pb2.RunOptions | None = None
    ) -> None:
        """Runs the nodes in order.

        Raises:
            NodeFailedError: a node failed, or could not resolve its inputs.
        """
        runtime_parameter_utils.substitute_runtime_parameter(
            pipeline, {constants.PIPELINE_RUN_ID_PARAMETER_NAME: self.run_id}
        )
        deployment = runner_utils.extract_local_deployment_config(pipeline)
        connection = getattr(
            deployment.metadata_connection_config,
            deployment.metadata_connection_config.WhichOneof("connection_config"),
        )
        root = pipeline.runtime_spec.pipeline_root.field_value.string_value
        if run_options:
            partial_run_utils.mark_pipeline(
                pipeline,
                from_nodes=run_options.partial_run.from_nodes or None,
                to_nodes=run_options.partial_run.to_nodes or None,
                snapshot_settings=run_options.partial_run.snapshot_settings,
            )
        nodes = [
            n.pipeline_node for n in pipeline.nodes if not n.pipeline_node.execution_options.HasField("skip")
        ]
        shown = [n.node_info.id for n in nodes if n.node_info.type.name not in (_RESOLVER, _IMPORTER)]
        abandon_unfinished(connection, pipeline.pipeline_info.id, root)
        for node in nodes:
            name = node.node_info.id
            place = (shown.index(name) + 1 if name in shown else 0, len(shown))
            if name in shown:
                self._observer.started(NodeEvent(name, *place))
            start = time.monotonic()
            if node.execution_options.run.perform_snapshot:
                _reuse(connection, pipeline)
            try:
                self._before(node)
                info = launcher.Launcher(
                    pipeline_node=node,
                    mlmd_connection=metadata.Metadata(connection),
                    pipeline_info=pipeline.pipeline_info,
                    pipeline_runtime_spec=pipeline.runtime_spec,
                    executor_spec=runner_utils.extract_executor_spec(deployment, name),
                    custom_driver_spec=runner_utils.extract_custom_driver_spec(deployment, name),
                ).launch()
            except KeyboardInterrupt:
                abandon_unfinished(connection, pipeline.pipeline_info.id, root)
                raise
            except Exception as error:
                raise NodeFailedError(name) from error
            if name not in shown:
                continue
            state = _state(connection, info.execution_id)
            if state == _STATE.FAILED:  # the launcher only logs unresolved inputs
                raise NodeFailedError(name) from RuntimeError("its inputs could not be resolved")
            self._observer.finished(
                NodeEvent(name, *place, time.monotonic() - start, cached=state == _STATE.CACHED)
            )


def _reuse(connection: metadata_store_pb2.ConnectionConfig, pipeline: pipeline_pb2.Pipeline) -> None:
    """Reuses the nodes that a partial run skips from the previous run."""
    try:
        with metadata.Metadata(connection) as handle:
            partial_run_utils.snapshot(handle, pipeline)
    except LookupError as error:
        raise ConfigError(
            f"--from-node: there is nothing to reuse before it ({error})", "run once without --from-node"
        ) from None


def abandon_unfinished(
    connection: metadata_store_pb2.ConnectionConfig, pipeline: str, pipeline_root: str
) -> None:
    """Marks executions that a killed process left running as cancelled, and removes their partial outputs."""
    with metadata.Metadata(connection) as handle:
        store = handle.store
        context = store.get_context_by_type_and_name("pipeline", pipeline)
        if context is None:
            return
        for execution in store.get_executions_by_context(context.id):
            if execution.last_known_state not in (_STATE.NEW, _STATE.RUNNING):
                continue
            for folder in _output_folders(store, execution, pipeline, pipeline_root):
                if fileio.exists(folder):
                    fileio.rmtree(folder)
            execution.last_known_state = _STATE.CANCELED
            store.put_executions([execution])


def _output_folders(store, execution, pipeline: str, pipeline_root: str) -> list[str]:
    """Returns the folders of an execution's outputs: `<root>/<node>/<output>/<execution id>`."""
    for context in store.get_contexts_by_execution(execution.id):
        if context.type == "node":
            node_root = os.path.join(pipeline_root, context.name.removeprefix(f"{pipeline}."))
            if fileio.isdir(node_root):
                return [os.path.join(node_root, key, str(execution.id)) for key in fileio.listdir(node_root)]
    return []


def _state(connection: metadata_store_pb2.ConnectionConfig, execution_id: int) -> int:
    with metadata.Metadata(connection) as handle:
        [execution] = handle.store.get_executions_by_id([execution_id])
        return execution.last_known_state
