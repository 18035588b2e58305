"""Composite optimizer (TFRS's own tests among these, translated) and lazy Adam."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from trainer.models.optimizers.composite import CompositeOptimizer, split_by_rows
from trainer.models.optimizers.lazy_adam import LazyAdam
from trainer.training.ranking import RankingSettings, train_ranking

VALUES = ([1.0, 2.0, 3.0], [0.5, 0.0, -2.0], [0.1, 0.0, -1.0])
GRADIENTS = ([0.1, 0.2, 1.0], [-0.1, 0.05, 2.0], [2.1, 0.0, 0.3])


def variables():
    return [keras.Variable(value, name=f"part_{place}") for place, value in enumerate(VALUES)]


def gradients():
    return [tf.constant(each) for each in GRADIENTS]


def slices(rows, values, of):
    """A table's gradient as looking up `rows` gives it."""
    return tf.IndexedSlices(tf.constant(values, tf.float32), tf.constant(rows), tf.constant(of))


# Composite


@pytest.mark.parametrize(
    ("first", "second"), [("sgd", "adam"), ("rmsprop", "sgd"), ("adam", "adagrad"), ("adagrad", "rmsprop")]
)
def test_a_composite_does_what_its_optimizers_do_apart(first, second):
    together, apart = variables(), variables()
    inner = [keras.optimizers.get(first), keras.optimizers.get(second)]
    composite = CompositeOptimizer([(inner[0], lambda: together[:1]), (inner[1], lambda: together[1:])])
    one, other = keras.optimizers.get(first), keras.optimizers.get(second)
    assert composite.optimizers == inner

    for _ in range(10):
        composite.apply_gradients(zip(gradients(), together, strict=True))
        one.apply(gradients()[:1], apart[:1])
        other.apply(gradients()[1:], apart[1:])

        for found, expected in zip(together, apart, strict=True):
            np.testing.assert_array_equal(found, expected)
    assert int(composite.iterations) == 10


def test_no_variable_falls_to_two_optimizers():
    first, second, _ = variables()
    composite = CompositeOptimizer([("adam", lambda: [first]), ("adagrad", lambda: [first, second])])
    with pytest.raises(
        ValueError, match=r"disjoint, but variable part_0 is handled both by adam.* and adagrad"
    ):
        composite.apply(gradients()[:2], [first, second])


def test_no_variable_is_forgotten():
    every = variables()
    composite = CompositeOptimizer([("adam", lambda: every[:1]), ("adagrad", lambda: every[1:2])])
    with pytest.raises(ValueError, match="part_2 is not handled by any optimizer"):
        composite.apply(gradients(), every)


def test_a_composite_of_nothing_is_an_error():
    with pytest.raises(ValueError, match="can't be empty"):
        CompositeOptimizer([])


def test_a_pattern_that_is_in_no_path_is_an_error():
    with pytest.raises(
        ValueError, match="'tables/' is in the path of none of the variables: part_0, part_1, part_2"
    ):
        CompositeOptimizer([("sgd", "tables/")], default="adam").build(variables())


@pytest.mark.parametrize("way", ["function", "layer", "layers", "pattern"])
def test_a_part_is_named_in_four_ways_and_the_default_has_the_rest(way):
    model = network()
    table = model.layers[0]
    part = {
        "function": lambda: table.trainable_variables,
        "layer": table,
        "layers": [table],
        "pattern": "table/embeddings$",
    }[way]
    model.compile(CompositeOptimizer([(keras.optimizers.SGD(0.0), part)], default="adam"), "mse")
    before = [each.numpy() for each in model.trainable_variables]

    model.fit(*rows(), epochs=1, verbose=0)

    moved = [
        np.abs(each - old).max() > 0 for each, old in zip(model.trainable_variables, before, strict=True)
    ]
    assert moved == [False, True, True]  # the table has a rate of 0


def test_tables_are_split_by_their_rows():
    large, small = keras.Variable(np.zeros((100, 2))), keras.Variable(np.zeros((99, 2)))
    assert split_by_rows([small, large], 100) == ([large], [small])
    assert split_by_rows([small], 100) == ([], [small])


