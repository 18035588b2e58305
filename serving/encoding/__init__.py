"""Encoding of values in requests and answers: JSON and TensorProto."""
