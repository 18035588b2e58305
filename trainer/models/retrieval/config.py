"""What each kind of retrieval model can be told. Light to import: no TensorFlow."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import Field

from marquee.strict import Strict
from trainer.data.feature_options import TIMELESS, Timeless

LearnsFrom: TypeAlias = Literal["ratings", "users", "everyone"]
IndexKind = Literal["exact", "ivf", "auto"]
Share = Annotated[float, Field(ge=0, lt=1)]
Width = Annotated[int, Field(ge=1)]


class KindConfig(Strict):
    """What is known of a kind before it is built.

    Attributes:
        learns_from: a row of a training batch is a rating, or a user with all that they watched; or a step
            is everyone at once, and solves for what is learned.
        training: what the loop's settings are where nothing else is said, beside their own defaults.
    """

    learns_from: ClassVar[LearnsFrom] = "ratings"
    training: ClassVar[Mapping[str, Any]] = {}


class WholeHistoriesConfig(KindConfig):
    """A kind that learns from all that someone has watched, of however many stars: every rating counts."""

    learns_from: ClassVar[LearnsFrom] = "users"
    min_rating: ClassVar[float | None] = None


class TwoTowerConfig(KindConfig):
    """A user tower and an item tower, whose product is the score."""

    kind: Literal["two_tower"] = Field("two_tower", description="the kind of model")
    dim: int = Field(64, ge=1, description="width of both towers' vectors")
    hidden: tuple[Width, ...] = Field(
        (), description="widths of dense ReLU layers in each tower; none: the parts' sum is the vector"
    )
    features: tuple[Timeless, ...] = Field(
        TIMELESS, description="side features; those that the data set lacks are left out"
    )
    history: bool = Field(True, description="the user tower sees the films that the user has watched")
    history_limit: int = Field(1000, ge=1, description="at most this many of them, the latest")
    history_dropout: Share = Field(0.3, description="share of a history left out of a training step")
    title_text: bool = Field(True, description="the item tower sees the words of the title")
    id_dropout: Share = Field(
        0.5,
        description="share of training rows whose user is known by their history alone, where there is one",
    )
    dropout: Share = Field(0.0, description="of both towers' vectors, in training")
    loss: Literal["full", "in_batch", "sampled"] = Field(
        "full",
        description="softmax over the whole catalogue, the films of the batch, or films drawn at each step",
    )
    negatives: int = Field(1000, ge=1, description="sampled: films drawn at a step, for all its rows")
    temperature: float = Field(1.0, gt=0, description="scores are divided by it in the loss")
    sampling_correction: bool = Field(
        True, description="in_batch, sampled: scores less the log of how often the film is a candidate"
    )
    accidental_hits: bool = Field(
        True,
        description="in_batch, sampled: candidates that are the row's own film do not count as negatives",
    )
    hard_negatives: int = Field(0, ge=0, description="learn from so many best scored negatives; 0: from all")
    min_rating: float | None = Field(None, description="stars from which a rating is a positive; none: every")
    precision: float = Field(10.0, ge=0, description="Gaussian prior of the towers' tables")
    bias_precision: float = Field(0.0, ge=0, description="Gaussian prior of the films' biases")


class MfConfig(KindConfig):
    """A vector for each user and each film, by their ids alone."""

    training: ClassVar = {"epochs": 20}

    kind: Literal["mf"] = Field("mf", description="the kind of model")
    dim: Width = Field(64, description="width of the vectors")
    loss: Literal["full", "sampled", "bpr"] = Field(
        "full",
        description="softmax over the whole catalogue or over films drawn at each step; or pairs: the film "
        "watched before films drawn",
    )
    negatives: int = Field(1000, ge=1, description="sampled, bpr: films drawn at a step, for all its rows")
    min_rating: float | None = Field(None, description="stars from which a rating is a positive; none: every")
    precision: float = Field(10.0, ge=0, description="Gaussian prior of the vectors")
    bias_precision: float = Field(0.0, ge=0, description="Gaussian prior of the films' biases")


class YoutubeDnnConfig(KindConfig):
    """The films that someone has watched, averaged, through dense layers to a softmax over the films."""

    training: ClassVar = {"epochs": 25, "learning_rate": 0.02}

    kind: Literal["youtube_dnn"] = Field("youtube_dnn", description="the kind of model")
    dim: Width = Field(64, description="width of a watched film's embedding, and of the vectors")
    hidden: tuple[Width, ...] = Field((128,), description="widths of the dense ReLU layers between the two")
    history_limit: Width = Field(1000, description="at most this many watched films, the latest")
    history_dropout: Share = Field(0.5, description="share of a history left out of a training step")
    dropout: Share = Field(0.0, description="of the dense layers, in training")
    loss: Literal["full", "sampled"] = Field(
        "full", description="softmax over the whole catalogue, or over films drawn at each step"
    )
    negatives: int = Field(1000, ge=1, description="sampled: films drawn at a step, for all its rows")
    min_rating: float | None = Field(None, description="stars from which a rating is a positive; none: every")
    precision: float = Field(5.0, ge=0, description="Gaussian prior of the films' embeddings")


class SasrecConfig(WholeHistoriesConfig):
    """Self-attention over what someone has watched."""

    training: ClassVar = {
        "epochs": 80,
        "batch_size": 2000,
        "learning_rate": 0.005,
        "warmup_epochs": 2,
        "patience": 10,
    }

    kind: Literal["sasrec"] = Field("sasrec", description="the kind of model")
    dim: Width = Field(64, description="width of the films' embeddings, and of the vectors")
    blocks: Width = Field(1, description="of attention and two dense layers")
    heads: Width = Field(1, description="of attention in a block; a divisor of dim")
    history_limit: Width = Field(200, description="at most this many films, the latest")
    target: Literal["left_out", "next"] = Field(
        "left_out",
        description="a history, in no order, is to foretell films that were left out of it, which is what "
        "random splits ask for; or each of its places the next, as in the paper, which is what temporal "
        "splits ask for",
    )
    left_out: float = Field(
        0.9,
        gt=0,
        le=1,
        description="target left_out: the largest share of a history; how much it is, is drawn at each step",
    )
    dropout: Share = Field(0.1, description="of embeddings, attention and dense layers, in training")
    loss: Literal["full", "sampled"] = Field(
        "full", description="softmax over the whole catalogue, or over films drawn at each step"
    )
    negatives: int = Field(1000, ge=1, description="sampled: films drawn at a step, for all its rows")
    precision: float = Field(300.0, ge=0, description="Gaussian prior of the films' embeddings")


class EaseConfig(WholeHistoriesConfig):
    """Weights from film to film, none from a film to itself, in closed form."""

    learns_from: ClassVar = "everyone"
    training: ClassVar = {"epochs": 1}

    kind: Literal["ease"] = Field("ease", description="the kind of model")
    precision: float = Field(500.0, gt=0, description="of the weights' L2 penalty")


class IalsConfig(WholeHistoriesConfig):
    """Least squares over all users and films, alternating; a sweep over both sides is an epoch."""

    learns_from: ClassVar = "everyone"
    training: ClassVar = {"epochs": 10}

    kind: Literal["ials"] = Field("ials", description="the kind of model")
    dim: Width = Field(80, description="width of the vectors")
    precision: float = Field(40.0, gt=0, description="of the L2 penalty")
    confidence: float = Field(
        5.0, ge=0, description="a film that was watched weighs 1 + this, one that was not weighs 1"
    )
    frequency_scaling: float = Field(
        0.0,
        ge=0,
        le=1,
        description="0: one penalty for all; 1: in proportion to the weight of a user's, or film's, examples",
    )


class MultvaeConfig(WholeHistoriesConfig):
    """A variational autoencoder of what someone has watched, of which it hides a part from itself."""

    training: ClassVar = {"epochs": 50, "learning_rate": 0.001, "patience": 10}

    kind: Literal["multvae"] = Field("multvae", description="the kind of model")
    dim: Width = Field(200, description="width of the code in the middle")
    hidden: Width = Field(600, description="width of the layers before and after it, and of the vectors")
    dropout: Share = Field(0.5, description="share of a history that is hidden in training")
    beta: float = Field(
        0.5, ge=0, description="weight of the code's divergence from a standard normal, at last"
    )
    anneal_steps: int = Field(500, ge=0, description="training steps in which that weight rises from 0")


RetrievalConfig = Annotated[
    TwoTowerConfig | MfConfig | YoutubeDnnConfig | SasrecConfig | EaseConfig | IalsConfig | MultvaeConfig,
    Field(discriminator="kind"),
]
