"""Writes the deployment files of a target to a folder."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from serving.deploy.config import DeployConfig
from serving.deploy.kserve import kserve
from serving.deploy.kubernetes import kubernetes
from serving.deploy.prometheus import prometheus
from serving.deploy.tf_serving import tf_serving
from serving.errors import ServingError

#: Functions by target that return content by file name.
TARGETS: Mapping[str, Callable[[DeployConfig], Mapping[str, Any]]] = {
    "kubernetes": kubernetes,
    "kserve": kserve,
    "tf-serving": tf_serving,
    "prometheus": prometheus,
}


def write(target: str, config: DeployConfig, out: Path) -> list[Path]:
    """Writes the files of a target; others in `out` are left alone.

    Args:
        target: one of TARGETS.
        config: configuration of the deployment.
        out: folder to write; created if it does not exist.

    Returns:
        The written files, in the order in which they are applied.

    Raises:
        ServingError: a file cannot be written.
    """
    written = []
    for name, content in TARGETS[target](config).items():
        file = out / name
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(_text(file.suffix, content), encoding="utf-8")
        except OSError as error:
            raise ServingError(f"{file} cannot be written: {error.strerror}") from None
        written.append(file)
    return written


class _Plain(yaml.SafeDumper):
    """YAML dumper without anchors, and with block style for multi-line texts, for readability."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


_Plain.add_representer(
    str,
    lambda dumper, text: dumper.represent_scalar(
        "tag:yaml.org,2002:str", text, style="|" if "\n" in text else None
    ),
)


def _text(suffix: str, content: Any) -> str:
    if isinstance(content, str):
        return content
    if suffix == ".json":
        return json.dumps(content, indent=1) + "\n"
    documents = content if isinstance(content, list) else [content]
    return yaml.dump_all(documents, Dumper=_Plain, sort_keys=False, explicit_start=len(documents) > 1)
