"""The REST side of the embedded server."""
