"""Embedded model server that is compatible with TF Serving, over REST and gRPC."""
