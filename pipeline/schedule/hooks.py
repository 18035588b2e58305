"""Hooks of a schedule: a command or a URL that receives the result of a run."""

import json
import os
import signal
import subprocess
import tempfile
from typing import Any

SECONDS = 60.0
_LONGEST = 4000  # characters of a value; Linux allows 128 KiB each, but not many of that size
_SAID = 300  # characters of a command's last output


def call_hook(target: str, report: dict[str, Any], timeout: float = SECONDS) -> str | None:
    """Sends the report of a run to `target`.

    Args:
        target: `http://…` or `https://…` receives the report as a POST of JSON. Anything else is a shell
            command; it gets the same JSON on standard input, and the plain values in its environment:
            `MARQUEE_OUTCOME`, `MARQUEE_RUN_ID`, `MARQUEE_EXIT`, `MARQUEE_BLESSED` (`true` or `false`) and
            so on.
        report: content to send.
        timeout: maximum seconds; a command is killed after them.

    Returns:
        The error in a sentence; None on success. The function never raises, so that the schedule goes on.
    """
    body = json.dumps(report, ensure_ascii=False).encode(errors="replace")
    try:
        if target.startswith(("http://", "https://")):
            return _post(target, body, timeout)
        return _command(target, body, _plain(report), timeout)
    except Exception as error:  # no error of a hook may keep the run from being logged or end the schedule
        said = error.strerror if isinstance(error, OSError) else str(error)
        return f"{target}: {said or type(error).__name__}"


def _plain(report: dict[str, Any]) -> dict[str, str]:
    """Returns the values that an environment can hold: without NUL and invalid characters."""
    return {
        f"MARQUEE_{name.upper()}": _text(value).replace("\0", "")[:_LONGEST].encode(errors="replace").decode()
        for name, value in report.items()
        if isinstance(value, str | int | float)
    }


def _text(value: str | int | float) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _post(url: str, body: bytes, timeout: float) -> str | None:
    import httpx

    answer = httpx.post(url, content=body, headers={"Content-Type": "application/json"}, timeout=timeout)
    return None if answer.is_success else f"{url} answered {answer.status_code}"


def _command(line: str, body: bytes, environment: dict[str, str], timeout: float) -> str | None:
    # Files instead of pipes: processes that a hook leaves in the background may keep pipes open.
    with tempfile.TemporaryFile() as told, tempfile.TemporaryFile() as said:
        told.write(body)
        told.seek(0)
        process = subprocess.Popen(
            line,
            shell=True,
            env=os.environ | environment,
            stdin=told,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return f"{line}: killed after {timeout:.0f} s"
        if process.returncode == 0:
            return None
        said.seek(max(0, said.seek(0, os.SEEK_END) - 4 * _SAID))
        last = said.read().decode(errors="replace").strip()[-_SAID:]
    return f"{line}: exit status {process.returncode}: {last}".rstrip(": ")
