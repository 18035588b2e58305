"""TFX's Tuner, with every trial accounted for."""

from components.tuner.component import AccountingTuner

__all__ = ["AccountingTuner"]
