"""Options that the configs of several kinds share: features, and the parts of a network."""

from enum import StrEnum
from typing import Annotated, Literal, TypeAlias, get_args

from pydantic import Field


class Feature(StrEnum):
    """A side feature that a model can use in addition to the two ids."""

    AGE = "age"
    GENDER = "gender"
    OCCUPATION = "occupation"
    ZIP = "zip"
    GENRES = "genres"
    YEAR = "year"
    TIME = "time"


class DenseFeature(StrEnum):
    """A numeric feature that a model can use."""

    AGE = "age"  # the index of the age group
    ACTIVITY = "activity"  # log of the number of films that the user has rated in train
    YEAR = "year"
    POPULARITY = "popularity"  # log of the number of users who have rated the film in train
    TIME = "time"


UserFeature: TypeAlias = Literal[Feature.AGE, Feature.GENDER, Feature.OCCUPATION, Feature.ZIP]
MovieFeature: TypeAlias = Literal[Feature.GENRES, Feature.YEAR]
Timeless: TypeAlias = Literal[UserFeature, MovieFeature]
USER_FEATURES: tuple[UserFeature, ...] = get_args(UserFeature)
MOVIE_FEATURES: tuple[MovieFeature, ...] = get_args(MovieFeature)
TIMELESS: tuple[Timeless, ...] = get_args(Timeless)
TIMELESS_DENSE = (DenseFeature.AGE, DenseFeature.ACTIVITY, DenseFeature.YEAR, DenseFeature.POPULARITY)

Width = Annotated[int, Field(ge=1)]
Fields = Annotated[
    tuple[Timeless, ...],
    Field(description="side features, as fields beside the two ids; ones that the data lacks are ignored"),
]
DenseFields = Annotated[
    tuple[DenseFeature, ...],
    Field(description="features as numbers; ones that the data lacks are ignored"),
]
Hidden = Annotated[tuple[Width, ...], Field(description="widths of the dense ReLU layers below the output")]
Dropout = Annotated[
    float,
    Field(ge=0, lt=1, description="dropout rate of the dense layers; slow with train.xla on a CPU"),
]
L2 = Annotated[float, Field(ge=0, description="regularization strength of the embeddings")]
Head = Annotated[
    Literal["ordinal", "squared", "chance"],
    Field(
        description="answer and loss. ordinal: the expected rating, by the likelihood of the observed one, "
        "on a scale of at most 20 ratings, else squared; squared: the rating, by squared error; chance: that "
        "of an interaction, by log loss against sampled negatives. Implicit data always have chance, ratings "
        "never",
    ),
]
