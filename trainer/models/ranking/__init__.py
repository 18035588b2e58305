"""Ranking models: they predict a user's rating of a film. `registry` builds one from its config."""
