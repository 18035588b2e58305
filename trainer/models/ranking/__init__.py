"""Ranking models: a user and a film to the expected rating. `registry` builds one from its config."""
