"""Serves a model from a temporary folder and replays the trained model's answers against it."""

import base64
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils
from tfx.utils import io_utils, path_utils

from serving.client import GrpcClient, RestClient
from serving.contract import CONTRACT, departures
from serving.errors import ServingError
from serving.server import EmbeddedServer, ServerConfig

#: float32 through another graph, another batch size and JSON: more than rounding is a fault.
TOLERANCE = 1e-4


class Executor(base_executor.BaseExecutor):
    """Executes ServingValidator."""

    def Do(self, input_dict, output_dict, exec_properties) -> None:
        """Writes the blessing file TFX's pushers look for, the property, and `validation.json`."""
        model = artifact_utils.get_single_instance(input_dict["model"])
        blessing = artifact_utils.get_single_instance(output_dict["blessing"])
        found = validate(Path(path_utils.serving_model_path(model.uri)), exec_properties["model_name"])
        blessed = not found["problems"]
        io_utils.write_string_file(os.path.join(blessing.uri, "validation.json"), json.dumps(found, indent=1))
        io_utils.write_string_file(
            os.path.join(blessing.uri, "INFRA_BLESSED" if blessed else "INFRA_NOT_BLESSED"), ""
        )
        blessing.set_int_custom_property("blessed", int(blessed))


def validate(saved_model: Path, name: str) -> dict[str, Any]:
    """Serves `saved_model` under `name` and asks it every question the trained model has answered.

    Returns:
        `requests` (how many were sent), `largest_difference` (of any number) and `problems` (sentences; an
        empty list means that the model may be pushed).
    """
    answers_file = saved_model / "assets.extra" / "trained_answers.json"
    if not answers_file.exists():
        return _result(0, 0.0, [f"{answers_file.name} is missing: the trainer writes it beside the model"])
    answers = json.loads(answers_file.read_text())
    problems, largest, requests = [], 0.0, 0
    with tempfile.TemporaryDirectory() as folder:
        models = Path(folder)
        (models / name).mkdir()
        (models / name / "1").symlink_to(saved_model.resolve(), target_is_directory=True)
        try:
            with (
                EmbeddedServer(models, ServerConfig(rest_port=0, grpc_port=0)) as server,
                RestClient(server.rest_url) as rest,
                GrpcClient(server.grpc_address) as grpc,
            ):
                signatures = rest.metadata(name)
                if name in CONTRACT:
                    problems += departures(name, signatures)
                served = set(signatures) - {"__saved_model_init_op"}
                for missing in sorted(served - {a["signature_name"] for a in answers}):
                    problems.append(f"signature {missing}: the trainer wrote no answer to compare with")
                for answer in answers:
                    inputs = {k: _decoded(v) for k, v in answer["inputs"].items()}
                    for api, client in (("REST", rest), ("gRPC", grpc)):
                        requests += 1
                        try:
                            got = client.predict(name, inputs, signature=answer["signature_name"])
                        except ServingError as error:
                            problems.append(f"{answer['signature_name']} over {api}: {error}")
                            continue
                        difference, problem = _compare(answer["outputs"], got)
                        largest = max(largest, difference)
                        if problem:
                            problems.append(f"{answer['signature_name']} over {api}: {problem}")
        except ServingError as error:
            problems.append(f"the model cannot be served: {error}")
    return _result(requests, largest, problems)


def _result(requests: int, largest: float, problems: list[str]) -> dict[str, Any]:
    return {"requests": requests, "largest_difference": largest, "problems": problems}


def _decoded(value: Any) -> Any:
    if isinstance(value, dict):
        return base64.b64decode(value["b64"])
    return [_decoded(item) for item in value] if isinstance(value, list) else value


def _compare(expected: dict[str, list], got: dict[str, np.ndarray]) -> tuple[float, str]:
    if set(expected) != set(got):
        return 0.0, f"outputs are {sorted(got)}, expected {sorted(expected)}"
    largest = 0.0
    for name, values in expected.items():
        want, have = np.asarray(values), np.asarray(got[name])
        if want.shape != have.shape:
            return largest, f"{name} has shape {have.shape}, expected {want.shape}"
        if want.dtype.kind in "fiu":
            difference = float(np.max(np.abs(want - have), initial=0.0))
            largest = max(largest, difference)
            if not difference <= TOLERANCE:  # also catches NaN
                return largest, f"{name} differs from the trained model by up to {difference:g}"
        elif [_text(v) for v in want.ravel()] != [_text(v) for v in have.ravel()]:
            return largest, f"{name} differs from the trained model"
    return largest, ""


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
