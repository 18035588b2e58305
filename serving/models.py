"""The models that are pushed together."""

from typing import Literal, TypeAlias, get_args

ModelName: TypeAlias = Literal["ranking", "retrieval", "recommender"]

#: In the order in which they are pushed: who can ask the recommender can also ask the models behind it.
MODELS: tuple[str, ...] = get_args(ModelName)
