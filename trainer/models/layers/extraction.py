"""The extraction network of CGC: shared and task-specific experts, and one gate per task that mixes them."""

from collections.abc import Mapping, Sequence

import keras
import tensorflow as tf

from trainer.models.layers.dense_stack import dense_stack


class Extraction(keras.layers.Layer):
    """Mixes the shared experts and a task's own for each task: Σ softmax(W x)ᵢ · expertᵢ.

    A single expert is passed on without a gate.

    Without task-specific experts it is the multi-gate mixture of experts of Ma et al., "Modeling Task
    Relationships in Multi-task Learning with Multi-gate Mixture-of-Experts", 2018; with them, a level of
    Tang et al., "Progressive Layered Extraction", 2020.

    Args:
        tasks: the tasks' names.
        widths: the widths of an expert's ReLU layers.
        shared: the number of experts that all tasks share.
        own: the number of task-specific experts per task.
        pass_on: whether another gate also mixes all experts into a shared vector for the next level.
        dropout: the dropout rate after each ReLU layer.

    Examples:
        >>> extraction = Extraction(["rating", "liked"], widths=[3], shared=2, own=1)
        >>> each = {"rating": np.ones((5, 4)), "liked": np.ones((5, 4))}
        >>> vectors, _ = extraction(each, np.ones((5, 4)))
        >>> {task: tuple(vector.shape) for task, vector in vectors.items()}
        {'rating': (5, 3), 'liked': (5, 3)}
        >>> tuple(extraction.gates(each)["liked"].shape)  # one of its own and two shared experts
        (5, 3)

    Raises:
        ValueError: there is no expert, or an expert has no layer.
    """

    def __init__(
        self,
        tasks: Sequence[str],
        widths: Sequence[int],
        shared: int = 0,
        own: int = 0,
        pass_on: bool = False,
        dropout: float = 0.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if not shared + own or not widths:
            raise ValueError("Extraction needs an expert, and an expert a layer.")
        self._tasks = tuple(tasks)

        def experts(count: int, of: str) -> list[keras.Sequential]:
            return [dense_stack(widths, dropout, name=f"{of}_{place}") for place in range(count)]

        def gate(choices: int, of: str) -> keras.layers.Dense | None:
            if choices == 1:
                return None
            # A softmax loses too much in half precision, and this one is narrow.
            return keras.layers.Dense(
                choices, activation="softmax", use_bias=False, dtype="float32", name=f"gate_{of}"
            )

        self._shared = experts(shared, "shared")
        self._own = {task: experts(own, task) for task in self._tasks}
        self._gates = {task: gate(own + shared, task) for task in self._tasks}
        self._passes_on = pass_on
        self._shared_gate = gate(own * len(self._tasks) + shared, "shared") if pass_on else None

    def call(self, inputs: Mapping[str, tf.Tensor], shared_inputs, training=False):
        """Returns the vector of each task, [B, w], by task, and the shared vector [B, w], if passed on.

        Args:
            inputs: by task, [B, n]: the input of the task's own experts and of its gate.
            shared_inputs: [B, n], the input of the shared experts and of the shared gate.
            training: whether dropout is applied.

        Returns:
            (vectors by task, shared vector). The shared vector is None unless `pass_on` is set.
        """
        shared = [expert(shared_inputs, training=training) for expert in self._shared]
        own = {
            task: [expert(inputs[task], training=training) for expert in self._own[task]]
            for task in self._tasks
        }
        mixed = {
            task: _mixture(self._gates[task], inputs[task], [*own[task], *shared]) for task in self._tasks
        }
        if not self._passes_on:
            return mixed, None
        every = [vector for task in self._tasks for vector in own[task]]
        return mixed, _mixture(self._shared_gate, shared_inputs, [*every, *shared])

    def gates(self, inputs: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Returns each task's gate: float32 [B, own + shared], its own experts first, each row sums to 1."""
        return {task: _shares(self._gates[task], inputs[task]) for task in self._tasks}


def _shares(gate, inputs):
    return tf.ones([tf.shape(inputs)[0], 1]) if gate is None else gate(inputs)


def _mixture(gate, inputs, vectors):
    """Mixes E vectors, [B, w] each, into one [B, w] by the gate's weights."""
    if gate is None:
        return vectors[0]
    stacked = tf.stack(vectors, axis=1)
    return tf.einsum("be,bew->bw", tf.cast(gate(inputs), stacked.dtype), stacked)
