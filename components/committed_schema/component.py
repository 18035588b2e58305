"""The component's outputs and parameters."""

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import Channel, component_spec, standard_artifacts

from components.committed_schema.executor import Executor


class CommittedSchemaSpec(component_spec.ComponentSpec):
    """Outputs and parameters."""

    PARAMETERS = {  # noqa: RUF012 - TFX's own way of declaring a spec
        "text": component_spec.ExecutionParameter(type=str)
    }
    INPUTS: dict[str, component_spec.ChannelParameter] = {}  # noqa: RUF012
    OUTPUTS = {"schema": component_spec.ChannelParameter(type=standard_artifacts.Schema)}  # noqa: RUF012


class CommittedSchema(base_component.BaseComponent):
    """Writes a schema that travels in the pipeline itself.

    TFX's Importer names a folder that a cluster's containers must be able to reach; a repository is none.

    Args:
        text: a Schema in protobuf's text format.

    Outputs `schema`, with `schema.pbtxt`.
    """

    SPEC_CLASS = CommittedSchemaSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(self, text: str):
        super().__init__(CommittedSchemaSpec(text=text, schema=Channel(type=standard_artifacts.Schema)))
