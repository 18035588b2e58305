"""TF Serving's configuration files and command line."""

from serving.deploy.config import DeployConfig

REST, GRPC = 8501, 8500
METRICS = "/monitoring/prometheus/metrics"


def tf_serving(config: DeployConfig) -> dict[str, str]:
    """Returns text by file name: ModelServerConfig, MonitoringConfig and, if wanted, BatchingParameters."""
    files = {"models.config": models_config(config), "monitoring.config": _monitoring()}
    if config.batching:
        files["batching.config"] = _batching(config)
    return files


def arguments(config: DeployConfig, folder: str) -> list[str]:
    """Returns the arguments of `tensorflow_model_server` if the files are in `folder`."""
    flags = [
        f"--port={GRPC}",
        f"--rest_api_port={REST}",
        f"--model_config_file={folder}/models.config",
        f"--monitoring_config_file={folder}/monitoring.config",
        "--file_system_poll_wait_seconds=5",
    ]
    if config.batching:
        flags += ["--enable_batching=true", f"--batching_parameters_file={folder}/batching.config"]
    return flags


def models_config(config: DeployConfig) -> str:
    """Returns a ModelServerConfig that serves the newest version of each model, for pushes and roll backs."""
    entries = "".join(
        "  config {\n"
        f'    name: "{name}"\n'
        f'    base_path: "{config.models_dir}/{name}"\n'
        '    model_platform: "tensorflow"\n'
        "    model_version_policy { latest { num_versions: 1 } }\n"
        f"{_logging(config, name)}"
        "  }\n"
        for name in config.models
    )
    return f"model_config_list {{\n{entries}}}\n"


def _logging(config: DeployConfig, name: str) -> str:
    """Returns the logging config of a model; TF Serving needs a separate log per model."""
    if config.logging.collector is None:
        return ""
    return (
        "    logging_config {\n"
        f'      log_collector_config {{ type: "{config.logging.collector}"'
        f' filename_prefix: "{config.logging.prefix.rstrip("/")}/{name}" }}\n'
        f"      sampling_config {{ sampling_rate: {config.logging.sample} }}\n"
        "    }\n"
    )


def probe(config: DeployConfig) -> list[str]:
    """Returns a command that succeeds once every model is AVAILABLE; TF Serving's image has only bash."""
    asked = " && ".join(
        f"{{ exec 3<>/dev/tcp/127.0.0.1/{REST}; "
        f"printf 'GET /v1/models/{name} HTTP/1.0\\r\\n\\r\\n' >&3; grep -q AVAILABLE <&3; }}"
        for name in config.models
    )
    return ["bash", "-c", asked]


def _monitoring() -> str:
    return f'prometheus_config {{\n  enable: true\n  path: "{METRICS}"\n}}\n'


def _batching(config: DeployConfig) -> str:
    """Returns BatchingParameters: a batch runs when it is full, or after 1 ms; one thread per core."""
    sizes = "".join(f"allowed_batch_sizes: {2**power}\n" for power in range(9))
    return (
        "max_batch_size { value: 256 }\n"
        "batch_timeout_micros { value: 1000 }\n"
        "max_enqueued_batches { value: 100 }\n"
        f"num_batch_threads {{ value: {max(1, round(config.cpu))} }}\n"
        f"{sizes}"
    )
