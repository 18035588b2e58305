"""Clients of a model server, over REST and gRPC."""

from serving.client.client import Client, GrpcClient, RestClient

__all__ = ["Client", "GrpcClient", "RestClient"]
