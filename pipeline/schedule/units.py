"""Exports a schedule as a unit for systemd, cron or Kubernetes.

Each of them calls `marquee schedule --once`, so locks, log and hooks work as usual.
"""

import getpass
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import yaml

from marquee.errors import ConfigError
from pipeline.schedule.cron import WEEKDAYS, Cron, Field
from pipeline.schedule.scheduler import PUNCTUAL, Missed

Kind = Literal["systemd", "crontab", "kubernetes"]
#: Seconds until a stopped unit is killed; longer than an interrupted run has to save its state.
STOP_SECONDS = 120


@dataclass(frozen=True)
class Unit:
    """Command of a unit, and its times.

    Args:
        cron: times of the runs.
        missed: policy for missed times, as far as the other scheduler supports it.
        program: command that calls Marquee on this machine.
        arguments: arguments of the command, `schedule --once …`.
        folder: working directory; relative paths are relative to it.
    """

    cron: Cron
    missed: Missed
    program: tuple[str, ...]
    arguments: tuple[str, ...]
    folder: Path


def unit(kind: Kind, wanted: Unit) -> str:
    """Returns the unit as text, with comments that say where to install it.

    Raises:
        ConfigError: the expression has seconds, which only systemd supports.
    """
    if kind != "systemd" and wanted.cron.second.values != (0,):
        raise ConfigError(
            f"--cron {wanted.cron.text!r} has seconds, which {kind} does not know",
            "leave the sixth field away, or print for systemd",
        )
    return {"systemd": _systemd, "crontab": _crontab, "kubernetes": _kubernetes}[kind](wanted)


def _systemd(wanted: Unit) -> str:
    left_out = _left_out(wanted.cron, "systemd")
    times = "\n".join(f"OnCalendar={each}" for each in on_calendar(wanted.cron))
    return f"""\
{left_out}# /etc/systemd/system/marquee.service
[Unit]
Description=Marquee: ratings to a pushed recommender
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
User={getpass.getuser()}
WorkingDirectory={str(wanted.folder).replace("%", "%%")}
Environment=TZ={wanted.cron.zone_name}
ExecStart={_for_systemd([*wanted.program, *wanted.arguments])}
TimeoutStopSec={STOP_SECONDS}

# /etc/systemd/system/marquee.timer; then: systemctl enable --now marquee.timer
[Unit]
Description=Marquee, {wanted.cron.text}

[Timer]
{times}
Persistent={"true" if wanted.missed == "run-once" else "false"}
AccuracySec=1s

[Install]
WantedBy=timers.target
"""


def on_calendar(cron: Cron) -> list[str]:
    """Returns the times and their zone as in systemd.time(7), one entry per kind of day if either fits."""
    clock = f"{_numbers(cron.hour, 2)}:{_numbers(cron.minute, 2)}:{_numbers(cron.second, 2)}"
    # The week starts on Monday: systemd refuses a range that runs over Sunday.
    week = sorted(cron.weekday.values, key=lambda number: (number - 1) % 7)
    weekdays = "" if len(week) == 7 else ",".join(WEEKDAYS[number].title() for number in week) + " "
    month, day, zone = _numbers(cron.month, 2), _numbers(cron.day, 2), cron.zone_name
    if cron.either_day:
        return [f"*-{month}-{day} {clock} {zone}", f"{weekdays}*-{month}-* {clock} {zone}"]
    return [f"{weekdays}*-{month}-{day} {clock} {zone}"]


def _crontab(wanted: Unit) -> str:
    command = f"cd {shlex.quote(str(wanted.folder))} && {shlex.join([*wanted.program, *wanted.arguments])}"
    escaped = command.replace("%", r"\%")  # a bare % would end the command
    made_up = (
        "# cron itself does not make up for a time at which the machine was off.\n"
        if wanted.missed == "run-once"
        else ""
    )
    zone = wanted.cron.zone_name
    return f"""\
# crontab -e
{made_up}# CRON_TZ is the clock of the times below it, TZ that of the commands.
# A cron that does not know CRON_TZ (Debian's) goes by this machine's clock: see that it is {zone}.
CRON_TZ={zone}
TZ={zone}
{_five(wanted.cron)} {escaped}
"""


def _kubernetes(wanted: Unit) -> str:
    container = {
        "name": "marquee",
        "image": "marquee",
        "args": [each.replace("$(", "$$(") for each in wanted.arguments],  # else it is a variable
        "env": [
            {"name": "MARQUEE_WORKSPACE", "value": "/workspace"},
            {"name": "TZ", "value": wanted.cron.zone_name},
        ],
        "volumeMounts": [{"name": "workspace", "mountPath": "/workspace"}],
    }
    pod = {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": STOP_SECONDS,
        "securityContext": {"runAsNonRoot": True, "runAsUser": 1000, "fsGroup": 1000},
        "containers": [container],
        "volumes": [
            {"name": "workspace", "persistentVolumeClaim": {"claimName": "marquee-workspace"}},
        ],
    }
    spec: dict[str, Any] = {
        "schedule": _five(wanted.cron),
        "timeZone": wanted.cron.zone_name,
        "concurrencyPolicy": "Forbid",
        "jobTemplate": {"spec": {"backoffLimit": 0, "template": {"spec": pod}}},
    }
    if wanted.missed == "skip":
        spec["startingDeadlineSeconds"] = int(PUNCTUAL.total_seconds())
    job = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": "marquee"},
        "spec": spec,
    }
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "marquee-workspace"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "20Gi"}}},
    }
    head = _left_out(wanted.cron, "Kubernetes")
    head += "# kubectl apply -f -; the image is the Dockerfile's, as you have pushed it\n"
    return head + yaml.safe_dump_all([claim, job], sort_keys=False)


def _left_out(cron: Cron, clock: str) -> str:
    """Returns a comment that warns if another scheduler skips times that `marquee schedule` makes up for."""
    moment = cron.left_out(datetime.now(UTC))
    if moment is None:
        return ""
    note = cron.note(moment)
    return f"# On {moment:%Y-%m-%d} {clock} does not run: {note} with `marquee schedule --cron` only.\n"


def _five(cron: Cron) -> str:
    """Returns standard cron's five fields as numbers: names and Sunday as 7 are not supported everywhere."""
    fields = (cron.minute, cron.hour, cron.day, cron.month, cron.weekday)
    return " ".join(_numbers(field) if field.restricted else field.text for field in fields)


def _numbers(field: Field, width: int = 1) -> str:
    if field.text == "*":
        return "*"
    return ",".join(f"{value:0{width}d}" for value in field.values)


def _for_systemd(command: Sequence[str]) -> str:
    """Quotes a command by systemd.syntax(7), which differs from the shell."""
    escaped = (
        each.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
        for each in command
    )
    return " ".join(
        f'"{each}"' if not each or set(each) & set(" \t\n'\";&|<>*?()") else each for each in escaped
    )
