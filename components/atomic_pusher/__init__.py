"""A pusher whose versions appear whole or not at all."""

from components.atomic_pusher.component import AtomicPusher
from components.atomic_pusher.decision import Decision, decide

__all__ = ["AtomicPusher", "Decision", "decide"]
