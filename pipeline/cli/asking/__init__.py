"""Commands that ask a model server."""
