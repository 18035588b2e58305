"""TFX's Tuner with a record of every trial."""

from components.tuner.component import AccountingTuner

__all__ = ["AccountingTuner"]