def test_keras_callbacks_set_the_rate_of_each_part(tmp_path):
    model = network()
    composite = CompositeOptimizer([(keras.optimizers.SGD(0.5), model.layers[0])], default="adam")
    model.compile(composite, "mse")
    history = model.fit(
        *rows(),
        epochs=2,
        verbose=0,
        callbacks=[
            keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 10 if epoch else rate),
            keras.callbacks.ReduceLROnPlateau("loss", min_delta=1e9, patience=1, factor=0.5),
            keras.callbacks.TensorBoard(tmp_path),
        ],
    ).history

    assert [float(each.learning_rate) for each in composite.optimizers] == pytest.approx([0.025, 5e-5])
    assert history[f"learning_rate_{composite.optimizers[0].name}"] == pytest.approx([0.5, 0.05])


def test_each_part_keeps_its_own_schedule():
    falling = keras.optimizers.schedules.PiecewiseConstantDecay([0], [1.0, 0.1])
    first, second, _ = variables()
    composite = CompositeOptimizer([(keras.optimizers.SGD(falling), lambda: [first])], default="sgd")

    for _ in range(3):
        composite.apply([tf.ones(3), tf.ones(3)], [first, second])

    np.testing.assert_allclose(first, np.array(VALUES[0]) - 1.2, atol=1e-6)
    np.testing.assert_allclose(second, np.array(VALUES[1]) - 0.03, atol=1e-6)


def network():
    model = keras.Sequential(
        [keras.layers.Embedding(8, 4, name="table"), keras.layers.Flatten(), keras.layers.Dense(1)]
    )
    model.build((None, 1))
    return model


def composed(model=None):
    model = model or network()
    tables, rest = model.trainable_variables[:1], model.trainable_variables[1:]
    model.compile(CompositeOptimizer([(LazyAdam(0.1), lambda: tables), ("adagrad", lambda: rest)]), "mse")
    return model


def rows():
    random = np.random.default_rng(3)
    return random.integers(8, size=(64, 1)), random.normal(size=(64, 1))


def keras_weights(model, other, folder):
    model.save_weights(folder / "all.weights.h5")
    other.load_weights(folder / "all.weights.h5")


def tf_checkpoint(model, other, folder):
    path = tf.train.Checkpoint(model=model).write(str(folder / "checkpoint"))
    tf.train.Checkpoint(model=other).read(path).assert_consumed()


@pytest.mark.parametrize("carry_over", [keras_weights, tf_checkpoint])
def test_going_on_from_a_checkpoint_is_going_on(carry_over, tmp_path):
    model = composed()
    model.fit(*rows(), batch_size=8, epochs=1, verbose=0, shuffle=False)
    assert int(model.optimizer.iterations) == 8
    # its own two, two each of Adam and Adagrad; two moments of the table; an accumulator each of two
    assert len(model.optimizer.variables) == 2 + 4 + 2 + 2

    restored = composed()
    restored.fit(*rows(), batch_size=64, epochs=1, verbose=0)
    carry_over(model, restored, tmp_path)

    assert int(restored.optimizer.iterations) == 8
    for found, expected in zip(restored.optimizer.variables, model.optimizer.variables, strict=True):
        np.testing.assert_array_equal(found, expected)
    for each in (model, restored):
        each.fit(*rows(), batch_size=8, epochs=1, verbose=0, shuffle=False)
    np.testing.assert_allclose(
        restored.predict(rows()[0], verbose=0), model.predict(rows()[0], verbose=0), rtol=1e-5
    )


