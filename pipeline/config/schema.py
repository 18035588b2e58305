"""The configuration of a run: the data, the models, and how they are tuned, evaluated and pushed."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, TypeAlias

from pydantic import Field, field_validator, model_validator

from components.movielens_example_gen.config import DataConfig
from marquee.errors import ConfigError
from marquee.strict import Strict
from pipeline.config.bars import SAME, Bar, errors_of_means
from pipeline.config.data_checks import ServingSkewConfig, ValidateConfig
from pipeline.config.data_schema import AUTO
from pipeline.config.kubeflow import KubeflowConfig
from serving.deploy.config import DeployConfig
from trainer.data.description import Description, Number, Time, Vector
from trainer.data.feature_options import check_features
from trainer.evaluation.measures import QUALITY_MEASURES, SEARCH_MEASURES
from trainer.evaluation.recommender_measures import RECOMMENDER_MEASURES, UNDER_MEAN
from trainer.models.multitask.config import MultiTaskConfig
from trainer.models.ranking.config import RankingModelConfig
from trainer.training.ranking_settings import RankingSettings
from trainer.training.retrieval_settings import RetrievalSettings
from tuner.config import TuneConfig

#: Metrics of a ranking model that are of ratings, of chances, and of both.
OF_RATINGS, OF_CHANCES, OF_BOTH = ("rmse", "mae"), ("log_loss", "auc"), ("calibration", "rated_ndcg@10")
#: Metrics of the chances of one type of event, such as `auc_of_purchase`.
OF_EVENT = "^(log_loss|auc)_of_[a-z0-9_]+$"

if TYPE_CHECKING:  # a type checker cannot read names that are listed elsewhere
    RankingMeasure: TypeAlias = str
    RetrievalMeasure: TypeAlias = str
    ListMeasure: TypeAlias = str
    RecommenderMeasure: TypeAlias = str
else:
    RankingMeasure = Literal[(*OF_RATINGS, *OF_CHANCES, *OF_BOTH)] | Annotated[str, Field(pattern=OF_EVENT)]
    RetrievalMeasure = Literal[(*QUALITY_MEASURES, *SEARCH_MEASURES)]
    ListMeasure = Literal[QUALITY_MEASURES]
    RecommenderMeasure = Literal[RECOMMENDER_MEASURES]


def measures_of_events(description: Description) -> tuple[str, ...]:
    """Returns the names of the metrics of each type of event; () where the data tell none."""
    events = description.events
    names = ("log_loss", "auc")
    return tuple(events.measure(name, event) for event in events.types for name in names) if events else ()


class BlessConfig(Strict):
    """Conditions for pushing a ranking model, measured on `eval`."""

    bars: dict[RankingMeasure, Bar] = Field(
        default={"rmse": Bar(max=1.2, max_increase=SAME)},
        description="limits by metric; a model that misses one is not blessed: `min`, `max` and, against the "
        "last blessed model (the baseline), `max_increase` or `max_decrease`, a number or "
        "`{standard_errors: 2}`; rmse and mae are of ratings, log_loss and auc of implicit data, whose "
        "default is `{log_loss: {max_increase: {standard_errors: 2, at_least: 0.0005}}, auc: {min: 0.5}}`; "
        "log_loss_of_purchase, auc_of_purchase and the like are of a type of event, of multi-task kinds; "
        "rated_ndcg@10 measures the order of the items that a user rated, or of those and the sampled "
        "negatives, not of all items",
    )
    computed_by: Literal["sums", "tfma"] = Field(
        "sums",
        description="how the metrics are computed: `sums`, in vectorised sums in one process; or `tfma`, by "
        "TFX's Evaluator (TFMA) on Beam, row by row, with memory that grows with `eval`: choose it to "
        "measure on a Beam cluster; metrics, slices and files are the same",
    )

    @field_validator("bars", mode="before")
    @classmethod
    def _names_as_they_are_now(cls, bars: Any) -> Any:
        if isinstance(bars, Mapping) and "ndcg_10" in bars:
            raise ValueError(
                "ndcg_10 is called rated_ndcg@10 now: it orders rated items; ndcg@10 is of all items"
            )
        return bars


#: The bars of implicit data, unless the configuration names others.
BARS_OF_CHANCES = {"log_loss": Bar(max_increase=SAME), "auc": Bar(min=0.5)}


class RankingConfig(RankingSettings):
    """The `ranking` section: architecture, training, tuning and blessing of the ranking model."""

    model: RankingModelConfig = Field(description="kind of model and its architecture")
    tune: TuneConfig = Field(TuneConfig(), description="hyperparameter search")
    bless: BlessConfig = Field(BlessConfig(), description="conditions for pushing the model")


class RetrievalBlessConfig(Strict):
    """Conditions for pushing a retrieval model; the RetrievalEvaluator measures them on `eval`."""

    bars: dict[RetrievalMeasure, Bar] = Field(
        default={"ndcg@10": Bar(max_decrease=SAME), "index_recall@100": Bar(min=0.9)},
        description="limits by metric, as `ranking.bless.bars`; over all items that the user has not rated "
        "in train",
    )
    over_popularity: dict[ListMeasure, float] = Field(
        default={"ndcg@10": 1.0},
        description="least ratio to the popularity baseline (the most popular items), by metric",
    )

    @field_validator("bars")
    @classmethod
    def _search_does_not_change(cls, bars: dict[str, Bar]) -> dict[str, Bar]:
        for measure in set(bars) & set(SEARCH_MEASURES):
            if bars[measure].max_increase is not None or bars[measure].max_decrease is not None:
                raise ValueError(
                    f"{measure}: the last blessed model's search is not measured; give min or max"
                )
        return errors_of_means(bars)


class RetrievalConfig(RetrievalSettings):
    """The `retrieval` section: architecture, training, tuning and blessing of the retrieval model."""

    tune: TuneConfig = Field(TuneConfig(enabled=False), description="hyperparameter search")
    bless: RetrievalBlessConfig = Field(
        RetrievalBlessConfig(), description="conditions for pushing the model"
    )


class RecommenderBlessConfig(Strict):
    """Conditions for pushing both models together; the RecommenderEvaluator measures them on `eval`."""

    bars: dict[RecommenderMeasure, Bar] = Field(
        default={"ndcg@10": Bar(max_decrease=SAME)},
        description="limits by metric, as `ranking.bless.bars`; over the ten items that each user of `eval` "
        "would be shown, without those rated in train; under_mean@10 is the share of them that the user "
        "then rated below that user's mean; where both models are those of the last blessed recommender, "
        "the standard error is 0 and `at_least` alone allows a change",
    )
    over_popularity: dict[RecommenderMeasure, float] = Field(
        default={"ndcg@10": 1.0},
        description="least ratio to the popularity baseline (the most popular items), by metric",
    )

    _errors_of_means = field_validator("bars")(errors_of_means)


#: Of implicit data. On 500 listeners of Last.fm, nDCG@10 on eval is 0.129 by retrieval alone, and with
#: weights of 0.2, 0.5, 1 and 2 it is 0.142, 0.149, 0.149 and 0.149.
WEIGHT_OF_LOG_ODDS = 0.5


class RecommenderConfig(Strict):
    """The `recommender` section: how the two models are combined, and when they may be pushed."""

    candidates: int = Field(200, ge=10, description="items that retrieval proposes and ranking then scores")
    rating_weight: float = Field(
        0.2,
        ge=0,
        description="weight of the expected rating, added to the retrieval score, or in implicit data of the "
        "log odds of the chance, by default 0.5; 0: retrieval order alone",
    )
    bless: RecommenderBlessConfig = Field(
        RecommenderBlessConfig(), description="conditions for pushing the model"
    )


class BulkConfig(Strict):
    """Batch recommendations: a list of items for every user, written at the end of a run."""

    enabled: bool = Field(False, description="write recommendations for every user")
    k: int = Field(100, ge=1, description="items per user")
    exclude_seen: bool = Field(True, description="leave out items that the user has rated")


class PushConfig(Strict):
    """The `push` section: versions of pushed models."""

    keep: int = Field(5, ge=1, description="versions of each model to keep on disk; older ones are deleted")


#: Beam's runner inside the process that starts it.
IN_PROCESS = "apache_beam.runners.portability.fn_api_runner.FnApiRunner"


class BeamConfig(Strict):
    """The `beam` section: how Apache Beam runs the data nodes."""

    args: list[str] = Field(
        default=[f"--runner={IN_PROCESS}"],
        description="arguments of every Beam pipeline; default: the runner inside this process",
    )


class RunConfig(Strict):
    """The complete configuration of a run."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$", description="name of the pipeline in ML Metadata")
    data: DataConfig
    validate_: ValidateConfig = Field(ValidateConfig(), alias="validate")
    serving_skew: ServingSkewConfig = ServingSkewConfig()
    warm_start: bool = Field(
        False,
        description="start training from the last blessed models, embeddings matched by id, not from random "
        "weights; training is then cached only while these models stay the same",
    )
    ranking: RankingConfig
    retrieval: RetrievalConfig = RetrievalConfig()
    recommender: RecommenderConfig = RecommenderConfig()
    refit: Literal["all", "seen", "none"] = Field(
        "all",
        description="model that is served after blessing: all, trained again with the same hyperparameters "
        "on train, eval and test; seen, evaluated weights with users' full rating histories; none, the "
        "evaluated model",
    )
    temporal_check: Literal["auto", "always", "never"] = Field(
        "auto",
        description="train both models again on the oldest 80 % of ratings and measure them on the newest 20 "
        "%, beside recently popular items: auto, if ratings have times and are fewer than two million; "
        "always; never; costs about as much as both trainings; for information, blocks no push",
    )
    judged_users: int | None = Field(
        20_000,
        ge=100,
        description="largest number of users whose lists are judged on eval and test: a sample by a hash of "
        "the id, the same every night; null: all",
    )
    bulk: BulkConfig = BulkConfig()
    push: PushConfig = PushConfig()
    beam: BeamConfig = BeamConfig()
    kubeflow: KubeflowConfig = KubeflowConfig()
    deploy: DeployConfig = DeployConfig()

    @model_validator(mode="before")
    @classmethod
    def _described_data_has_a_schema_of_its_own(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        data, checks = given.get("data"), given.get("validate") or {}
        described = (
            data.get("interactions") if isinstance(data, Mapping) else getattr(data, "described", None)
        )
        if described is None or not isinstance(checks, Mapping) or checks.get("schema") is not None:
            return given
        return {**given, "validate": {**checks, "schema": AUTO}}

    @model_validator(mode="after")
    def _thresholds_are_of_features(self) -> "RunConfig":
        description = self.data.description
        described = {
            feature.name or key: feature
            for key, (_, feature) in description.features().items()
            if feature.of is None
        }
        told = [description.events.name] if description.events else []
        names = [*description.names.in_examples(), *told, *described]
        numbers = {description.names.time, description.names.rating}
        numbers |= {name for name, each in described.items() if isinstance(each, Number | Time | Vector)}
        for which in ("drift_thresholds", "skew_thresholds"):
            for name, threshold in getattr(self.validate_, which).items():
                if name not in names:
                    raise ValueError(
                        f"validate.{which}.{name}: no such feature; the data has {', '.join(names)}"
                    )
                if name in numbers and threshold and threshold.infinity_norm is not None:
                    raise ValueError(f"validate.{which}: {name} is a number: give jensen_shannon_divergence")
        return self

    @model_validator(mode="after")
    def _models_know_the_features(self) -> "RunConfig":
        for task in ("ranking", "retrieval"):
            try:
                check_features(getattr(self, task).model, self.data.description)
            except ConfigError as error:
                raise ValueError(f"{task}.{error.message}. {error.hint}") from None
        return self

    @model_validator(mode="after")
    def _judged_as_the_data_are(self) -> Self:
        """Chooses head and bars of implicit data, and refuses bars that the data do not have."""
        description, ranking = self.data.description, self.ranking
        try:
            suited = ranking.for_data(description)
        except ConfigError as error:
            raise ValueError(f"{error.message} {error.hint}") from None
        implicit = description.implicit
        if implicit and "bars" not in ranking.bless.model_fields_set:
            bless = suited.bless.model_copy(update={"bars": BARS_OF_CHANCES})
            suited = suited.model_copy(update={"bless": bless})
        known = measures_of_events(description) if isinstance(suited.model, MultiTaskConfig) else ()
        for measure in suited.bless.bars:
            if "_of_" in measure and measure not in known:
                allowed = ", ".join(known) or "a multi-task kind and two types or more (interactions.event)"
                raise ValueError(
                    f"ranking.bless.bars.{measure}: the model knows no such type of event: give {allowed}"
                )
            if measure in (OF_RATINGS if implicit else OF_CHANCES):
                data, own = ("implicit", OF_CHANCES) if implicit else ("ratings", OF_RATINGS)
                raise ValueError(
                    f"ranking.bless.bars.{measure}: the data are {data}, and a ranking model of such data is "
                    f"judged by {', '.join((*own, *OF_BOTH))}: give one of these"
                )
        if implicit:  # before anybody has seen it: frozen only afterwards
            self.__dict__["ranking"] = suited
            if "rating_weight" not in self.recommender.model_fields_set:
                weight = {"rating_weight": WEIGHT_OF_LOG_ODDS}
                self.__dict__["recommender"] = self.recommender.model_copy(update=weight)
        for option in ("bars", "over_popularity") if implicit else ():
            if UNDER_MEAN in getattr(self.recommender.bless, option):
                raise ValueError(
                    f"recommender.bless.{option}.{UNDER_MEAN}: it compares ratings with their user's mean, "
                    "and the data are implicit: give another measure"
                )
        return self

    def plain(self) -> dict[str, Any]:
        """The configuration as plain values, ready for YAML or JSON."""
        return self.model_dump(mode="json", by_alias=True)
