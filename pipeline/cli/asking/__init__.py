"""Commands that send requests to a model server."""
