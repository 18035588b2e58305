"""Hooks of a schedule: a command or a web address that is told how a run went."""

import json
import os
import signal
import subprocess
import tempfile
from typing import Any

SECONDS = 60.0
_LONGEST = 4000  # an environment has room for 128 KiB a value, and not for many of those
_SAID = 300  # letters of what a command said last


def call_hook(target: str, report: dict[str, Any], timeout: float = SECONDS) -> str | None:
    """Tells `target` about a run.

    Args:
        target: `http://…` or `https://…` takes the report as a POST of JSON. Anything else is a line for the
            shell; it reads the same JSON on standard input, and finds the plain values in its environment:
            `MARQUEE_OUTCOME`, `MARQUEE_RUN_ID`, `MARQUEE_EXIT`, `MARQUEE_BLESSED` (`true` or `false`) and
            so on.
        report: what to tell.
        timeout: seconds until it is given up; a command is killed then.

    Returns:
        What went wrong, in a sentence; None when nothing did. Never raises: a schedule goes on.
    """
    body = json.dumps(report, ensure_ascii=False).encode(errors="replace")
    try:
        if target.startswith(("http://", "https://")):
            return _post(target, body, timeout)
        return _command(target, body, _plain(report), timeout)
    except Exception as error:  # whatever is wrong with a hook, the run is logged and the next one comes
        said = error.strerror if isinstance(error, OSError) else str(error)
        return f"{target}: {said or type(error).__name__}"


def _plain(report: dict[str, Any]) -> dict[str, str]:
    """What can be said in an environment: no NUL, and nothing that is no letter."""
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
    # Files and no pipes: what a hook leaves running in the background may keep them open.
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
