"""The models that are pushed together."""

#: In the order in which they are pushed: who can ask the recommender can also ask the models behind it.
MODELS = ("ranking", "retrieval", "recommender")
