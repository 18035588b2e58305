"""The description of the data, as nodes receive it: a JSON parameter."""

from typing import Any

from trainer.data.description import Description


def description_of(exec_properties: dict[str, Any]) -> Description:
    """Reads the parameter `description` of a node."""
    return Description.model_validate_json(exec_properties["description"])
