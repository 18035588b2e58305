"""Configuration of the checks of data: its schema, drift between runs, skew between splits and in serving."""

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from pydantic import Field, field_validator, model_validator

from marquee.strict import Strict
from pipeline.config.data_schema import AUTO, CARRIED, SUFFIX
from trainer.data import features


class Threshold(Strict):
    """Largest allowed distance between two distributions of a feature, by one of two measures."""

    infinity_norm: float | None = Field(
        None, ge=0, description="largest difference of one value's share; for categorical features"
    )
    jensen_shannon_divergence: float | None = Field(
        None, ge=0, le=1, description="divergence from 0 (equal) to 1 (disjoint); for any feature"
    )

    @model_validator(mode="after")
    def _one_distance(self) -> "Threshold":
        if (self.infinity_norm is None) == (self.jensen_shannon_divergence is None):
            raise ValueError("give infinity_norm or jensen_shannon_divergence")
        return self


#: `None` disables the threshold of the schema.
Thresholds: TypeAlias = dict[str, Threshold | None]


class ValidateConfig(Strict):
    """Validation of the data: its schema, drift between runs, and skew between splits."""

    schema_name: str = Field(
        "demographics",
        alias="schema",
        description="schema of the data: `demographics` (with users' age, gender, occupation and zip code), "
        "`ratings` (without them), `auto` (made of the description; default for described data), or the path "
        "of your own `.pbtxt` file",
    )
    sample_rows: int | None = Field(
        None,
        ge=1_000,
        description="rows of a split that statistics and validation look at: of a larger split every second, "
        "third … row, the same ones in each run, at most about so many; a wrong value in another row is then "
        "not found; null: all rows",
    )
    drift: Literal["warn", "stop"] = Field(
        "warn", description="action on drift of `train` from the previous run: report it, or stop the run"
    )
    drift_thresholds: Thresholds = Field(
        default={},
        description="drift thresholds by feature, over the schema's: `{infinity_norm: 0.05}` or "
        "`{jensen_shannon_divergence: 0.05}`; null: the feature is not compared",
    )
    skew: Literal["warn", "stop"] = Field(
        "warn", description="action on skew between `train` and `eval`: report it, or stop the run"
    )
    skew_thresholds: Thresholds = Field(
        default={}, description="skew thresholds by feature, as `drift_thresholds`; a shipped schema has none"
    )

    @field_validator("schema_name")
    @classmethod
    def _carried_or_a_file(cls, name: str) -> str:
        if name not in (*CARRIED, AUTO) and not name.endswith(SUFFIX):
            raise ValueError(
                f"give {' or '.join(CARRIED)}, or the path of a file that ends in {SUFFIX}, or {AUTO}"
            )
        return name

    @model_validator(mode="after")
    def _schema_has_the_features(self) -> "ValidateConfig":
        named = {*self.drift_thresholds, *self.skew_thresholds} & set(features.DEMOGRAPHICS)
        if self.schema_name == "ratings" and named:
            raise ValueError(f"schema: ratings knows nothing of {', '.join(sorted(named))}")
        return self


#: What thresholds of serving skew were called when all items were films.
FORMER_THRESHOLDS = {"film": "item", "genre": "group"}


class SkewThresholds(Strict):
    """Thresholds of serving skew by feature; null: the feature is not compared.

    The distance is the largest difference between the shares of one value in the logs and in train (L∞).
    """

    user: float | None = Field(
        0.2,
        ge=0,
        le=1,
        description="allowed difference from train in the share of cold-start users among those who ask; "
        "null: not compared",
    )
    activity: float | None = Field(
        0.3,
        ge=0,
        le=1,
        description="allowed difference from train in the share of light, medium or heavy raters among known "
        "users who ask",
    )
    item: float | None = Field(
        0.05,
        ge=0,
        le=1,
        description="allowed difference from train in the share of any item among those whose rating or "
        "chance is asked for (formerly `film`)",
    )
    group: float | None = Field(
        0.15,
        ge=0,
        le=1,
        description="allowed difference from train in the share of any word among recommended items, of the "
        "feature that groups items: the first of type categories, or else category, such as genres "
        "(formerly `genre`)",
    )
    rating: float | None = Field(
        0.3,
        ge=0,
        le=1,
        description="allowed difference from train in the share of any rating among predicted ratings; "
        "implicit data have none",
    )
    shown_rating: float | None = Field(
        None,
        ge=0,
        le=1,
        description="allowed difference from train in the share of any rating among predicted ratings "
        "of recommended items; null by default, because these are above average",
    )

    @model_validator(mode="before")
    @classmethod
    def _names_as_they_are_now(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        renamed = dict(given)
        for former, name in FORMER_THRESHOLDS.items():
            if former in renamed:
                if name in renamed:
                    raise ValueError(f"{former} is called {name} now: give {name} alone")
                renamed[name] = renamed.pop(former)
        return renamed


class ServingSkewConfig(Strict):
    """Comparison of logged requests and answers with the training data."""

    logs: str | None = Field(
        None,
        description="logs of `marquee serve --log` or TF Serving: a folder, file or glob pattern; null: no "
        "comparison",
    )
    on_skew: Literal["warn", "stop"] = Field(
        "warn", description="action on serving skew: report it, or stop the run"
    )
    min_values: int = Field(
        100, ge=1, description="least number of logged values of a feature for comparing it"
    )
    thresholds: SkewThresholds = SkewThresholds()
