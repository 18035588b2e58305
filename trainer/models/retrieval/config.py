"""What each kind of retrieval model can be told. Light to import: no TensorFlow."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import Field, model_validator

from marquee.strict import Strict
from trainer.data.feature_options import ALL, Fields

LearnsFrom: TypeAlias = Literal["ratings", "users", "everyone"]
IndexKind = Literal["exact", "ivf", "auto"]
Sampler = Literal["popularity", "log_uniform", "uniform"]
Share = Annotated[float, Field(ge=0, lt=1)]
Width = Annotated[int, Field(ge=1)]


class KindConfig(Strict):
    """Configuration that every kind of retrieval model has.

    Attributes:
        learns_from: what a row of a training batch is. `ratings`: one rating; `users`: one user with all
            that they watched; `everyone`: a step takes all users at once and solves for the weights.
        training: defaults of `train` that differ for this kind.
        saves_weights: whether `weights_by_name` names all that is learned; a solution in closed form is not
            named, since it does not depend on a start.
    """

    learns_from: ClassVar[LearnsFrom] = "ratings"
    saves_weights: ClassVar[bool] = True
    training: ClassVar[Mapping[str, Any]] = {}


class WholeHistoriesConfig(KindConfig):
    """A kind that learns from all that someone has watched, of however many stars: every rating counts."""

    learns_from: ClassVar[LearnsFrom] = "users"
    min_rating: ClassVar[float | None] = None


class TwoTowerConfig(KindConfig):
    """A user tower and an item tower, whose product is the score."""

    kind: Literal["two_tower"] = Field("two_tower", description="the kind of model")
    dim: int = Field(64, ge=1, description="number of dimensions of both towers' vectors")
    hidden: tuple[Width, ...] = Field(
        (),
        description="widths of each tower's dense ReLU layers; empty: the vector is the sum of embeddings",
    )
    features: Fields = ALL
    history: bool = Field(True, description="whether the user tower sees the history, the items of the user")
    history_limit: int = Field(1000, ge=1, description="number of its latest items that are seen")
    history_dropout: Share = Field(0.3, description="share of a history that each training step leaves out")
    title_text: bool = Field(True, description="whether the item tower sees the words of the title")
    id_dropout: Share = Field(
        0.5,
        description="share of training rows that hide the user's id, so that histories alone are learned too",
    )
    dropout: Share = Field(0.0, description="dropout rate of both towers' vectors")
    loss: Literal["full", "in_batch", "sampled"] = Field(
        "full",
        description="softmax over the whole catalogue, the items of the batch, or items drawn per step",
    )
    negatives: int = Field(1000, ge=1, description="sampled: items drawn per step for all its rows")
    sampler: Sampler = Field("popularity", description="sampled: distribution that items are drawn from")
    temperature: float = Field(1.0, gt=0, description="divisor of the scores in the loss")
    sampling_correction: bool = Field(
        True,
        description="in_batch, sampled: whether scores are corrected by the log of the sampling probability",
    )
    accidental_hits: bool = Field(
        True,
        description="in_batch, sampled: whether candidates equal to the row's own item are removed",
    )
    hard_negatives: int = Field(0, ge=0, description="number of best scored negatives to learn from; 0: all")
    min_rating: float | None = Field(None, description="lowest rating that is a positive; null: every rating")
    l2: float = Field(10.0, ge=0, description="regularization strength of the towers' embeddings")
    bias_l2: float = Field(0.0, ge=0, description="regularization strength of the items' biases")


class MfConfig(KindConfig):
    """A vector for each user and each item, by their ids alone."""

    training: ClassVar = {"epochs": 20}

    kind: Literal["mf"] = Field("mf", description="the kind of model")
    dim: Width = Field(64, description="number of dimensions of the vectors")
    loss: Literal["full", "sampled", "bpr", "bpr_max", "hinge", "top1", "top1_v2", "top1_max"] = Field(
        "full",
        description="softmax over the whole catalogue (full) or over items drawn per step (sampled), or a "
        "pairwise loss of the row's item against items drawn per step (the others)",
    )
    negatives: int = Field(1000, ge=1, description="items drawn per step for all its rows; not with full")
    sampler: Sampler | Literal["auto"] = Field(
        "auto",
        description="distribution that items are drawn from; auto: popularity for sampled, uniform for pairs",
    )
    min_rating: float | None = Field(None, description="lowest rating that is a positive; null: every rating")
    l2: float = Field(10.0, ge=0, description="regularization strength of the vectors")
    bias_l2: float = Field(0.0, ge=0, description="regularization strength of the items' biases")


class YoutubeDnnConfig(KindConfig):
    """The items of a history, averaged, through dense layers to a softmax over the items."""

    training: ClassVar = {"epochs": 25, "learning_rate": 0.02}

    kind: Literal["youtube_dnn"] = Field("youtube_dnn", description="the kind of model")
    dim: Width = Field(64, description="number of dimensions of embeddings and vectors")
    hidden: tuple[Width, ...] = Field((128,), description="widths of the dense ReLU layers")
    history_limit: Width = Field(1000, description="number of the latest items in a history")
    history_dropout: Share = Field(0.5, description="share of a history that each training step leaves out")
    dropout: Share = Field(0.0, description="dropout rate of the dense layers")
    loss: Literal["full", "sampled"] = Field(
        "full", description="softmax over the whole catalogue, or over items drawn per step"
    )
    negatives: int = Field(1000, ge=1, description="sampled: items drawn per step for all its rows")
    sampler: Sampler = Field("popularity", description="sampled: distribution that items are drawn from")
    min_rating: float | None = Field(None, description="lowest rating that is a positive; null: every rating")
    l2: float = Field(5.0, ge=0, description="regularization strength of the items' embeddings")


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
    dim: Width = Field(64, description="number of dimensions of embeddings and vectors")
    blocks: Width = Field(1, description="number of blocks of attention and two dense layers")
    heads: Width = Field(1, description="number of attention heads in a block; must divide dim")
    history_limit: Width = Field(200, description="number of the latest items in a history")
    target: Literal["left_out", "next"] = Field(
        "left_out",
        description="what is predicted from a history. left_out: items hidden from it, in no order, which "
        "suits random splits; next: the next item at each position, as in the paper, for temporal splits",
    )
    left_out: float = Field(
        0.9,
        gt=0,
        le=1,
        description="target left_out: largest share of a history that is hidden; the share is drawn per step",
    )
    dropout: Share = Field(0.1, description="dropout rate of embeddings, attention and dense layers")
    loss: Literal["full", "sampled"] = Field(
        "full", description="softmax over the whole catalogue, or over items drawn per step"
    )
    negatives: int = Field(1000, ge=1, description="sampled: items drawn per step for all its rows")
    sampler: Sampler = Field("popularity", description="sampled: distribution that items are drawn from")
    l2: float = Field(300.0, ge=0, description="regularization strength of the items' embeddings")


class EaseConfig(WholeHistoriesConfig):
    """Weights from item to item, none from an item to itself, in closed form."""

    learns_from: ClassVar = "everyone"
    saves_weights: ClassVar = False
    training: ClassVar = {"epochs": 1}

    kind: Literal["ease"] = Field("ease", description="the kind of model")
    l2: float = Field(500.0, gt=0, description="regularization strength of the weights (λ)")
    closeness: float = Field(
        0.0,
        ge=0,
        le=1,
        description="how much less two items of a user count together, the further apart in time they were "
        "touched; 0: all pairs count alike. On random splits, 0.8 with an l2 of 200 is better than 0; "
        "without effect on data without times",
    )
    closeness_seconds: float = Field(
        300.0, gt=0, description="time apart at which closeness has reached 63 % of its effect"
    )


class IalsConfig(WholeHistoriesConfig):
    """Least squares over all users and items, alternating; a sweep over both sides is an epoch."""

    learns_from: ClassVar = "everyone"
    training: ClassVar = {"epochs": 10}

    kind: Literal["ials"] = Field("ials", description="the kind of model")
    dim: Width = Field(80, description="number of dimensions of the vectors")
    l2: float = Field(40.0, gt=0, description="regularization strength of the vectors (λ)")
    confidence: float = Field(
        5.0,
        ge=0,
        description="extra weight of the items of a user; the others have weight 1, these 1 + this",
    )
    frequency_scaling: float = Field(
        0.0,
        ge=0,
        le=1,
        description="0: the same regularization for all; 1: in proportion to a user's or item's total weight",
    )


class MultvaeConfig(WholeHistoriesConfig):
    """A variational autoencoder of what someone has watched, of which it hides a part from itself."""

    training: ClassVar = {"epochs": 50, "learning_rate": 0.001, "patience": 10}

    kind: Literal["multvae"] = Field("multvae", description="the kind of model")
    dim: Width = Field(200, description="number of dimensions of the latent code")
    hidden: Width = Field(600, description="width of the layers around the code, and of the vectors")
    dropout: Share = Field(0.5, description="dropout rate of the history that is the input")
    beta: float = Field(0.5, ge=0, description="weight of the KL divergence after annealing")
    anneal_steps: int = Field(500, ge=0, description="training steps in which that weight rises from 0")


PartKind: TypeAlias = (
    TwoTowerConfig | MfConfig | YoutubeDnnConfig | SasrecConfig | EaseConfig | IalsConfig | MultvaeConfig
)


class PartConfig(Strict):
    """A part of a blend."""

    model: PartKind = Field(discriminator="kind", description="kind of model and its architecture")
    train: dict[str, Any] = Field(
        {}, description="training loop of this part; missing keys have the defaults of its kind"
    )
    weight: float | None = Field(
        None, ge=0, description="what the part counts, relative to the others; null: found on eval"
    )


class BlendConfig(KindConfig):
    """Several models whose scores are added, with weights found on eval."""

    learns_from: ClassVar = "everyone"
    saves_weights: ClassVar = False
    training: ClassVar = {"epochs": 1}
    min_rating: ClassVar[float | None] = None

    kind: Literal["blend"] = Field("blend", description="the kind of model")
    parts: dict[str, PartConfig] = Field(
        {
            "ials": PartConfig(model=IalsConfig()),
            "ease": PartConfig(model=EaseConfig(l2=200, closeness=0.8)),
        },
        min_length=2,
        description="the models by name, each with `model` (another kind, that of its name unless it is "
        "said), `train` (epochs, batch_size, optimizer, learning_rate, schedule, warmup_epochs, patience and "
        "unknown_rate, in place of those of retrieval.train) and `weight` (null: found on eval)",
    )

    @model_validator(mode="before")
    @classmethod
    def _of_the_kind_of_their_names(cls, tree: Any) -> Any:
        if not isinstance(tree, Mapping) or not isinstance(tree.get("parts"), Mapping):
            return tree
        return {**tree, "parts": {name: _named(name, part) for name, part in tree["parts"].items()}}

    @model_validator(mode="after")
    def _weighed_all_or_none(self) -> "BlendConfig":
        weights = {name: part.weight for name, part in self.parts.items()}
        missing = [name for name, weight in weights.items() if weight is None]
        if missing and len(missing) < len(weights):
            raise ValueError(
                f"parts: {', '.join(missing)} without a weight; give every part a weight, or none of them"
            )
        if not missing and not any(weights.values()):
            raise ValueError("parts: every weight is 0; give one of them a weight above 0")
        if odd := [name for name in self.parts if not name.isidentifier()]:
            raise ValueError(f"parts: {odd[0]!r} is no name; use letters, digits and _")
        return self


def _named(name: str, part: Any) -> Any:
    """Returns a part as plain data with its kind, which is that of its name unless it is said."""
    if isinstance(part, PartConfig):
        return part
    part = {} if part is None else part
    model = part.get("model") or {} if isinstance(part, Mapping) else None
    if not isinstance(model, Mapping):
        return part
    return {**part, "model": {"kind": name, **model}}


RetrievalConfig = Annotated[PartKind | BlendConfig, Field(discriminator="kind")]
