"""Names of the models that are pushed together."""

from typing import Literal, TypeAlias, get_args

ModelName: TypeAlias = Literal["ranking", "retrieval", "recommender"]

#: Models in the order of the push, so that once the recommender answers, the models behind it do too.
MODELS: tuple[str, ...] = get_args(ModelName)
