"""The ranking network of the TensorFlow Recommenders tutorial, with optional side features.

https://www.tensorflow.org/recommenders/examples/basic_ranking
"""

import tensorflow as tf

from trainer.data.catalogue import Catalogue
from trainer.data.feature_options import ALL, TIME, named_fields
from trainer.data.features import USER_RATING
from trainer.data.row_keys import row_keys
from trainer.data.tables.given import users_names
from trainer.models.base import Weight
from trainer.models.layers.dense_stack import dense_stack
from trainer.models.layers.field_embeddings import FieldEmbeddings
from trainer.models.layers.heads import ChanceHead
from trainer.models.layers.numbers import Numbers
from trainer.models.ranking.config import MlpConfig
from trainer.models.ranking.model import SAMPLE_WEIGHT, RankingModel


class Mlp(RankingModel):
    """Dense ReLU layers over concatenated embeddings; one rating, or chance, per row, float32 [B]."""

    def __init__(self, config: MlpConfig, catalogue: Catalogue, **kwargs):
        super().__init__(catalogue, chance=config.head == "chance", **kwargs)
        self._chance = ChanceHead(catalogue, dtype="float32") if self.chance else None
        timed = TIME in config.features
        named = config.features
        if named != ALL:
            named = tuple(key for key in named if key != TIME)
        self.features = catalogue.known(named_fields(catalogue.description, named, context=True))
        self.fields = FieldEmbeddings(catalogue, self.features, config.dim, config.side_dim)
        self._numbers = Numbers(catalogue, [TIME] if timed else [], dtype="float32")
        self.network = dense_stack(config.hidden, outputs=1)
        self.user_features = tuple(users_names(catalogue.description, self.features))

    def call(self, features):
        return self._answers(self._outputs(features))

    def compute_loss(self, inputs, training=False):
        outputs, labels, weight = self._outputs(inputs), inputs[USER_RATING], inputs.get(SAMPLE_WEIGHT)
        if self._chance is None:  # outside the scale an answer is clipped, and has no gradient
            loss = self.task(labels, outputs, weight, compute_metrics=False)
        else:
            each = self._chance.loss(outputs[:, None], labels)[:, 0]
            loss = tf.reduce_mean(each if weight is None else each * weight)
        self.task.update(labels, self._answers(outputs), loss, weight)
        return loss

    def _answers(self, outputs):
        if self._chance is not None:
            return self._chance(outputs[:, None])
        return tf.clip_by_value(outputs, *self.catalogue.scale)

    def _outputs(self, features):
        parts = list(self.fields(features).values())
        parts.append(tf.cast(self._numbers(features), parts[0].dtype))
        return tf.cast(self.network(tf.concat(parts, axis=1))[:, 0], tf.float32)

    def weights_by_name(self) -> dict[str, Weight]:
        tables = self.fields.tables().items()
        named = {name: Weight(table, row_keys(self.catalogue, name)) for name, table in tables}
        for place, layer in enumerate(self.network.layers):
            named[f"dense_{place}/kernel"] = Weight(layer.kernel, None if place else self._inputs())
            named[f"dense_{place}/bias"] = Weight(layer.bias)
        return named

    def _inputs(self) -> tuple[str, ...]:
        """Returns the name of each column of the network's input, in the order of `call`."""
        widths = self.fields.widths | dict.fromkeys(self._numbers.features, 1)
        return tuple(f"{name} {column}" for name, width in widths.items() for column in range(width))
