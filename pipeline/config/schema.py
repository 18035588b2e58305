"""The configuration of a run: what data, which model, how it is tuned, judged and pushed."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias, TypeVar

from pydantic import Field, field_validator, model_validator

from components.movielens_example_gen.config import DataConfig
from marquee.strict import Strict
from pipeline.config.data_schema import CARRIED, SUFFIX
from pipeline.config.kubeflow import KubeflowConfig
from serving.deploy.config import DeployConfig
from trainer.data import features
from trainer.evaluation.measures import CATALOGUE_MEASURES, QUALITY_MEASURES, SEARCH_MEASURES
from trainer.evaluation.recommender_measures import RECOMMENDER_MEASURES
from trainer.models.ranking.config import RankingModelConfig
from trainer.training.ranking_settings import RankingSettings
from trainer.training.retrieval_settings import RetrievalSettings
from tuner.config import TuneConfig

Measure = TypeVar("Measure", bound=str)
if TYPE_CHECKING:  # a type checker cannot read names that are listed elsewhere
    Feature: TypeAlias = str
    RetrievalMeasure: TypeAlias = str
    ListMeasure: TypeAlias = str
    RecommenderMeasure: TypeAlias = str
else:
    Feature = Literal[(*features.DESCRIBED, *features.DEMOGRAPHICS)]
    RetrievalMeasure = Literal[(*QUALITY_MEASURES, *SEARCH_MEASURES)]
    ListMeasure = Literal[QUALITY_MEASURES]
    RecommenderMeasure = Literal[RECOMMENDER_MEASURES]


class Threshold(Strict):
    """How far a feature's distribution may be from another's: one of the two distances."""

    infinity_norm: float | None = Field(
        None, ge=0, description="the largest difference of one value's share; of features that are words"
    )
    jensen_shannon_divergence: float | None = Field(
        None, ge=0, le=1, description="0 where they are the same, 1 where they share nothing; of any feature"
    )

    @model_validator(mode="after")
    def _one_distance(self) -> "Threshold":
        if (self.infinity_norm is None) == (self.jensen_shannon_divergence is None):
            raise ValueError("give infinity_norm or jensen_shannon_divergence")
        return self


#: `None` switches the schema's own off.
Thresholds: TypeAlias = dict[Feature, Threshold | None]


class ValidateConfig(Strict):
    """What the data is held against."""

    schema_name: str = Field(
        "demographics",
        alias="schema",
        description="what the data is held against: `demographics` for MovieLens with users' age, gender, "
        "occupation and zip code, `ratings` without those, or the path of a `schema.pbtxt` of your own",
    )
    drift: Literal["warn", "stop"] = Field(
        "warn", description="what drift from the previous run does: is reported, or stops the run"
    )
    drift_thresholds: Thresholds = Field(
        default={},
        description="what is drift of `train` from the previous run's, by feature: "
        "`{infinity_norm: 0.05}` or `{jensen_shannon_divergence: 0.05}`; else the schema's; null: nothing is",
    )
    skew: Literal["warn", "stop"] = Field(
        "warn", description="what skew between `train` and `eval` does: is reported, or stops the run"
    )
    skew_thresholds: Thresholds = Field(
        default={}, description="what is skew, in the same way; the schema itself has none"
    )

    @field_validator("schema_name")
    @classmethod
    def _carried_or_a_file(cls, name: str) -> str:
        if name not in CARRIED and not name.endswith(SUFFIX):
            raise ValueError(f"give {' or '.join(CARRIED)}, or the path of a file that ends in {SUFFIX}")
        return name

    @field_validator("drift_thresholds", "skew_thresholds")
    @classmethod
    def _words_have_a_norm(cls, thresholds: Thresholds) -> Thresholds:
        for name, threshold in thresholds.items():
            if name in features.NUMBERS and threshold and threshold.infinity_norm is not None:
                raise ValueError(f"{name} is a number: give jensen_shannon_divergence")
        return thresholds

    @model_validator(mode="after")
    def _schema_has_the_features(self) -> "ValidateConfig":
        named = {*self.drift_thresholds, *self.skew_thresholds} & set(features.DEMOGRAPHICS)
        if self.schema_name == "ratings" and named:
            raise ValueError(f"schema: ratings knows nothing of {', '.join(sorted(named))}")
        return self


class Noise(Strict):
    """A change that noise explains: so many standard errors of the paired difference over users."""

    standard_errors: float = Field(
        gt=0,
        description="so many standard errors, over users, of the difference of both models on the same rows; "
        "2 keeps back 1 equal model in 40",
    )
    at_least: float = Field(
        0.0,
        ge=0,
        description="a change up to this passes however small the standard error of a large `eval` is",
    )


class Bar(Strict):
    """What a metric must satisfy; a change is counted against the last blessed model."""

    min: float | None = Field(None, description="no lower than this")
    max: float | None = Field(None, description="no higher than this")
    max_increase: Annotated[float, Field(ge=0)] | Noise | None = Field(
        None, description="no more above the last blessed model's: a number, or `{standard_errors: 2}`"
    )
    max_decrease: Annotated[float, Field(ge=0)] | Noise | None = Field(
        None, description="no more below the last blessed model's: a number, or `{standard_errors: 2}`"
    )

    @model_validator(mode="after")
    def _one_direction(self) -> "Bar":
        if self.max_increase is not None and self.max_decrease is not None:
            raise ValueError("max_increase and max_decrease exclude each other")
        if all(v is None for v in (self.min, self.max, self.max_increase, self.max_decrease)):
            raise ValueError("says nothing: give min, max, max_increase or max_decrease")
        return self


def limits(bars: Mapping[Measure, Bar]) -> dict[Measure, dict[str, Any]]:
    """Of each measure's bar the limits that are set, as `components.bars.verdicts` takes them."""
    return {measure: bar.model_dump(exclude_none=True) for measure, bar in bars.items()}


