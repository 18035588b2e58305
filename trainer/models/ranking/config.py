"""What each kind of ranking model can be told. Light to import: no TensorFlow."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from marquee.strict import Strict
from trainer.data.feature_options import (
    ALL,
    AUTO,
    ITEM_SIDE,
    L2,
    TIME,
    USER_SIDE,
    Crosses,
    DenseFields,
    Dropout,
    Fields,
    FieldsInContext,
    Head,
    Hidden,
    Width,
)
from trainer.models.multitask.config import CgcConfig, JointConfig, MmoeConfig, PleConfig, SharedBottomConfig

__all__ = [
    "CgcConfig",
    "DcnConfig",
    "DeepfmConfig",
    "DlrmConfig",
    "JointConfig",
    "MfConfig",
    "MlpConfig",
    "MmoeConfig",
    "PleConfig",
    "RankingModelConfig",
    "SharedBottomConfig",
    "WideDeepConfig",
]


class MlpConfig(Strict):
    """A dense network over the user's and the item's embeddings (the TFRS tutorial's)."""

    kind: Literal["mlp"] = "mlp"
    dim: int = Field(32, ge=1, description="number of dimensions of the user and item embeddings")
    side_dim: int = Field(8, ge=1, description="number of dimensions of each side feature's embedding")
    hidden: tuple[Width, ...] = Field((256, 64), description="widths of the dense layers below the output")
    features: Fields = Field(
        (),
        description="features of users, items and context (known when a request is made), as fields "
        "beside the two ids: all, or their keys, and `time` (of the request); ones that the data lacks are "
        "ignored",
    )
    head: Literal["squared", "chance"] = Field(
        "squared",
        description="answer and loss. squared: the rating, by squared error; chance: of an interaction, by "
        "log loss against sampled negatives. Implicit data always have chance, and ratings never",
    )

    also: ClassVar[tuple[str, ...]] = (TIME,)
    learns_context: ClassVar[bool] = True


class MfConfig(Strict):
    """Biases and factor products over ids, implicit sets and side features, averaged over members."""

    kind: Literal["mf"] = "mf"
    dim: int = Field(14, ge=1, description="number of factors of each member")
    members: int = Field(8, ge=1, description="number of small models that are trained together and averaged")
    head: Head = "ordinal"
    implicit: bool = Field(
        True, description="whether a user's items and an item's users are added as implicit sets"
    )
    implicit_limit: int = Field(1000, ge=1, description="number of the latest members of such a set")
    features: Fields = ALL
    factor_l2: float = Field(14.0, ge=0, description="regularization strength of the factors")
    bias_l2: float = Field(5.0, ge=0, description="regularization strength of the biases")


class DlrmConfig(Strict):
    """DLRM: embeddings and a bottom network over numbers, each paired with each other by dot product."""

    learns_context: ClassVar[bool] = True

    kind: Literal["dlrm"] = "dlrm"
    dim: int = Field(
        16, ge=1, description="number of dimensions of embeddings, and of the bottom network's output"
    )
    features: FieldsInContext = ALL
    dense: DenseFields = ALL
    bottom: tuple[Width, ...] = Field(
        (32,),
        description="widths of the bottom network's dense ReLU layers, before the last one of width dim",
    )
    hidden: Hidden = (32,)
    dropout: Dropout = 0.0
    l2: L2 = 200.0
    head: Head = "squared"

    @model_validator(mode="after")
    def _more_than_one_product(self) -> "DlrmConfig":
        # Between the two ids alone there is one product of two small vectors, and a prior holds both at 0.
        if not self.features and not self.dense:
            raise ValueError("dlrm learns nothing from the two ids alone: name features, dense, or choose mf")
        return self


class DcnConfig(Strict):
    """DCN-V2: layers that cross all inputs with each other, and a dense network after or beside them."""

    learns_context: ClassVar[bool] = True

    kind: Literal["dcn"] = "dcn"
    dim: Width | Literal["auto"] = Field(
        32, description="number of dimensions of embeddings; auto: twice the fourth root of a field's keys"
    )
    features: FieldsInContext = ALL
    dense: DenseFields = ALL
    crosses: int = Field(1, ge=0, description="number of cross layers")
    rank: int | None = Field(
        None, ge=1, description="rank of the cross layers' matrices, for fewer parameters; null: full rank"
    )
    structure: Literal["stacked", "parallel"] = Field(
        "stacked",
        description="whether the dense network follows the cross layers or runs in parallel to them",
    )
    hidden: Hidden = (192, 192)
    dropout: Dropout = 0.0
    l2: L2 = 60.0
    head: Head = "squared"


class DeepfmConfig(Strict):
    """DeepFM: weights, products of every pair of fields, and a dense network over them, summed."""

    learns_context: ClassVar[bool] = True

    kind: Literal["deepfm"] = "deepfm"
    dim: int = Field(16, ge=1, description="number of dimensions of embeddings")
    features: FieldsInContext = ALL
    dense: DenseFields = ()
    hidden: Hidden = (128, 64)
    dropout: Dropout = 0.0
    l2: L2 = 60.0
    bias_l2: float = Field(5.0, ge=0, description="regularization strength of the first-order weights")
    head: Head = "squared"


class WideDeepConfig(Strict):
    """Wide & Deep: a linear model over hashed pairs of keys, and a dense network over embeddings, summed."""

    learns_context: ClassVar[bool] = True

    kind: Literal["wide_deep"] = "wide_deep"
    dim: Width | Literal["auto"] = Field(
        32, description="number of dimensions of embeddings; auto: twice the fourth root of a field's keys"
    )
    features: FieldsInContext = ALL
    dense: DenseFields = ALL
    crosses: Crosses = Field(
        AUTO,
        description="pairs of a user's and an item's feature that the linear model crosses; auto: the user "
        "with the item's first words, the user's first category and first number with the item, the user's "
        "other categories with these words",
    )
    bins: int = Field(20_000, ge=1, description="number of hash buckets of each pair of features")
    hidden: Hidden = (128, 64)
    dropout: Dropout = 0.0
    l2: L2 = 200.0
    bias_l2: float = Field(60.0, ge=0, description="regularization strength of the linear model's weights")
    head: Head = "squared"

    @model_validator(mode="after")
    def _no_rating_on_its_own(self) -> "WideDeepConfig":
        if self.crosses != AUTO and (USER_SIDE, ITEM_SIDE) in self.crosses:
            raise ValueError("crosses: user_id with movie_id would learn each rating by heart")
        return self


RankingModelConfig = Annotated[
    MlpConfig
    | MfConfig
    | DlrmConfig
    | DcnConfig
    | DeepfmConfig
    | WideDeepConfig
    | SharedBottomConfig
    | MmoeConfig
    | CgcConfig
    | PleConfig
    | JointConfig,
    Field(discriminator="kind"),
]
