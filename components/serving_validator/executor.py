"""Serves models from a temporary folder and replays the trained models' answers against them."""

import base64
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils
from tfx.utils import io_utils, path_utils

from components.not_refit import WHY, is_not_refit
from serving.client import GrpcClient, RestClient
from serving.contract import CONTRACT, departures
from serving.data_words import description_of
from serving.errors import ServingError
from serving.names import Names
from serving.server.config import ServerConfig
from serving.server.server import EmbeddedServer

#: float32 through another graph, another batch size and JSON: more than rounding is a fault.
TOLERANCE = 1e-4


class Executor(base_executor.BaseExecutor):
    """Executes ServingValidator."""

    def Do(self, input_dict, output_dict, exec_properties) -> None:
        """Writes the blessing file TFX's pushers look for, the property, and `validation.json`."""
        blessing = artifact_utils.get_single_instance(output_dict["blessing"])
        refused = any(is_not_refit(model[0]) for model in input_dict.values())
        if refused:
            found = {**asdict(_Asked()), "nothing": WHY}
        else:
            found = validate(
                {
                    name: Path(path_utils.serving_model_path(artifact_utils.get_single_uri(model)))
                    for name, model in input_dict.items()
                }
            )
        blessed = not (found["problems"] or refused)
        io_utils.write_string_file(os.path.join(blessing.uri, "validation.json"), json.dumps(found, indent=1))
        io_utils.write_string_file(
            os.path.join(blessing.uri, "INFRA_BLESSED" if blessed else "INFRA_NOT_BLESSED"), ""
        )
        blessing.set_int_custom_property("blessed", int(blessed))


def validate(saved_models: Mapping[str, Path]) -> dict[str, Any]:
    """Serves the models together and sends them every request that the trained models have answered.

    Returns:
        `requests` (how many were sent), `largest_difference` (of any number) and `problems` (sentences; an
        empty list means that the models may be pushed).
    """
    asked = _Asked()
    found = {name: _answers(path) for name, path in saved_models.items()}
    answers = {name: each for name, each in found.items() if each is not None}
    asked.problems += [
        f"{name}: trained_answers.json is missing: whoever exports the model writes it beside the model"
        for name in saved_models
        if name not in answers
    ]
    if asked.problems:
        return asdict(asked)
    with tempfile.TemporaryDirectory() as folder:
        models = Path(folder)
        for name, path in saved_models.items():
            (models / name).mkdir()
            (models / name / "1").symlink_to(path.resolve(), target_is_directory=True)
        try:
            with (
                EmbeddedServer(models, ServerConfig(rest_port=0, grpc_port=0)) as server,
                RestClient(server.rest_url) as rest,
                GrpcClient(server.grpc_address) as grpc,
            ):
                for name in saved_models:
                    own = Names.of(description_of(saved_models[name]))
                    _ask(name, answers[name], {"REST": rest, "gRPC": grpc}, own, asked)
        except ServingError as error:
            asked.problems.append(f"the models cannot be served: {error}")
    return asdict(asked)


@dataclass
class _Asked:
    """The results of the requests so far."""

    requests: int = 0
    largest_difference: float = 0.0
    problems: list[str] = field(default_factory=list)


def _answers(saved_model: Path) -> list[dict[str, Any]] | None:
    file = saved_model / "assets.extra" / "trained_answers.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else None


def _ask(
    name: str,
    answers: list[dict],
    clients: dict[str, RestClient | GrpcClient],
    own: Names,
    asked: _Asked,
) -> None:
    """Compares a model's signatures with the contract, and its answers with the trained model's."""
    signatures = clients["REST"].metadata(name)
    if name in CONTRACT:
        asked.problems += departures(name, signatures, own)
    served = set(signatures) - {"__saved_model_init_op"}
    for missing in sorted(served - {answer["signature_name"] for answer in answers}):
        asked.problems.append(f"{name}.{missing}: the trainer wrote no answer to compare with")
    for answer in answers:
        inputs = {key: _decoded(value) for key, value in answer["inputs"].items()}
        for api, client in clients.items():
            where = f"{name}.{answer['signature_name']} over {api}"
            asked.requests += 1
            try:
                got = client.predict(name, inputs, signature=answer["signature_name"])
            except ServingError as error:
                asked.problems.append(f"{where}: {error}")
                continue
            difference, problem = _compare(answer["outputs"], got)
            asked.largest_difference = max(asked.largest_difference, difference)
            if problem:
                asked.problems.append(f"{where}: {problem}")


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
