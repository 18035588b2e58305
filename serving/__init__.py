"""Serving of models: versions on disk, embedded server, clients, and serving contract."""
