"""The description of the data, as nodes receive it."""

import json
from typing import Any

from pipeline.config.schema import RunConfig


def description_tree(config: RunConfig) -> dict[str, Any]:
    """Returns the description as plain data, for the `custom_config` of TFX's own nodes."""
    return config.data.description.model_dump(mode="json")


def description_json(config: RunConfig) -> str:
    """Returns the description as the parameter `description` of a node; equal ones give equal texts."""
    return json.dumps(description_tree(config), sort_keys=True)
