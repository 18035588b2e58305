"""Adam for large embedding tables: the cost of a step depends on the batch's rows, not on the table's."""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="marquee")
class LazyAdam(keras.optimizers.Adam):
    """Adam that updates only the table rows that occur in the batch, and only their moments.

    Keras's own Adam takes the sparse gradient of an embedding too, but at each step it decays both moments
    of every row and moves every row by its remaining momentum. Where an id occurs several times in a batch,
    Keras adds the sum of the squared gradients to the second moment. Here, as in Adam with a dense gradient,
    it is the square of their sum.

    A variable whose gradient is dense is updated as by `keras.optimizers.Adam`. A table's gradient is dense
    if the table has a regularizer, or is used in other ways than looking up ids. `weight_decay`, `use_ema`
    and `gradient_accumulation_steps` apply to all rows, as in Keras.

    Finding a batch's distinct ids takes time too: with batches of 4,096 it pays off for tables of tens of
    thousands of rows and more.

    The bias of the moments is corrected by the number of all steps, not of the steps in which the row
    occurred, as in Merlin Models' and TensorFlow Addons' `LazyAdam`. The rest is Kingma and Ba, "Adam: A
    Method for Stochastic Optimization", 2015, applied to the rows that occur.

    It takes the arguments of `keras.optimizers.Adam`.

    Examples:
        >>> table = keras.Variable([[1.0], [1.0]])
        >>> gradient = tf.IndexedSlices(tf.constant([[4.0]]), tf.constant([1]), tf.constant([2, 1]))
        >>> LazyAdam(0.1).apply([gradient], [table])
        >>> [round(float(row), 4) for row in table[:, 0]]
        [1.0, 0.9]
    """

    def update_step(self, gradient, variable, learning_rate):
        if not isinstance(gradient, tf.IndexedSlices):
            super().update_step(gradient, variable, learning_rate)
            return
        dtype = variable.dtype
        rows, place = tf.unique(gradient.indices)
        gradient = tf.math.unsorted_segment_sum(tf.cast(gradient.values, dtype), place, tf.size(rows))
        index = self._get_variable_index(variable)

        def moved(moment: keras.Variable, towards, decay: float):
            """Returns the moment of `rows` after this step."""
            before = tf.gather(moment.value, rows)
            after = before + (towards - before) * (1 - decay)
            self.assign(moment, tf.IndexedSlices(after, rows))
            return after

        momentum = moved(self._momentums[index], gradient, self.beta_1)
        velocity = moved(self._velocities[index], tf.square(gradient), self.beta_2)
        if self.amsgrad:
            highest = self._velocity_hats[index]
            velocity = tf.maximum(tf.gather(highest.value, rows), velocity)
            self.assign(highest, tf.IndexedSlices(velocity, rows))
        step = tf.cast(self.iterations + 1, dtype)
        rate = tf.cast(learning_rate, dtype) * tf.sqrt(1 - tf.pow(tf.cast(self.beta_2, dtype), step))
        rate /= 1 - tf.pow(tf.cast(self.beta_1, dtype), step)
        change = rate * momentum / (tf.sqrt(velocity) + self.epsilon)
        self.assign_sub(variable, tf.IndexedSlices(change, rows))
