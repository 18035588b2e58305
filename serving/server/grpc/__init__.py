"""The gRPC side of the embedded server."""
