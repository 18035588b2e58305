"""An optimizer made of several: one for each part of a model, such as its embeddings."""

import re
from collections.abc import Callable, Sequence
from typing import TypeAlias

import keras

#: A function that returns variables, one or several layers, or a pattern that occurs in variables' paths.
Part: TypeAlias = (
    Callable[[], Sequence[keras.Variable]] | keras.layers.Layer | Sequence[keras.layers.Layer] | str
)


@keras.saving.register_keras_serializable(package="marquee")
class CompositeOptimizer(keras.optimizers.MultiOptimizer):
    """The counterpart of TFRS's `CompositeOptimizer` and of Merlin Models' `MultiOptimizer`.

    To Keras it is one optimizer: it compiles, checkpoints and restores. It extends
    `keras.optimizers.MultiOptimizer`: parts may be functions and layers, and each variable belongs to exactly
    one optimizer. Variables are assigned in `build`, or at the first step.

    It has no learning rate of its own: read and set those of `optimizers`. Keras's callbacks
    (`LearningRateScheduler`, `ReduceLROnPlateau`, `TensorBoard`) do so for each of them.

    Args:
        optimizers_and_parts: pairs of an optimizer, or its name, and the part that it updates: a function
            that returns variables (a lambda, so that they need not exist yet), a layer, a sequence of
            layers, or a regular expression that is searched in the variables' paths (the beginning of a path
            depends on whether the model was built or loaded).
        default: the optimizer of the variables that belong to no part; None: every variable must belong to
            a part.
        loss_scale_factor, name: as in `keras.optimizers.Optimizer`.

    Raises:
        ValueError: there are no pairs. `build` raises it if a variable belongs to two parts, or to none
            without a default, or if a pattern matches no path.

    Examples:
        >>> table, dense = keras.layers.Embedding(9, 4), keras.layers.Dense(1)
        >>> model = keras.Sequential([table, dense])
        >>> model.compile(CompositeOptimizer([("adagrad", table)], default="adam"), "mse")
        >>> [type(optimizer).__name__ for optimizer in model.optimizer.optimizers]
        ['Adagrad', 'Adam']
    """

    def __init__(
        self,
        optimizers_and_parts: Sequence[tuple[keras.optimizers.Optimizer | str, Part]],
        default: keras.optimizers.Optimizer | str | None = None,
        loss_scale_factor: float | None = None,
        name: str | None = None,
    ):
        if not optimizers_and_parts:
            raise ValueError("`optimizers_and_parts` can't be empty.")
        parts = [(keras.optimizers.get(optimizer), part) for optimizer, part in optimizers_and_parts]
        default = default if default is None else keras.optimizers.get(default)
        super().__init__(_Parts(parts, default), loss_scale_factor=loss_scale_factor, name=name)
        # Keras 3.15's MultiOptimizer saves its optimizers in Keras's own formats, but tf.train.Checkpoint
        # does not track them.
        for place, optimizer in enumerate(self.optimizers):
            self._track_trackable(optimizer, name=f"optimizer_{place}")

    def build(self, var_list):
        if not self.built:
            self._optimizer_map.check(var_list)
        super().build(var_list)

    def get_config(self):
        """Returns the config; all parts must be patterns, since functions and layers are not serializable."""
        parts, default = self._optimizer_map.parts, self._optimizer_map.default_optimizer
        if not all(isinstance(part, str) for _, part in parts):
            raise NotImplementedError(
                "A CompositeOptimizer whose parts are functions or layers cannot be serialized. "
                "Name them by patterns, or save weights alone."
            )
        return {
            "optimizers_and_parts": [[keras.optimizers.serialize(each), part] for each, part in parts],
            "default": default and keras.optimizers.serialize(default),
            "loss_scale_factor": self.loss_scale_factor,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        def optimizer(written):
            return written and keras.optimizers.deserialize(written, custom_objects)

        parts = [(optimizer(written), part) for written, part in config["optimizers_and_parts"]]
        return cls(**config | {"optimizers_and_parts": parts, "default": optimizer(config["default"])})


def split_by_rows(
    tables: Sequence[keras.Variable], threshold: int
) -> tuple[list[keras.Variable], list[keras.Variable]]:
    """Splits tables into (large, small): those of at least `threshold` rows, and the others.

    It is the counterpart of Merlin Models' `split_embeddings_on_size`. The large tables can be given an
    optimizer whose step does not touch all of their rows.

    Examples:
        >>> users = keras.Variable(np.zeros((9, 2)), name="users")
        >>> tags = keras.Variable(np.zeros((3, 2)), name="tags")
        >>> large, small = split_by_rows([users, tags], threshold=5)
        >>> [table.name for table in large], [table.name for table in small]
        (['users'], ['tags'])
    """
    large = [table for table in tables if table.shape[0] >= threshold]
    return large, [table for table in tables if table.shape[0] < threshold]


class _Parts:
    """Maps a variable to its optimizer, in the interface that `MultiOptimizer` expects."""

    def __init__(self, parts: list[tuple[keras.optimizers.Optimizer, Part]], default):
        self.parts, self.default_optimizer = parts, default

    def values(self) -> list[keras.optimizers.Optimizer]:
        return [optimizer for optimizer, _ in self.parts]

    def __call__(self, variable):
        found = [optimizer for optimizer, part in self.parts if _belongs(variable, part)]
        if len(found) > 1:
            raise ValueError(
                "The sets of variables handled by each optimizer should be disjoint, but variable "
                f"{_path(variable)} is handled both by {found[0].name} and {found[1].name}."
            )
        if not found and self.default_optimizer is None:
            raise ValueError(
                f"Variable {_path(variable)} is not handled by any optimizer: it would not be trained. "
                "Give the composite a default."
            )
        return found[0] if found else self.default_optimizer

    def check(self, variables) -> None:
        for _, part in self.parts:
            if isinstance(part, str) and not any(_belongs(variable, part) for variable in variables):
                paths = ", ".join(_path(variable) for variable in variables)
                raise ValueError(f"The pattern {part!r} is in the path of none of the variables: {paths}.")


def _belongs(variable, part: Part) -> bool:
    if isinstance(part, str):
        return re.search(part, _path(variable)) is not None
    if isinstance(part, keras.layers.Layer):
        own = part.trainable_variables
    elif isinstance(part, Sequence):
        layers: Sequence[keras.layers.Layer] = part
        own = [each for layer in layers for each in layer.trainable_variables]
    else:
        own = part()
    return any(each is variable for each in own)


def _path(variable) -> str:
    return getattr(variable, "path", variable.name)
