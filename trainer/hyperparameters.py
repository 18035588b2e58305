"""Values that a tuner or a command line gives, put into a config by dotted path."""

from collections.abc import Mapping
from typing import Any, TypeVar

from trainer.errors import ConfigError
from trainer.strict import Strict

Config = TypeVar("Config", bound=Strict)


def apply_hyperparameters(config: Config, values: Mapping[str, Any]) -> Config:
    """A copy of `config` with values put in, validated anew.

    Args:
        config: with fields such as `train` and `model`.
        values: e.g. `{"train.learning_rate": 0.01, "model.dim": 8}`.

    Raises:
        ConfigError: a path that the config does not have, or a value that it refuses.
    """
    tree = config.model_dump()
    for path, value in values.items():
        *parents, name = path.split(".")
        node = tree
        for parent in parents:
            node = node.get(parent) if isinstance(node, dict) else None
        if not isinstance(node, dict) or name not in node:
            raise ConfigError(
                f"{path} = {value!r}: there is no such setting.", f"Settings: {', '.join(_paths(tree))}."
            )
        node[name] = value
    return config.checked(tree)


def _paths(tree: Mapping[str, Any], prefix: str = "") -> list[str]:
    paths = []
    for name, value in tree.items():
        paths += _paths(value, f"{prefix}{name}.") if isinstance(value, dict) else [prefix + name]
    return paths
