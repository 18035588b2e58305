"""Overrides of a config by dotted path, with values from a tuner or a command line."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from marquee.errors import ConfigError
from marquee.strict import Strict

if TYPE_CHECKING:
    from trainer.training.settings import Settings

Config = TypeVar("Config", bound="Settings")
KIND = "model.kind"


def apply_hyperparameters(config: Config, values: Mapping[str, Any]) -> Config:
    """Returns a validated copy of `config` with the values set.

    Args:
        config: the config to override.
        values: values by path, such as `{"train.learning_rate": 0.01, "model.dim": 8}`. If they change
            `model.kind`, the config is first replaced by `of_kind`, and paths that only other kinds have are
            ignored: so one search can cover several kinds.

    Raises:
        ConfigError: the config lacks a path, or a value is invalid.
    """
    if values.get(KIND, config.model.kind) != config.model.kind:
        config = config.of_kind(values[KIND])
    tree = config.model_dump()
    for path, value in values.items():
        *parents, name = path.split(".")
        node: dict[str, Any] | None = tree
        for parent in parents:
            node = node.get(parent) if isinstance(node, dict) else None
        if not isinstance(node, dict) or name not in node:
            if KIND in values and kinds_with(type(config), path):
                continue
            raise ConfigError(
                f"{path} = {value!r}: there is no such setting.", f"Settings: {', '.join(_paths(tree))}."
            )
        node[name] = value
    return config.checked(tree)


def kinds_with(config: type[Strict], path: str) -> tuple[str, ...]:
    """Returns the kinds that have a setting such as `model.dim`; empty if there is only one kind."""
    place, _, name = path.partition(".")
    field = config.model_fields.get(place)
    return tuple(
        kind.model_fields["kind"].default
        for kind in (get_args(field.annotation) if field else ())
        if name.partition(".")[0] in kind.model_fields and "kind" in kind.model_fields
    )


def _paths(tree: Mapping[str, Any], prefix: str = "") -> list[str]:
    paths = []
    for name, value in tree.items():
        paths += _paths(value, f"{prefix}{name}.") if isinstance(value, dict) else [prefix + name]
    return paths
