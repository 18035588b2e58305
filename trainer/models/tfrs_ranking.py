"""A ranking model built from blocks: with dot interaction it is DLRM, with a cross network DCN."""

import keras
import keras_rs

from trainer.models.base import Model, Weight
from trainer.models.tasks import Ranking as RankingTask

DENSE, SPARSE = "dense_features", "sparse_features"


class Ranking(Model):
    """The counterpart of TFRS's `tfrs.experimental.models.Ranking`.

    Dense features go through `bottom_stack`, and sparse ones through `embedding_layer`.
    `feature_interaction` combines them, and `top_stack` maps the result to one number. Each may be any layer:

    - DLRM (Naumov et al., 2019) is the default.
    - DCN (Wang et al., 2017 and 2020): `feature_interaction=keras.Sequential([keras.layers.Concatenate(),
      keras_rs.layers.FeatureCross()])`.
    - Ratings in place of clicks: `task=trainer.models.tasks.Ranking(keras.losses.MeanSquaredError())`, and a
      `top_stack` without the sigmoid.

    `fit` and `evaluate` take batches `(features, label)` or `(features, label, sample_weight)`, `predict`
    the same or features alone. Features are `{"dense_features": float32 [B, n], "sparse_features": what
    embedding_layer takes}`, labels and weights [B] or [B, 1].

    Three things differ from TFRS 0.7.7: a sample's weight multiplies that sample's loss (in TFRS each weight
    multiplies the batch's mean loss), a batch of one row keeps its batch axis, and inputs of any other form
    raise a ValueError.

    Args:
        embedding_layer: a layer from a dict of sparse features to a dict of their embeddings, [B, d] or
            [B, 1, d], such as `keras_rs.layers.DistributedEmbedding`.
        bottom_stack: a layer over the dense features; None: ReLU layers of 256, 64 and 16. For dot
            interaction its output must be as wide as the embeddings.
        feature_interaction: a layer over the list of embeddings, in the order of their names, and the bottom
            stack's output; None: `keras_rs.layers.DotInteraction()`.
        top_stack: a layer to [B, 1], from 0 to 1 for the default task; None: ReLU layers of 512 and 256, and
            a sigmoid layer of 1.
        concat_dense: whether the bottom stack's output goes into the top stack beside the interactions.
        task: the loss and metrics; None: binary cross-entropy, with `auc`, `accuracy`, `prediction_mean`
            and `label_mean`.

    Examples:
        >>> table = keras_rs.layers.TableConfig("films", vocabulary_size=100, embedding_dim=16)
        >>> film = keras_rs.layers.FeatureConfig("film", table, input_shape=(2, 1), output_shape=(2, 16))
        >>> model = Ranking(keras_rs.layers.DistributedEmbedding({"film": film}))
        >>> features = {"dense_features": np.ones((2, 3)), "sparse_features": {"film": np.array([[3], [4]])}}
        >>> tuple(model(features).shape)
        (2,)
    """

    def __init__(
        self,
        embedding_layer: keras.layers.Layer,
        bottom_stack: keras.layers.Layer | None = None,
        feature_interaction: keras.layers.Layer | None = None,
        top_stack: keras.layers.Layer | None = None,
        concat_dense: bool = True,
        task: keras.layers.Layer | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.embedding_layer = embedding_layer
        self.bottom_stack = bottom_stack or _stack(256, 64, last=keras.layers.Dense(16, "relu"))
        self.feature_interaction = feature_interaction or keras_rs.layers.DotInteraction()
        # Half precision cannot represent probabilities near 1, nor their logarithms.
        self.top_stack = top_stack or _stack(512, 256, last=keras.layers.Dense(1, "sigmoid", dtype="float32"))
        self.concat_dense = concat_dense
        self.task = task or RankingTask(
            loss=keras.losses.BinaryCrossentropy(),
            metrics=[keras.metrics.AUC(name="auc"), keras.metrics.BinaryAccuracy(name="accuracy")],
            prediction_metrics=[keras.metrics.Mean("prediction_mean")],
            label_metrics=[keras.metrics.Mean("label_mean")],
        )

    def compute_loss(self, inputs, training=False):
        """Returns the task's loss, averaged over rows.

        Raises:
            ValueError: `inputs` is not a tuple of two or three.
        """
        if not isinstance(inputs, tuple | list) or len(inputs) not in (2, 3):
            length = f"a length {len(inputs)} " if hasattr(inputs, "__len__") else ""
            raise ValueError(
                "Inputs should be either a tuple of (features, labels), or a tuple of (features, labels, "
                f"sample weights). Got {length}{type(inputs).__name__} instead: {inputs}."
            )
        features, labels, *weights = inputs
        predictions = self(features, training=training)
        return keras.ops.mean(self.task(labels, predictions, sample_weight=weights[0] if weights else None))

    def call(self, inputs, training=False):
        """Returns the predictions, float32 [B].

        Raises:
            ValueError: `inputs` is not a dict of `dense_features` and `sparse_features`.
        """
        if not isinstance(inputs, dict) or not {DENSE, SPARSE} <= inputs.keys():
            found = list(inputs) if isinstance(inputs, dict) else type(inputs).__name__
            raise ValueError(f"Features should be a dict of {DENSE!r} and {SPARSE!r}. Got {found} instead.")
        embeddings = [_vectors(each) for each in keras.tree.flatten(self.embedding_layer(inputs[SPARSE]))]
        dense = self.bottom_stack(inputs[DENSE], training=training)
        interactions = self.feature_interaction([*embeddings, dense])
        if self.concat_dense:
            interactions = keras.ops.concatenate([dense, interactions], axis=1)
        predictions = self.top_stack(interactions, training=training)
        return keras.ops.cast(keras.ops.reshape(predictions, [-1]), "float32")

    def weights_by_name(self) -> dict[str, Weight]:
        """Returns the weights by block and position in it; none has keys: only the caller knows them."""
        blocks = ("embedding_layer", "bottom_stack", "feature_interaction", "top_stack")
        return {
            f"{name}/{place}": Weight(variable)
            for name in blocks
            for place, variable in enumerate(getattr(self, name).trainable_variables)
        }

    @property
    def embedding_trainable_variables(self) -> list[keras.Variable]:
        """Returns the embedding tables, for use with `trainer.models.optimizers.composite`."""
        return self.embedding_layer.trainable_variables

    @property
    def dense_trainable_variables(self) -> list[keras.Variable]:
        """Returns the trainable variables that are not embedding tables."""
        tables = {id(variable) for variable in self.embedding_trainable_variables}
        return [variable for variable in self.trainable_variables if id(variable) not in tables]


def _stack(*widths: int, last: keras.layers.Layer) -> keras.Sequential:
    return keras.Sequential([*(keras.layers.Dense(width, "relu") for width in widths), last])


def _vectors(embedding):
    """Returns embeddings [B, d] or [B, 1, d] as [B, d]."""
    return keras.ops.squeeze(embedding, axis=1) if len(embedding.shape) == 3 else embedding
