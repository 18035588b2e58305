"""TFRS's own test of its `Ranking`, translated; and values."""

import keras
import keras_rs
import numpy as np
import pytest
import tensorflow as tf

from trainer.export.saved_model import SavedModel
from trainer.models import tasks
from trainer.models.optimizers.composite import CompositeOptimizer, split_by_rows
from trainer.models.optimizers.lazy_adam import LazyAdam
from trainer.models.tfrs_ranking import Ranking

SIZES, WIDTH, BATCH = (30, 3, 26), 16, 16


class Tables(keras.layers.Layer):
    """A table a feature."""

    def __init__(self, sizes=SIZES, width=WIDTH, **kwargs):
        super().__init__(**kwargs)
        self.tables = {str(place): keras.layers.Embedding(size, width) for place, size in enumerate(sizes)}

    def call(self, features):
        return {name: table(features[name]) for name, table in self.tables.items()}


def distributed():
    """keras-rs's counterpart of the `PartialTPUEmbedding` of TFRS's test."""
    return keras_rs.layers.DistributedEmbedding(
        {
            str(place): keras_rs.layers.FeatureConfig(
                str(place), keras_rs.layers.TableConfig(str(place), size, WIDTH), (BATCH,), (BATCH, WIDTH)
            )
            for place, size in enumerate(SIZES)
        }
    )


def cross():
    return keras.Sequential([keras.layers.Concatenate(), keras_rs.layers.FeatureCross()])


def stack(*widths, last=None):
    return keras.Sequential(
        [*(keras.layers.Dense(each, "relu") for each in widths[:-1]), keras.layers.Dense(widths[-1], last)]
    )


def synthetic(weights=False):
    """64 rows whose label follows from the mean of their features, as in TFRS's test."""
    random = np.random.default_rng(7)
    dense = random.uniform(size=(64, 8)).astype(np.float32)
    sparse = [random.integers(size, size=64, dtype=np.int32) for size in SIZES]
    label = ((dense.mean(axis=1) + sum(sparse) / sum(SIZES)) / 2 + 0.5).astype(np.int32)
    features = {"dense_features": dense, "sparse_features": {str(i): each for i, each in enumerate(sparse)}}
    rows = (features, label, random.uniform(size=(64, 1))) if weights else (features, label)
    return tf.data.Dataset.from_tensor_slices(rows).batch(BATCH, drop_remainder=True)


@pytest.mark.parametrize(
    ("embedding", "interaction", "bottom", "top", "concat_dense", "weights"),
    [
        pytest.param(Tables, None, None, None, True, False, marks=pytest.mark.slow),
        (Tables, cross, (40, 16), None, False, True),
        (distributed, None, (40, 16), (40, 20, 1), False, True),
        pytest.param(distributed, cross, None, (40, 20, 1), True, False, marks=pytest.mark.slow),
    ],
)
def test_any_blocks_train_and_evaluate(embedding, interaction, bottom, top, concat_dense, weights):
    model = Ranking(
        embedding(),
        bottom_stack=bottom and stack(*bottom),
        feature_interaction=interaction and interaction(),
        top_stack=top and stack(*top, last="sigmoid"),
        concat_dense=concat_dense,
    )
    model.compile("adam", steps_per_execution=2)
    data = synthetic(weights)

    history = model.fit(data.repeat(), epochs=2, steps_per_epoch=4, shuffle=False, verbose=0).history
    found = model.evaluate(data, return_dict=True, verbose=0)

    expected = {"loss", "auc", "accuracy", "prediction_mean", "label_mean", "regularization_loss"}
    assert set(found) == set(history) == expected
    assert history["loss"][1] < history["loss"][0]
    assert model.predict(data, verbose=0).shape == (64,)


def test_the_default_is_dlrm_with_tfrss_widths():
    model = Ranking(Tables())
    [(features, _)] = synthetic().take(1)
    model(features)

    assert [layer.units for layer in model.bottom_stack.layers] == [256, 64, 16]
    assert [layer.activation.__name__ for layer in model.bottom_stack.layers] == ["relu"] * 3
    assert [layer.units for layer in model.top_stack.layers] == [512, 256, 1]
    assert [layer.activation.__name__ for layer in model.top_stack.layers] == ["relu", "relu", "sigmoid"]
    assert isinstance(model.feature_interaction, keras_rs.layers.DotInteraction)
    # the bottom stack's 16, and the products of each two among its output and three embeddings
    assert model.top_stack.layers[0].kernel.shape[0] == 16 + 4 * 3 / 2


def by_hand(**options):
    """Identity blocks, and the sum of what reaches the top."""
    model = Ranking(
        Tables(sizes=(2, 2), width=2),
        bottom_stack=keras.layers.Identity(),
        top_stack=keras.layers.Lambda(lambda x: keras.ops.sum(x, axis=1, keepdims=True)),
        **options,
    )
    features = {
        "dense_features": tf.constant([[1.0, 2.0], [3.0, 4.0]]),
        "sparse_features": {"0": tf.constant([0, 1]), "1": tf.constant([1, 1])},
    }
    model(features)
    first, second = model.embedding_trainable_variables
    first.assign([[1.0, 0.0], [0.0, 2.0]])
    second.assign([[9.0, 9.0], [1.0, 1.0]])
    return model, features


def test_dot_interaction_by_hand():
    # (1, 0) · (1, 1) + (1, 0) · (1, 2) + (1, 1) · (1, 2) = 5, and (0, 2) · (1, 1) + (0, 2) · (3, 4) + 7 = 17
    model, features = by_hand()
    np.testing.assert_allclose(model(features), [5 + 1 + 2, 17 + 3 + 4])
    without, features = by_hand(concat_dense=False)
    np.testing.assert_allclose(without(features), [5, 17])


