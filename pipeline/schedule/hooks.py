"""`--on-success` and `--on-failure`: a command or a web address that is told how a run went."""

import json
import os
import signal
import subprocess
from typing import Any

SECONDS = 60.0
_LONGEST = 4000  # an environment has room for 128 KiB a value, and not for many of those


def call_hook(target: str, report: dict[str, Any], timeout: float = SECONDS) -> str | None:
    """Tells `target` about a run.

    Args:
        target: `http://…` or `https://…` takes the report as a POST of JSON. Anything else is a line for the
            shell; it reads the same JSON on standard input, and finds the plain values in its environment:
            `MARQUEE_OUTCOME`, `MARQUEE_RUN_ID`, `MARQUEE_EXIT` and so on.
        report: what to tell.
        timeout: seconds until it is given up; a command is killed then.

    Returns:
        What went wrong, in a sentence; None when nothing did. Never raises: a schedule goes on.
    """
    body = json.dumps(report, ensure_ascii=False)
    if target.startswith(("http://", "https://")):
        return _post(target, body, timeout)
    plain = {
        f"MARQUEE_{name.upper()}": str(value)[:_LONGEST]
        for name, value in report.items()
        if isinstance(value, str | int | float)
    }
    try:
        return _command(target, body, plain, timeout)
    except OSError as error:
        return f"{target}: {error.strerror}"


def _post(url: str, body: str, timeout: float) -> str | None:
    import httpx

    try:
        answer = httpx.post(
            url, content=body.encode(), headers={"Content-Type": "application/json"}, timeout=timeout
        )
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return f"{url}: {str(error) or type(error).__name__}"
    return None if answer.is_success else f"{url} answered {answer.status_code}"


def _command(line: str, body: str, environment: dict[str, str], timeout: float) -> str | None:
    process = subprocess.Popen(
        line,
        shell=True,
        env=os.environ | environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        said, _ = process.communicate(body, timeout=timeout)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return f"{line}: killed after {timeout:.0f} s"
    if process.returncode == 0:
        return None
    return f"{line}: exit status {process.returncode}: {said.strip()[-300:]}".rstrip(": ")
