"""Resolver strategies for a run's warm start and baseline, which leave out the run's own artifacts.

TFX's own strategies answer "the latest", which after a cached run is the candidate itself: comparing a
model with itself says nothing, and the changed input would rerun nodes of an unchanged pipeline. Leaving
the run's own artifact out gives the comparison its meaning and the cache its hit.
"""

from components.resolution.all_blessed import AllBlessed
from components.resolution.last_accepted_other import LastAcceptedOther
from components.resolution.last_blessed import LastBlessed
from components.resolution.last_blessed_other import LastBlessedOther
from components.resolution.last_refit import LastRefit

__all__ = ["AllBlessed", "LastAcceptedOther", "LastBlessed", "LastBlessedOther", "LastRefit"]
