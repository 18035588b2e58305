"""What each kind of ranking model can be told. Light to import: no TensorFlow."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from trainer.strict import Strict


class Feature(StrEnum):
    """What a model may know beside the two ids."""

    AGE = "age"
    GENDER = "gender"
    OCCUPATION = "occupation"
    ZIP = "zip"
    GENRES = "genres"
    YEAR = "year"
    TIME = "time"


USER_FEATURES = (Feature.AGE, Feature.GENDER, Feature.OCCUPATION, Feature.ZIP)
TIMELESS = (*USER_FEATURES, Feature.GENRES, Feature.YEAR)


class MlpConfig(Strict):
    """A dense network over the user's and the film's embeddings (the TFRS tutorial's)."""

    kind: Literal["mlp"] = "mlp"
    dim: int = Field(32, ge=1, description="width of the user and the film embeddings")
    side_dim: int = Field(8, ge=1, description="width of each side feature's embedding")
    hidden: tuple[Annotated[int, Field(ge=1)], ...] = Field(
        (256, 64), description="widths of the dense layers below the output"
    )
    features: tuple[Feature, ...] = Field(
        (), description="side features; those that the data set lacks are left out"
    )


class MfConfig(Strict):
    """Biases and factor products over ids, implicit sets and side features, averaged over members."""

    kind: Literal["mf"] = "mf"
    dim: int = Field(14, ge=1, description="factors of a member")
    members: int = Field(8, ge=1, description="small models trained together and averaged")
    head: Literal["ordinal", "squared"] = Field(
        "ordinal", description="learn by the likelihood of the observed star, or by squared error"
    )
    implicit: bool = Field(True, description="add a user's films, and a film's users, as sets")
    implicit_limit: int = Field(1000, ge=1, description="at most this many of a set, the latest")
    features: tuple[Literal[TIMELESS], ...] = Field(
        TIMELESS, description="side features; those that the data set lacks are left out"
    )
    factor_precision: float = Field(14.0, ge=0, description="Gaussian prior of factors")
    bias_precision: float = Field(5.0, ge=0, description="Gaussian prior of biases")


RankingConfig = Annotated[MlpConfig | MfConfig, Field(discriminator="kind")]
