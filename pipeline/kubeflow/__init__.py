"""The pipeline on Kubeflow or Vertex: compiled to a spec, submitted, run task by task in containers."""