def errors_of_means(bars: dict[str, Bar]) -> dict[str, Bar]:
    """The bars, unless one counts in standard errors what has none."""
    for measure in set(bars) & set(CATALOGUE_MEASURES):
        if isinstance(bars[measure].max_increase or bars[measure].max_decrease, Noise):
            raise ValueError(f"{measure}: no mean over users, and so without a standard error; give a number")
    return bars


#: What an equal model, trained anew, may differ by.
SAME = Noise(standard_errors=2, at_least=0.0005)


class BlessConfig(Strict):
    """When a ranking model may be pushed; measured by TFMA on `eval`."""

    bars: dict[Literal["rmse", "mae", "calibration", "rated_ndcg@10"], Bar] = Field(
        default={"rmse": Bar(max=1.2, max_increase=SAME)},
        description="one bar per metric; a model that misses one is not blessed. `min`, `max`, and, against "
        "the last blessed model, `max_increase` or `max_decrease`: a number or `{standard_errors: 2}`. "
        "rated_ndcg@10 is of the order of the films that a user rated, not of a list out of all films",
    )

    @field_validator("bars", mode="before")
    @classmethod
    def _names_as_they_are_now(cls, bars: Any) -> Any:
        if isinstance(bars, Mapping) and "ndcg_10" in bars:
            raise ValueError(
                "ndcg_10 is called rated_ndcg@10 now: it orders rated films; ndcg@10 is of all films"
            )
        return bars


class RankingConfig(RankingSettings):
    """The ranking model, from architecture to blessing."""

    model: RankingModelConfig = Field(description="the kind of model and its architecture")
    tune: TuneConfig = Field(TuneConfig(), description="what the tuner searches")
    bless: BlessConfig = Field(BlessConfig(), description="when it may be pushed")


