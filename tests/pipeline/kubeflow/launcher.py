"""Runs a compiled pipeline as Kubeflow does, without Kubeflow: each container's command as a process.

After backend/src/v2/component/launcher_v2.go of Kubeflow Pipelines: inputs are fetched from the object store
to a folder named after their URI, `{{$}}` in the command is replaced by the ExecutorInput, outputs are taken
from their folders to the store, and what the task reports of them is handed to those who read them.
"""

import json
import os
import shutil
import sys
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.kubeflow.locations import ROOT_VARIABLE
from tests import warm_process

SCHEME, FOLDER = "minio://", "minio"


@dataclass
class Launcher:
    """An object store, and tasks that see no more of it than their inputs.

    Args:
        spec: a PipelineSpec.
        folder: for the store and the tasks' own folders; empty.
        packages: the one folder on the tasks' PYTHONPATH.
        parameters: of the pipeline, over its defaults.

    Attributes:
        outputs: of each task that ran: RuntimeArtifacts by name.
        order: the tasks, as they ended.
    """

    spec: dict[str, Any]
    folder: Path
    packages: Path
    parameters: dict[str, Any]
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)

    def run(self, at_once: int = 2) -> None:
        """Runs all tasks, each when those that it depends on are done.

        Raises:
            RuntimeError: a task failed, with what it said.
        """
        self._run_all(dict(self.spec["root"]["dag"]["tasks"]), at_once)

    def repeat(self, names: list[str]) -> None:
        """Runs some tasks again, on what the others made."""
        for name in names:
            self.order.remove(name)
            shutil.rmtree(self.folder / "tasks" / name)
            for artifact in self.outputs[name].values():
                shutil.rmtree(self._stored(artifact["uri"]))
        tasks = self.spec["root"]["dag"]["tasks"]
        self._run_all({name: tasks[name] for name in names}, at_once=2)

    def _run_all(self, waiting: dict[str, Any], at_once: int) -> None:
        running = {}
        with ThreadPoolExecutor(at_once) as pool:
            while waiting or running:
                for name in [name for name, task in waiting.items() if _needs(task) <= set(self.order)]:
                    running[pool.submit(self._run, name, waiting.pop(name))] = name
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    name = running.pop(future)
                    self.outputs[name] = future.result()
                    self.order.append(name)

    def stored(self, task: str, output: str) -> Path:
        """What lies in the object store of a task's output."""
        return self._stored(self.outputs[task][output]["uri"])

    def _run(self, name: str, task: dict[str, Any]) -> dict[str, Any]:
        component = self.spec["components"][task["componentRef"]["name"]]
        container = self.spec["deploymentSpec"]["executors"][component["executorLabel"]]["container"]
        home = self.folder / "tasks" / name
        mounts, empty = home / "mounts", home / "empty"
        empty.mkdir(parents=True)
        request = self._request(name, task, component, home)
        for artifact in request["inputs"]["artifacts"].values():
            [fetched] = artifact["artifacts"]
            shutil.copytree(self._stored(fetched["uri"]), _mounted(mounts, fetched["uri"]))
        command = [
            part.replace("{{$}}", json.dumps(request)) for part in (*container["command"], *container["args"])
        ]
        environment = {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(self.packages),
            "HOME": str(home),
            "TF_CPP_MIN_LOG_LEVEL": "2",
            "MARQUEE_GROUPLENS_URL": "http://127.0.0.1:9/",
            ROOT_VARIABLE: str(mounts),
        }
        python, module, *arguments = command
        assert (python, module) == ("python", "-m")
        said = home / "said.txt"
        process = warm_process.start(arguments[0], arguments[1:], empty, self.packages, environment, said)
        process.join()
        if process.exitcode:
            raise RuntimeError(f"{name} ended with {process.exitcode}:\n{said.read_text()[-6000:]}")
        outputs = {key: found["artifacts"][0] for key, found in request["outputs"]["artifacts"].items()}
        reported = json.loads(Path(request["outputs"]["outputFile"]).read_text()).get("artifacts", {})
        for key, artifact in outputs.items():
            [said] = reported[key]["artifacts"]
            assert said["uri"] == artifact["uri"]  # a path of the container means nothing to the next one
            artifact["metadata"] |= said.get("metadata", {})
            shutil.copytree(_mounted(mounts, artifact["uri"]), self._stored(artifact["uri"]))
        shutil.rmtree(mounts)
        return outputs

    def _request(self, name: str, task: dict, component: dict, home: Path) -> dict[str, Any]:
        """The ExecutorInput."""
        inputs, outputs = task.get("inputs", {}), component.get("outputDefinitions", {})
        parameters, root = {}, self.spec["root"].get("inputDefinitions", {}).get("parameters", {})
        for key, source in inputs.get("parameters", {}).items():
            if "componentInputParameter" in source:
                outer = source["componentInputParameter"]
                parameters[key] = self.parameters.get(outer, root[outer].get("defaultValue"))
            else:
                parameters[key] = source["runtimeValue"]["constant"]
        produced = {
            key: self.outputs[where["producerTask"]][where["outputArtifactKey"]]
            for key, source in inputs.get("artifacts", {}).items()
            for where in [source["taskOutputArtifact"]]
        }
        made = {
            key: {
                "name": f"{name}/{key}",
                "type": output["artifactType"],
                "uri": f"{SCHEME}bucket/{name}/{key}",
                "metadata": {},
            }
            for key, output in outputs.get("artifacts", {}).items()
        }
        return {
            "inputs": {
                "parameterValues": parameters,
                "artifacts": {key: {"artifacts": [artifact]} for key, artifact in produced.items()},
            },
            "outputs": {
                "artifacts": {key: {"artifacts": [artifact]} for key, artifact in made.items()},
                "outputFile": str(home / "report" / "output_metadata.json"),
            },
        }

    def _stored(self, uri: str) -> Path:
        return self.folder / "store" / uri.removeprefix(SCHEME)


def _needs(task: dict[str, Any]) -> set[str]:
    artifacts = task.get("inputs", {}).get("artifacts", {}).values()
    return set(task.get("dependentTasks", [])) | {a["taskOutputArtifact"]["producerTask"] for a in artifacts}


def _mounted(mounts: Path, uri: str) -> Path:
    return mounts / FOLDER / uri.removeprefix(SCHEME)
