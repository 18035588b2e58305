"""Pipeline on Kubeflow or Vertex: compilation to a spec, submission, and tasks in containers."""
