"""A pusher that publishes versions atomically."""

from components.atomic_pusher.component import AtomicPusher
from components.atomic_pusher.decision import Decision, decide

__all__ = ["AtomicPusher", "Decision", "decide"]
