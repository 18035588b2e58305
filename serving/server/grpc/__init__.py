"""gRPC API of the embedded server."""