def test_a_whole_model_is_saved_with_parts_that_are_patterns_and_refused_with_others(tmp_path):
    model = network()
    model.compile(CompositeOptimizer([(LazyAdam(0.25), "table/")], default="adagrad"), "mse")
    model.fit(*rows(), verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")

    assert [type(each) for each in loaded.optimizer.optimizers] == [LazyAdam, keras.optimizers.Adagrad]
    assert float(loaded.optimizer.optimizers[0].learning_rate) == 0.25
    for found, expected in zip(loaded.optimizer.variables, model.optimizer.variables, strict=True):
        np.testing.assert_array_equal(found, expected)
    with pytest.raises(NotImplementedError, match="cannot be serialized"):
        composed().optimizer.get_config()


def test_loss_scaling_goes_around_a_composite():
    plain, scaled = variables(), variables()
    CompositeOptimizer([("sgd", lambda: plain[:1])], default="adagrad").apply(gradients(), plain)
    inner = CompositeOptimizer([("sgd", lambda: scaled[:1])], default="adagrad")
    outer = keras.optimizers.LossScaleOptimizer(inner, initial_scale=8.0)
    outer.apply([8 * each for each in gradients()], scaled)

    for found, expected in zip(scaled, plain, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-6)


# Lazy Adam


@pytest.mark.parametrize("xla", [False, True])
def test_lazy_adam_by_hand(xla):
    table = keras.Variable([[1.0], [1.0], [1.0]])
    optimizer = LazyAdam(0.1, beta_1=0.9, beta_2=0.99, epsilon=0.0)
    optimizer.build([table])

    @tf.function(jit_compile=xla)
    def step(indices, values):
        optimizer.apply([tf.IndexedSlices(values, indices, tf.constant([3, 1]))], [table])

    # Row 1 twice in one batch: its gradient is 1 + 3 = 4. m = 0.4, v = 0.16, the rate 0.1 · √0.01 / 0.1:
    # a step of 0.1 · 0.4 / 0.4. Row 2: 0.1 against the sign as well, as ever in Adam's first step.
    step(tf.constant([1, 2, 1]), tf.constant([[1.0], [-5.0], [3.0]]))
    np.testing.assert_allclose(table, [[1.0], [0.9], [1.1]], rtol=1e-6)

    # Row 1 alone, gradient 2: m = 0.9 · 0.4 + 0.1 · 2 = 0.56, v = 0.99 · 0.16 + 0.01 · 4 = 0.1984.
    step(tf.constant([1]), tf.constant([[2.0]]))
    rate = 0.1 * np.sqrt(1 - 0.99**2) / (1 - 0.9**2)
    np.testing.assert_allclose(table, [[1.0], [0.9 - rate * 0.56 / np.sqrt(0.1984)], [1.1]], rtol=1e-6)
    momentum, velocity = optimizer.variables[2:]
    np.testing.assert_allclose(momentum, [[0.0], [0.56], [-0.5]], rtol=1e-6)
    np.testing.assert_allclose(velocity, [[0.0], [0.1984], [0.25]], rtol=1e-6)


def test_kerass_adam_moves_rows_that_do_not_occur_and_adds_up_squares():
    """Why there is a lazy one. If this fails, Keras has become better."""
    table = keras.Variable([[1.0], [1.0]])
    optimizer = keras.optimizers.Adam(0.1)
    optimizer.apply([slices([0, 1, 1], [[1.0], [1.0], [3.0]], [2, 1])], [table])
    assert float(optimizer.variables[3][1, 0]) == pytest.approx(0.001 * (1 + 9))  # and not 16

    before = table.numpy()
    optimizer.apply([slices([1], [[1.0]], [2, 1])], [table])
    assert table.numpy()[0, 0] < before[0, 0] - 0.05


@pytest.mark.parametrize("amsgrad", [False, True])
def test_where_every_row_occurs_lazy_adam_is_adam(amsgrad):
    random, start = np.random.default_rng(5), np.ones((4, 3), np.float32)
    lazy, dense = keras.Variable(start), keras.Variable(start)
    lazy_adam, adam = LazyAdam(0.1, amsgrad=amsgrad), keras.optimizers.Adam(0.1, amsgrad=amsgrad)
    for _ in range(5):
        order, values = random.permutation(4), random.normal(size=(4, 3)).astype(np.float32)
        lazy_adam.apply([slices(order, values[order], [4, 3])], [lazy])
        adam.apply([tf.constant(values)], [dense])
    np.testing.assert_allclose(lazy, dense, rtol=1e-5)


def test_a_dense_gradient_is_adams():
    lazy, dense = variables(), variables()
    for optimizer, each in ((LazyAdam(), lazy), (keras.optimizers.Adam(), dense)):
        for _ in range(3):
            optimizer.apply(gradients(), each)
    for found, expected in zip(lazy, dense, strict=True):
        np.testing.assert_array_equal(found, expected)


def test_what_an_embedding_did_not_look_up_stays_as_it_is():
    model = network()
    model.compile(LazyAdam(0.1), "mse")
    model.fit(np.array([[1], [2]]), np.ones((2, 1)), verbose=0)
    before = model.layers[0].embeddings.numpy()
    model.fit(np.array([[2], [5]]), np.ones((2, 1)), verbose=0)

    moved = np.abs(model.layers[0].embeddings.numpy() - before).max(axis=1) > 0
    assert moved.tolist() == [False, False, True, False, False, True, False, False]


def test_a_run_may_name_it(data):
    train = {"optimizer": "lazy_adam", "epochs": 2, "batch_size": 250, "learning_rate": 0.01}
    result = train_ranking(RankingSettings.of({"model": {"kind": "mlp"}, "train": train}, None), data)
    assert isinstance(result.model.optimizer, LazyAdam)
    assert result.history[-1]["val_rmse"] < 1.1
