"""A pusher whose versions appear whole or not at all."""

from components.atomic_pusher.component import AtomicPusher

__all__ = ["AtomicPusher"]