def test_a_batch_of_one_and_embeddings_with_an_axis_of_one_are_as_any():
    model, features = by_hand()
    one = tf.nest.map_structure(lambda each: each[:1], features)
    np.testing.assert_allclose(model(one), [8])
    one["sparse_features"] = {name: ids[:, None] for name, ids in one["sparse_features"].items()}
    np.testing.assert_allclose(model(one), [8])


def test_a_weight_goes_with_its_rows_loss():
    model, features = by_hand(task=tasks.Ranking(keras.losses.MeanSquaredError()))
    labels = tf.constant([6.0, 23.0])  # off by 2 and by 1
    assert float(model.compute_loss((features, labels))) == pytest.approx((4 + 1) / 2)
    for weights in (tf.constant([0.5, 3.0]), tf.constant([[0.5], [3.0]])):
        assert float(model.compute_loss((features, labels, weights))) == pytest.approx((0.5 * 4 + 3 * 1) / 2)


def test_a_task_whose_loss_is_a_number_a_row_is_averaged():
    rowwise = tasks.Ranking(keras.losses.MeanSquaredError(reduction=None))
    model, features = by_hand(task=rowwise)
    assert float(model.compute_loss((features, tf.constant([6.0, 23.0])))) == pytest.approx(2.5)


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        (({},), r"tuple of \(features, labels\).* Got a length 1 tuple instead"),
        (({}, 1, 2, 3), "Got a length 4 tuple instead"),
        ({"dense_features": 1, "sparse_features": 2}, "Got a length 2 dict instead"),
        (
            ({"dense_features": tf.ones([2, 8])}, 2),
            r"'dense_features' and 'sparse_features'. Got \['dense_features'\]",
        ),
        ((tf.ones([2, 8]), 2), "Got EagerTensor instead"),
    ],
)
def test_other_inputs_are_a_value_error(inputs, said):
    with pytest.raises(ValueError, match=said):
        Ranking(Tables()).compute_loss(inputs)


def test_tables_and_the_rest_have_their_own_optimizers():
    model = Ranking(Tables())
    large = LazyAdam(0.01)
    model.compile(
        CompositeOptimizer(
            [
                (large, lambda: split_by_rows(model.embedding_trainable_variables, 10)[0]),
                ("sgd", lambda: split_by_rows(model.embedding_trainable_variables, 10)[1]),
                ("adagrad", lambda: model.dense_trainable_variables),
            ]
        ),
        run_eagerly=True,
    )
    model.fit(synthetic(), epochs=1, shuffle=False, verbose=0)

    assert [tuple(each.shape) for each in model.embedding_trainable_variables] == [
        (30, 16),
        (3, 16),
        (26, 16),
    ]
    assert len(model.dense_trainable_variables) == 2 * 3 + 2 * 3
    assert len(model.trainable_variables) == 3 + 12
    counts = [len(each.variables) - 2 for each in model.optimizer.optimizers]  # beside step and rate
    assert counts == [2 * 2, 0, 12]


def test_every_weight_has_a_name_that_the_next_model_has_too():
    model, other = (
        Ranking(Tables(), feature_interaction=cross()),
        Ranking(Tables(), feature_interaction=cross()),
    )
    [(features, _)] = synthetic().take(1)
    for each in (model, other):
        each(features)
    named, again = model.weights_by_name(), other.weights_by_name()

    assert {id(each.variable) for each in named.values()} == {id(each) for each in model.trainable_variables}
    for name, weight in again.items():
        weight.variable.assign(named[name].variable)
    np.testing.assert_array_equal(other(features), model(features))


def test_weights_are_saved_and_loaded(tmp_path):
    model, other = Ranking(Tables()), Ranking(Tables())
    for each in (model, other):
        each.compile("adam", run_eagerly=True)
        each.fit(synthetic(), epochs=1, shuffle=False, verbose=0)
    model.save_weights(tmp_path / "model.weights.h5")
    other.load_weights(tmp_path / "model.weights.h5")

    np.testing.assert_array_equal(
        other.predict(synthetic(), verbose=0), model.predict(synthetic(), verbose=0)
    )


@pytest.mark.parametrize("interaction", [None, cross], ids=["dlrm", "dcn"])
def test_an_export_answers_as_the_model_does(interaction, tmp_path):
    model = Ranking(Tables(), feature_interaction=interaction and interaction())
    [(features, _)] = synthetic().take(1)
    expected = model(features)
    names = sorted(features["sparse_features"])

    def answer(dense, *sparse):
        return model({"dense_features": dense, "sparse_features": dict(zip(names, sparse, strict=True))})

    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.add_endpoint(
        "serving_default",
        answer,
        [
            tf.TensorSpec([None, 8], tf.float32, name="dense"),
            *(tf.TensorSpec([None], tf.int32, name=f"sparse_{name}") for name in names),
        ],
    )
    archive.write_out(str(tmp_path / "model"), verbose=False)

    # A session, as TF Serving has: what loads in Python may still fail there.
    fed = {f"sparse_{name}": ids.numpy() for name, ids in features["sparse_features"].items()}
    with SavedModel(str(tmp_path / "model")) as alone:
        [found] = alone.ask("serving_default", dense=features["dense_features"].numpy(), **fed).values()
    np.testing.assert_allclose(found, expected, rtol=1e-5)
