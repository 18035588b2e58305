"""Bars: limits that a metric must keep for a model to be blessed."""

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import Field, model_validator

from marquee.strict import Strict
from trainer.evaluation.measures import CATALOGUE_MEASURES

Measure = TypeVar("Measure", bound=str)


class Noise(Strict):
    """Tolerance for noise, in standard errors of the paired difference to the baseline over users."""

    standard_errors: float = Field(
        gt=0,
        description="allowed change, in standard errors over users of the difference of both models on the "
        "same rows; 2 refuses 1 of 40 equally good models",
    )
    at_least: float = Field(
        0.0,
        ge=0,
        description="change that is always allowed, even where a large `eval` has a smaller standard error",
    )


class Bar(Strict):
    """Limits of one metric; a change is measured against the last blessed model, the baseline."""

    min: float | None = Field(None, description="lowest allowed value")
    max: float | None = Field(None, description="highest allowed value")
    max_increase: Annotated[float, Field(ge=0)] | Noise | None = Field(
        None, description="largest allowed increase over the baseline: a number, or `{standard_errors: 2}`"
    )
    max_decrease: Annotated[float, Field(ge=0)] | Noise | None = Field(
        None, description="largest allowed decrease from the baseline: a number, or `{standard_errors: 2}`"
    )

    @model_validator(mode="after")
    def _one_direction(self) -> "Bar":
        if self.max_increase is not None and self.max_decrease is not None:
            raise ValueError("max_increase and max_decrease exclude each other")
        if all(v is None for v in (self.min, self.max, self.max_increase, self.max_decrease)):
            raise ValueError("says nothing: give min, max, max_increase or max_decrease")
        return self


def limits(bars: Mapping[Measure, Bar]) -> dict[Measure, dict[str, Any]]:
    """The limits that are set, by metric, as `components.bars.verdicts` takes them."""
    return {measure: bar.model_dump(exclude_none=True) for measure, bar in bars.items()}


def errors_of_means(bars: dict[str, Bar]) -> dict[str, Bar]:
    """Returns the bars; raises ValueError if one is in standard errors and its metric has none."""
    for measure in set(bars) & set(CATALOGUE_MEASURES):
        if isinstance(bars[measure].max_increase or bars[measure].max_decrease, Noise):
            raise ValueError(f"{measure}: no mean over users, and so without a standard error; give a number")
    return bars


#: Noise between two trainings of equally good models.
SAME = Noise(standard_errors=2, at_least=0.0005)
