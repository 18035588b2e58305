"""Submission of a compiled pipeline to Kubeflow, once or on a schedule (`marquee submit`)."""

import re
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from marquee.errors import ConfigError, MarqueeError

# What a field of cron may hold; the cluster knows the rest.
_FIELD = re.compile(r"[\d*/,\-?A-Za-z]+")


@dataclass(frozen=True)
class Submission:
    """Options of a submission.

    Args:
        file: YAML file written by `marquee compile`.
        host: address of Kubeflow Pipelines.
        cron: cron expression with five fields, or six with the seconds first; None for a single run now.
        parameters: parameters of the pipeline, each `name=value`.
        experiment: experiment that lists the runs; created if it does not exist.
        namespace: namespace in a cluster with several users.
    """

    file: Path
    host: str
    cron: str | None = None
    parameters: tuple[str, ...] = ()
    experiment: str = "marquee"
    namespace: str | None = None


def submit(submission: Submission) -> str:
    """Submits the pipeline with kfp's client.

    Returns:
        A line for the user: the created object, and its URL.

    Raises:
        ConfigError: the file, a parameter or the schedule is wrong; nothing is sent.
        MarqueeError: the cluster is not reachable, or refuses.
    """
    spec = _read(submission.file)
    parameters = _parameters(spec, submission.parameters)
    cron = seconds_first(submission.cron) if submission.cron else None
    name = spec["pipelineInfo"]["name"]

    import kfp
    import kfp_server_api
    import urllib3

    try:
        with warnings.catch_warnings(action="ignore", category=FutureWarning):  # of Kubeflow before 2
            client = kfp.Client(host=submission.host, namespace=submission.namespace or "kubeflow")
        if cron is None:
            run = client.create_run_from_pipeline_package(
                str(submission.file),
                arguments=parameters,
                run_name=name,
                experiment_name=submission.experiment,
                namespace=submission.namespace,
            )
            return f"run {run.run_id} of {name}: {submission.host.rstrip('/')}/#/runs/details/{run.run_id}"
        experiment = client.create_experiment(submission.experiment, namespace=submission.namespace)
        recurring = client.create_recurring_run(
            experiment.experiment_id,
            name,
            cron_expression=cron,
            max_concurrency=1,  # two runs would push at once
            no_catchup=True,
            params=parameters,
            pipeline_package_path=str(submission.file),
        )
    except urllib3.exceptions.HTTPError as error:
        raise MarqueeError(
            f"there is no Kubeflow Pipelines at {submission.host}: {_reason(error)}",
            "Such as: kubectl port-forward -n kubeflow svc/ml-pipeline 8888, and --host http://localhost:8888",
        ) from None
    except kfp_server_api.ApiException as error:
        raise MarqueeError(
            f"{submission.host} refuses: {error.status} {error.reason}: {str(error.body)[:500]}"
        ) from None
    return (
        f"recurring run {recurring.recurring_run_id} of {name}, {cron}: "
        f"{submission.host.rstrip('/')}/#/recurringrun/details/{recurring.recurring_run_id}"
    )


def seconds_first(cron: str) -> str:
    """Converts a cron expression to Kubeflow's six fields, seconds first; five fields get second 0.

    Raises:
        ConfigError: the expression has neither five nor six fields, or a field is invalid.
    """
    fields = cron.split()
    if len(fields) not in (5, 6) or not all(_FIELD.fullmatch(field) for field in fields):
        raise ConfigError(f"--cron {cron!r}: five fields, minute first", 'Every night at three: "0 3 * * *"')
    return " ".join(fields if len(fields) == 6 else ["0", *fields])


def _read(file: Path) -> dict[str, Any]:
    try:
        spec = next(yaml.safe_load_all(file.read_text(encoding="utf-8")), None)
    except OSError as error:
        raise ConfigError(
            f"{file}: {error.strerror}", "Write it first: marquee compile --image IMAGE"
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError):
        spec = None
    if isinstance(spec, dict) and "pipelineSpec" in spec:
        raise ConfigError(
            f"{file} is for Vertex", "Kubeflow takes: marquee compile --target kubeflow --image IMAGE"
        )
    if not isinstance(spec, dict) or "pipelineInfo" not in spec:
        raise ConfigError(f"{file} holds no pipeline", "Write it first: marquee compile --image IMAGE")
    return spec


def _parameters(spec: dict[str, Any], given: tuple[str, ...]) -> dict[str, str]:
    known = spec["root"].get("inputDefinitions", {}).get("parameters", {})
    found = {}
    for text in given:
        name, separator, value = text.partition("=")
        if not separator or name not in known:
            raise ConfigError(
                f"--parameter {text!r}: the pipeline has {', '.join(sorted(known))}", "As NAME=VALUE."
            )
        found[name] = value
    return found


def _reason(error: Exception) -> str:
    """Returns the innermost cause of an error in words."""
    inner = getattr(error, "reason", None)
    return _reason(inner) if isinstance(inner, Exception) else str(error).rpartition(": ")[2]