class RetrievalBlessConfig(Strict):
    """When a retrieval model may be pushed; measured by the RetrievalEvaluator on `eval`."""

    bars: dict[RetrievalMeasure, Bar] = Field(
        default={"ndcg@10": Bar(max_decrease=SAME), "index_recall@100": Bar(min=0.9)},
        description="one bar per metric, as for ranking; over all films that are not in train",
    )
    over_popularity: dict[ListMeasure, float] = Field(
        default={"ndcg@10": 1.0},
        description="a metric, and how many times what the most rated films alone reach it must be",
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
    """The retrieval model, from architecture to blessing."""

    tune: TuneConfig = Field(TuneConfig(enabled=False), description="what the tuner searches")
    bless: RetrievalBlessConfig = Field(RetrievalBlessConfig(), description="when it may be pushed")


class RecommenderBlessConfig(Strict):
    """When the two models together may be pushed; measured by the RecommenderEvaluator on `eval`."""

    bars: dict[RecommenderMeasure, Bar] = Field(
        default={"ndcg@10": Bar(max_decrease=SAME)},
        description="one bar per measure, as for ranking; over the ten items that each user of `eval` would "
        "be shown, without those rated in train. under_mean@10 is the share of them that the user then rated "
        "lower than that user's mean. Of a recommender that is made of the very models of the last blessed "
        "one, standard errors allow for nothing, and `at_least` for what it says",
    )
    over_popularity: dict[RecommenderMeasure, float] = Field(
        default={"ndcg@10": 1.0},
        description="a measure, and how many times what the most rated films alone reach it must be",
    )

    _errors_of_means = field_validator("bars")(errors_of_means)


class RecommenderConfig(Strict):
    """How the two models answer together."""

    candidates: int = Field(200, ge=10, description="how many films are retrieved and then rated")
    rating_weight: float = Field(
        0.2, ge=0, description="films are ordered by the retrieval score + this times the expected rating"
    )
    bless: RecommenderBlessConfig = Field(RecommenderBlessConfig(), description="when it may be pushed")


class BulkConfig(Strict):
    """Films for every user, written at the end of a run."""

    enabled: bool = Field(False, description="whether a run writes them")
    k: int = Field(100, ge=1, description="films a user")
    exclude_seen: bool = Field(True, description="leave out what the user has rated")


class SkewThresholds(Strict):
    """From which distance on a feature of what is served is skewed; null: it is not compared.

    A distance is the largest difference between the shares that one value has in the logs and in train.
    """

    user: float | None = Field(0.2, ge=0, le=1, description="the share of users unknown to train")
    activity: float | None = Field(
        0.3, ge=0, le=1, description="light, medium or heavy raters among the known users who ask"
    )
    film: float | None = Field(0.05, ge=0, le=1, description="films whose rating is asked for")
    genre: float | None = Field(0.15, ge=0, le=1, description="genres of the films that are recommended")
    rating: float | None = Field(0.3, ge=0, le=1, description="predicted ratings, to the nearest stars")
    shown_rating: float | None = Field(
        None, ge=0, le=1, description="the same of what is recommended: by its nature the better films"
    )


class ServingSkewConfig(Strict):
    """What servers were asked and answered, held against the training data."""

    logs: str | None = Field(
        None,
        description="what `marquee serve --log` or TF Serving logged: a folder or a pattern; null: none",
    )
    on_skew: Literal["warn", "stop"] = Field(
        "warn", description="what skew does: is reported, or stops the run"
    )
    min_values: int = Field(100, ge=1, description="a feature with fewer logged values is not compared")
    thresholds: SkewThresholds = SkewThresholds()


class PushConfig(Strict):
    """Where versions go."""

    keep: int = Field(5, ge=1, description="how many versions of a model stay on disk")


#: Beam's runner inside the process that starts it.
IN_PROCESS = "apache_beam.runners.portability.fn_api_runner.FnApiRunner"


class BeamConfig(Strict):
    """How Beam runs the data nodes."""

    args: list[str] = Field(
        default=[f"--runner={IN_PROCESS}"],
        description="passed to every Beam component; the default runs in this process",
    )


class RunConfig(Strict):
    """Everything that decides what a run does."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$", description="the pipeline's name in the metadata")
    data: DataConfig
    validate_: ValidateConfig = Field(ValidateConfig(), alias="validate")
    serving_skew: ServingSkewConfig = ServingSkewConfig()
    warm_start: bool = Field(
        False,
        description="training starts from the last blessed models, rows carried over by id; every run trains",
    )
    ranking: RankingConfig
    retrieval: RetrievalConfig = RetrievalConfig()
    recommender: RecommenderConfig = RecommenderConfig()
    refit: Literal["all", "seen", "none"] = Field(
        "all",
        description="what is served once models are blessed: all, their settings trained once more on train, "
        "eval and test; seen, the judged weights, with all that users have rated; none, the judged models",
    )
    temporal_check: Literal["auto", "always", "never"] = Field(
        "auto",
        description="whether the judged settings are trained once more on the oldest 80 % of the ratings and "
        "measured on the newest 20 %, beside what was popular in the last days: auto, where ratings have "
        "times and are fewer than two million; always; never. It costs about the two trainings, and keeps "
        "nothing from being pushed",
    )
    bulk: BulkConfig = BulkConfig()
    push: PushConfig = PushConfig()
    beam: BeamConfig = BeamConfig()
    kubeflow: KubeflowConfig = KubeflowConfig()
    deploy: DeployConfig = DeployConfig()

    def plain(self) -> dict[str, Any]:
        """As YAML and JSON know it."""
        return self.model_dump(mode="json", by_alias=True)
