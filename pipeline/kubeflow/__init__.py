"""The same pipeline on Kubeflow or Vertex: compiled to a spec, submitted, and run task by task in containers."""
