"""The embedded model server: what TF Serving answers, over REST and gRPC."""
