"""The base class of `dlrm`, `dcn`, `deepfm` and `wide_deep`: fields with embeddings, numbers, a head."""

from typing import TypeAlias

import tensorflow as tf

from trainer.data.catalogue import Catalogue
from trainer.data.feature_options import named_fields, named_numbers
from trainer.data.row_keys import row_keys
from trainer.data.tables.given import users_names
from trainer.models.base import Weight
from trainer.models.layers.field_embeddings import FieldEmbeddings
from trainer.models.layers.gaussian_prior import GaussianPrior
from trainer.models.layers.numbers import Numbers
from trainer.models.multitask.config import JointConfig, MultiTaskConfig
from trainer.models.ranking.config import DcnConfig, DeepfmConfig, DlrmConfig, WideDeepConfig
from trainer.models.ranking.headed import HeadedModel

FieldConfig: TypeAlias = (
    DlrmConfig | DcnConfig | DeepfmConfig | WideDeepConfig | MultiTaskConfig | JointConfig
)


class FieldModel(HeadedModel):
    """The base class of models over fields; a subclass defines `scores` and names its layers in `blocks`.

    `scores` reads the embeddings of `self.fields` and the dense features of `self.numbers`.

    Args:
        config: a config with `dim`, `features`, `dense`, `l2` and `head`.
        catalogue: the catalogue of users and films.

    Attributes:
        blocks: the names of the attributes that hold layers with weights of their own.
    """

    blocks: tuple[str, ...] = ()

    def __init__(self, config: FieldConfig, catalogue: Catalogue, **kwargs):
        super().__init__(config.head, catalogue, **kwargs)
        self.features = catalogue.known(
            named_fields(catalogue.description, config.features, config.learns_context)
        )
        self.fields = FieldEmbeddings(
            catalogue, self.features, config.dim, regularizer=self._prior(config.l2), name="fields"
        )
        dense = named_numbers(catalogue.description, config.dense)
        self.numbers = Numbers(catalogue, dense, dtype="float32", name="numbers")
        learned = dict.fromkeys([*self.features, *self.numbers.features])
        self.user_features = tuple(users_names(catalogue.description, learned))

    def weights_by_name(self) -> dict[str, Weight]:
        named: dict[str, Weight] = {}
        for name in ("fields", *self.blocks):
            layer = getattr(self, name)
            if isinstance(layer, FieldEmbeddings):
                tables = layer.tables().items()
                named |= {f"{name} {of}": Weight(table, row_keys(self.catalogue, of)) for of, table in tables}
            elif layer is not None:
                weights = enumerate(layer.trainable_variables)
                named |= {f"{name} {place}": Weight(variable) for place, variable in weights}
        return named | self.head_weights()

    def _concatenated(self, features):
        """Returns all embeddings and numbers, concatenated: [B, sum of fields' widths + numbers]."""
        embedded = list(self.fields(features).values())
        return tf.concat([*embedded, tf.cast(self.numbers(features), embedded[0].dtype)], axis=1)

    def _prior(self, l2: float) -> GaussianPrior | None:
        return GaussianPrior(l2, l2, self.catalogue.rows) if l2 else None
