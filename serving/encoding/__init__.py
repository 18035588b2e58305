"""Values as requests and answers carry them: JSON and TensorProto."""
