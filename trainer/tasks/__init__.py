"""A loss and the metrics that go with it, as a layer."""

from trainer.tasks.ranking import Ranking

__all__ = ["Ranking"]
