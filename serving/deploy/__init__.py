"""Deployment files for servers: TF Serving's configs, Kubernetes, KServe, Prometheus and Grafana.

marquee deploy --target kubernetes --out DIR
"""

from serving.deploy.config import DeployConfig
from serving.deploy.write import TARGETS, write

__all__ = ["TARGETS", "DeployConfig", "write"]
